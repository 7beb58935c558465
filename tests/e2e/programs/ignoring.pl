# ignoring.pl SIGNAL,SIGNAL... COMMAND: ignores the signals, by number, and executes the command.
use strict;
use warnings;
use Config;

my @names = split(" ", $Config{sig_name});
$SIG{$names[$_]} = "IGNORE" for split(",", shift);
exec(@ARGV) or die "Cannot execute $ARGV[0]: $!";
