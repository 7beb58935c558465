# Runs a command on a new terminal: its screen is our standard output, its keyboard our standard input.
use strict;
use warnings;
use POSIX ();

my ($TIOCSPTLCK, $TIOCGPTN) = (0x40045431, 0x80045430);

open(my $keyboard, "+<", "/dev/ptmx") or die "Cannot open /dev/ptmx: $!";
my $number = pack("i", 0);
ioctl($keyboard, $TIOCSPTLCK, $number) or die "Cannot unlock the terminal: $!";
ioctl($keyboard, $TIOCGPTN, $number) or die "Cannot name the terminal: $!";
my $terminal = "/dev/pts/" . unpack("i", $number);

my $pid = fork() // die "Cannot fork: $!";
if ($pid == 0) {
  close($keyboard);
  open(STDIN, "+<", $terminal) or die "Cannot open $terminal: $!";
  open(STDOUT, ">&", \*STDIN) or die;
  open(STDERR, ">&", \*STDIN) or die;
  exec(@ARGV) or POSIX::_exit(127);
}

my ($typing, $ended) = (1, undef);
for (;;) {
  my $wanted = "";
  vec($wanted, fileno(STDIN), 1) = 1 if $typing;
  vec($wanted, fileno($keyboard), 1) = 1;
  my $ready = select($wanted, undef, undef, 0.02);
  if ($ready > 0 && vec($wanted, fileno($keyboard), 1)) {
    # EIO: nobody has the terminal open
    if (sysread($keyboard, my $shown, 65536)) { syswrite(STDOUT, $shown); next }
    select(undef, undef, undef, 0.01) unless defined $ended;
  }
  if ($ready > 0 && $typing && vec($wanted, fileno(STDIN), 1)) {
    if (sysread(STDIN, my $typed, 4096)) { syswrite($keyboard, $typed) } else { $typing = 0 }
  }
  last if defined $ended;
  $ended = $? if waitpid($pid, POSIX::WNOHANG()) > 0;
}
POSIX::_exit($ended & 127 ? 128 + ($ended & 127) : $ended >> 8);
