# Prints the name of each signal that it gets, until TERM, which ends it with 7.
use strict;
$| = 1;
for my $name (qw(HUP INT QUIT USR1 USR2 NUM37)) {
    $SIG{$name} = sub { print "got $name\n" };
}
$SIG{TERM} = sub { print "got TERM\n"; exit 7 };
print "ready\n";
sleep 1000 while 1;
