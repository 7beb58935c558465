# For each line of standard input: makes COUNT orphans that end at once, BROOD at a time, and prints how many it has made.
use strict;
use warnings;

my ($count, $brood) = @ARGV;
$| = 1;
my $made = 0;
while (<STDIN>) {
  for (1 .. $count / $brood) {
    unless (fork() // die "Cannot fork: $!") {
      for (1 .. $brood) {
        kill("KILL", $$) unless fork() // die "Cannot fork: $!"; # sooner over than exit
      }
      kill("KILL", $$); # what it started and did not wait for is orphaned
    }
    wait();
  }
  $made += $count;
  print "$made\n";
}
