# whole.pl FOLDER: a program with all that denit has to care for. It has an orphan that has ended, a child that goes on
# and ends at TERM (file "child"), and says in files what has come: "ready", at USR1 "usr1", at TERM "term", with which
# it ends with 6. It writes to no stream.
use strict;
use warnings;
use POSIX ();

chdir($ARGV[0]) or die "Cannot change to $ARGV[0]: $!";

sub touch {
  open(my $file, ">", $_[0]) or POSIX::_exit(99);
  close($file);
}

my $block = POSIX::SigSet->new(POSIX::SIGTERM(), POSIX::SIGUSR1());
POSIX::sigprocmask(POSIX::SIG_BLOCK(), $block);
$SIG{USR1} = sub { touch("usr1") };
$SIG{TERM} = sub { touch("term"); POSIX::_exit(6) };

my $first = fork() // die "Cannot fork: $!";
if ($first == 0) {
  my $middle = $$;
  if (fork() // die "Cannot fork: $!") { POSIX::_exit(0) }
  select(undef, undef, undef, 0.001) while getppid() == $middle; # until it is an orphan
  POSIX::_exit(3);
}
waitpid($first, 0);
if ((fork() // die "Cannot fork: $!") == 0) {
  $SIG{USR1} = "IGNORE";
  $SIG{TERM} = sub { touch("child"); POSIX::_exit(0) };
  touch("ready");
}
POSIX::sigsuspend(POSIX::SigSet->new()) while 1;
