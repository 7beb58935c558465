# clock.pl SECONDS: sets the clock of this machine forward by so much, says "set", and sets it back once standard input
# ends; then it says "back".
use strict;
use warnings;
use POSIX ();
use Time::HiRes qw(clock_gettime CLOCK_REALTIME);

my ($seconds) = @ARGV;
my $clock_settime = (POSIX::uname())[4] eq "aarch64" ? 112 : 227;
$SIG{$_} = "IGNORE" for qw(HUP INT TERM); # the clock must not stay wrong
$| = 1;

sub advance {
  my ($by) = @_;
  my $now = clock_gettime(CLOCK_REALTIME);
  my $time = pack("q2", int($now) + $by, int(($now - int($now)) * 1e9));
  syscall($clock_settime, 0, $time) == 0 or die "Cannot set the clock: $!";
}

advance($seconds);
print "set\n";
1 while <STDIN>;
advance(-$seconds);
print "back\n";
