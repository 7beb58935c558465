# Says when it has started and each time that it goes on after a stop. All signals have their usual effect.
use strict;
$| = 1;
$SIG{CONT} = sub { print "continued\n" };
print "started\n";
sleep 1000 while 1;
