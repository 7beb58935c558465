# before.pl [PREPARATION...] -- COMMAND...: prepares this process, and executes the command in its place.
#   session        leads a session of its own, with the terminal on standard input if there is one
#   ignore=1,2     ignores these signals
#   block=1,2      blocks these signals
#   open=3,7       leaves these descriptors open, on /dev/zero
#   closed=1,2     these descriptors are pipes that nobody reads
#   name=NAME      the name (argv[0]) that the command is started under
#   listen         LISTEN_PID is this process
#   child          is not executed in this place but in a child, and this ends when standard input does
use strict;
use warnings;
use POSIX ();

my ($TIOCSCTTY) = (0x540E);
my %number = (POSIX::uname())[4] eq "aarch64" ? (sigaction => 134) : (sigaction => 13);
my ($default, $nothing) = ("\0" x 152, "\0" x 152);
# Whoever starts a program by glibc's posix_spawn leaves these two ignored.
syscall($number{sigaction}, $_, $default, $nothing, 8) for 32, 33;
my $name;
while (defined(my $word = shift @ARGV)) {
  last if $word eq "--";
  my ($what, $list) = split(/=/, $word, 2);
  my @numbers = defined $list && $list =~ /^[0-9,]+$/ ? split(/,/, $list) : ();
  if ($what eq "session") {
    POSIX::setsid();
    ioctl(STDIN, $TIOCSCTTY, 0) if -t STDIN;
  } elsif ($what eq "ignore") {
    POSIX::sigaction($_, POSIX::SigAction->new("IGNORE")) or die "Cannot ignore $_: $!" for @numbers;
  } elsif ($what eq "block") {
    POSIX::sigprocmask(POSIX::SIG_BLOCK(), POSIX::SigSet->new(@numbers)) or die "Cannot block: $!";
  } elsif ($what eq "open") {
    for my $number (@numbers) {
      my $at = POSIX::open("/dev/zero", POSIX::O_RDONLY()) // die "Cannot open: $!";
      next if $at == $number;
      POSIX::dup2($at, $number) // die "Cannot duplicate: $!";
      POSIX::close($at);
    }
  } elsif ($what eq "closed") {
    for my $number (@numbers) {
      my ($read, $write) = POSIX::pipe();
      POSIX::dup2($write, $number) // die "Cannot duplicate: $!";
      POSIX::close($_) for $read, $write;
    }
  } elsif ($what eq "name") {
    $name = $list;
  } elsif ($what eq "listen") {
    $ENV{LISTEN_PID} = $$;
  } elsif ($what eq "child") {
    if (fork() // die "Cannot fork: $!") {
      <STDIN>;
      POSIX::_exit(0);
    }
  } else {
    die "Unknown preparation: $word";
  }
}
exec { $ARGV[0] } $name // $ARGV[0], @ARGV[1 .. $#ARGV] or die "Cannot execute $ARGV[0]: $!";
