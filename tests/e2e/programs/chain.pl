# chain.pl KIND: an endless chain: each process forks the next and ends. It ignores TERM; "session" puts each into a
# session of its own. It ends by itself after 15 seconds, for it could not be caught where a test fails.
use strict;
use warnings;
use POSIX ();

my ($kind) = @ARGV;
$SIG{TERM} = "IGNORE";
my $last = time() + 15;
syswrite(STDOUT, "ready\n");
while (time() < $last) {
  POSIX::_exit(0) if fork() // die "Cannot fork: $!";
  POSIX::setsid() if $kind eq "session";
}
