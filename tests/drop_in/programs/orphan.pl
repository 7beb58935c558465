# orphan.pl: makes an orphan, which says whether the init has adopted it, and if so whether it was reaped.
# With "group", the orphan stays in this group, else it leads a session.
use strict;
use warnings;
use POSIX ();

$| = 1;
my $init = getppid();
pipe(my $listen, my $tell) or die;
unless (fork() // die) {
  my $middle = $$;
  unless (fork() // die) {
    POSIX::setsid();
    select(undef, undef, undef, 0.001) while getppid() == $middle;
    syswrite($tell, "$$ " . (getppid() == $init ? "adopted" : "not adopted") . "\n");
    POSIX::_exit(3);
  }
  POSIX::_exit(0);
}
wait();
my ($pid, $what) = <$listen> =~ /^(\d+) (.*)$/ or die;
print "> orphan $pid\n> $what\n";
if ($what eq "adopted") {
  for (1 .. 10_000) {
    last unless kill(0, $pid);
    select(undef, undef, undef, 0.001);
  }
  print kill(0, $pid) ? "> not reaped\n" : "> reaped\n";
}
