# Leaves a daemon behind, which says when it is asked to end, and fails; the second time it only says that it runs.
use strict;
use warnings;
use POSIX qw(setsid);

my $mark = '/dev/shm/job-has-run';
$| = 1;
if (-e $mark) {
  print "second run\n";
  exit 0;
}
open(my $file, '>', $mark) or die "$mark: $!";
pipe(my $ready, my $tell) or die $!;
if (fork() == 0) {
  setsid();
  exit 0 if fork();
  $SIG{TERM} = sub { print "daemon ends\n"; exit 0 };
  close $tell;
  sleep 1 while 1;
}
close $tell;
<$ready>; # until the daemon listens
exit 3;
