# Makes COUNT orphans that wait, each named "orphan" with its id, and prints "ready". Once standard input ends they end all together,
# and this program with them ("together"), or it prints "done" and stays until it is killed ("stay").
use strict;
use warnings;

my ($count, $then) = @ARGV;
$| = 1;
pipe(my $wait, my $hold) or die;
pipe(my $count_in, my $count_out) or die;
unless (fork() // die "Cannot fork: $!") {
  close($hold);
  for (1 .. $count) {
    next if fork() // die "Cannot fork: $!";
    $0 = "orphan$$";
    syswrite($count_out, ".");
    sysread($wait, my $nothing, 1);
    exit(0);
  }
  exit(0);
}
wait();
for (1 .. $count) { sysread($count_in, my $dot, 1) }
print "ready\n";
<STDIN>;
if ($then eq "together") { exit(5) } # with it goes the last writer of the pipe they wait for
close($hold);
print "done\n";
sleep(1000);
