# pty.pl HOW COMMAND...: runs a command on a new terminal: its screen is our standard output, what is typed our
# standard input. The exit code is the command's.
#   bare        the terminal is on its descriptors, and is nobody's controlling terminal yet
#   job         it is a job in the foreground of a small shell, which says "shell: stopped" and continues it
#               in the foreground once a line comes
#   background  it is a job in the background of such a shell
use strict;
use warnings;
use POSIX ();

my ($TIOCSPTLCK, $TIOCGPTN, $TIOCSCTTY) = (0x40045431, 0x80045430, 0x540E);
my ($how, @command) = @ARGV;

open(my $keyboard, "+<", "/dev/ptmx") or die "Cannot open /dev/ptmx: $!";
my $number = pack("i", 0);
ioctl($keyboard, $TIOCSPTLCK, $number) or die "Cannot unlock the terminal: $!";
ioctl($keyboard, $TIOCGPTN, $number) or die "Cannot name the terminal: $!";
my $path = "/dev/pts/" . unpack("i", $number);

my $pid = fork() // die "Cannot fork: $!";
if ($pid == 0) {
  close($keyboard);
  POSIX::setsid();
  my $terminal = POSIX::open($path, POSIX::O_RDWR() | POSIX::O_NOCTTY()) // die "Cannot open $path: $!";
  # without echo, and lines end as they were written
  my $settings = POSIX::Termios->new;
  $settings->getattr($terminal);
  $settings->setlflag($settings->getlflag & ~POSIX::ECHO());
  $settings->setoflag($settings->getoflag & ~POSIX::OPOST());
  $settings->setattr($terminal, POSIX::TCSANOW());
  POSIX::dup2($terminal, $_) for 0, 1, 2;
  POSIX::close($terminal);
  if ($how eq "bare") {
    my $inner = fork() // die "Cannot fork: $!";
    exec(@command) unless $inner;
    waitpid($inner, 0);
    leave($?);
  }
  shell();
}

my $typing = 1;
my $ended;
for (;;) {
  my $wanted = "";
  vec($wanted, fileno(STDIN), 1) = 1 if $typing;
  vec($wanted, fileno($keyboard), 1) = 1;
  my $ready = select($wanted, undef, undef, 0.02);
  if ($ready > 0 && vec($wanted, fileno($keyboard), 1)) {
    if (sysread($keyboard, my $shown, 65536)) { syswrite(STDOUT, $shown); next }
    select(undef, undef, undef, 0.01) unless defined $ended; # nobody has the terminal open
  }
  if ($ready > 0 && $typing && vec($wanted, fileno(STDIN), 1)) {
    if (sysread(STDIN, my $typed, 4096)) { syswrite($keyboard, $typed) } else { $typing = 0 }
  }
  last if defined $ended;
  $ended = $? if waitpid($pid, POSIX::WNOHANG()) > 0;
}
leave($ended);

sub shell {
  ioctl(STDIN, $TIOCSCTTY, 0) or die "Cannot take the terminal: $!";
  $SIG{TTOU} = "IGNORE";
  my $job = fork() // die "Cannot fork: $!";
  if ($job == 0) {
    POSIX::setpgid(0, 0);
    POSIX::tcsetpgrp(0, $$) if $how eq "job";
    $SIG{TTOU} = "DEFAULT";
    exec(@command) or POSIX::_exit(127);
  }
  for (;;) {
    next if waitpid($job, POSIX::WUNTRACED()) < 0; # a signal came between
    my $status = ${^CHILD_ERROR_NATIVE};
    if (POSIX::WIFSTOPPED($status)) {
      POSIX::tcsetpgrp(0, getpgrp());
      syswrite(STDOUT, "shell: stopped\n");
      <STDIN>;
      POSIX::tcsetpgrp(0, $job);
      kill("CONT", -$job);
      next;
    }
    my $foreground = POSIX::tcgetpgrp(0);
    my $whose = $foreground == getpgrp() ? "mine" : $foreground == $job ? "the job's" : "another's";
    syswrite(STDOUT, "shell: foreground $whose\n");
    leave($status);
  }
}

sub leave {
  my ($status) = @_;
  POSIX::_exit($status & 127 ? 128 + ($status & 127) : $status >> 8);
}
