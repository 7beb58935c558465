# stubborn.pl COUNT: so many processes, this one among them, that do not end at TERM; each prints "ready PID".
use strict;
use warnings;

my ($count) = @ARGV;
$SIG{TERM} = "IGNORE";
for (2 .. $count) { last unless fork() // die "Cannot fork: $!" }
syswrite(STDOUT, "ready $$\n");
sleep(1000) for 1 .. 1000;
