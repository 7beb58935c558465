# Makes COUNT orphans that end at once, then prints "done" and goes on until standard input ends.
use strict;
use warnings;

my ($count) = @ARGV;
my $breeders = 4;
$| = 1;
for (1 .. $breeders) {
  next if fork() // die "Cannot fork: $!";
  for (1 .. $count / $breeders) {
    kill("KILL", $$) unless fork() // die "Cannot fork: $!"; # sooner over than exit
  }
  kill("KILL", $$); # what it started and did not wait for is orphaned
}
1 while wait() > 0;
print "done\n";
<STDIN>;
