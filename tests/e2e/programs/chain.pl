# chain.pl KIND: four endless chains: in each every process forks the next and ends. They ignore TERM; "session" puts
# each into a session of its own. They end by themselves after 15 seconds, for nobody could end them where a test fails.
use strict;
use warnings;
use POSIX ();

my ($kind) = @ARGV;
$SIG{TERM} = "IGNORE";
my $last = time() + 15;
fork() // die "Cannot fork: $!" for 1 .. 2;
syswrite(STDOUT, "ready\n");
while (time() < $last) {
  POSIX::_exit(0) if fork() // die "Cannot fork: $!";
  POSIX::setsid() if $kind eq "session";
}
