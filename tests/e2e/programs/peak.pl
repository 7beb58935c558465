# peak.pl COMMAND...: runs the command, writes into the file $PEAK how many kB of memory the largest of its processes took
# at most, and ends as it did.
use strict;
use warnings;
use POSIX ();

use constant RUSAGE_CHILDREN => -1;
my $getrusage = (POSIX::uname())[4] eq "aarch64" ? 165 : 98;

my $child = fork() // die "Cannot fork: $!";
if (!$child) {
  exec { $ARGV[0] } @ARGV or die "Cannot execute $ARGV[0]: $!";
}
waitpid($child, 0);
my $usage = "\0" x 144;
syscall($getrusage, RUSAGE_CHILDREN, $usage) == 0 or die "getrusage: $!";
my $peak = unpack("x32 q", $usage);    # behind two struct timeval
open(my $to, ">", $ENV{PEAK}) or die "$ENV{PEAK}: $!";
print $to $peak;
close($to);
exit($? & 127 ? 128 + ($? & 127) : $? >> 8);
