# victims.pl COMMAND...: as first process of a PID namespace it starts thirty bystanders (process ids 2 to 31), runs the
# command, and then prints how many of them are still alive.
use strict;
use warnings;
use POSIX ();

my @victims;
for (1 .. 30) {
  my $pid = fork() // die "Cannot fork: $!";
  if ($pid == 0) { POSIX::setpgid(0, 0); exec("sleep", "1000") }
  push(@victims, $pid);
}
my $status = system(@ARGV);
my $alive = grep { waitpid($_, POSIX::WNOHANG()) == 0 } @victims;
syswrite(STDOUT, "$alive alive\n");
kill("KILL", @victims);
exit($status >> 8);
