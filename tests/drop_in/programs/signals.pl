# signals.pl ROLE...: each role says "> ROLE ready PID", and then "> ROLE NUMBER" for each signal that comes. The
# first role is this process; "child" is forked into its group, "stranger" into a session of its own. Each ends with
# the exit code 40 when QUIT comes, "straggler" (a child) with TERM. With END=NUMBER as the first word this process
# ends at once with that code, once the others are ready.
use strict;
use warnings;
use POSIX ();

my %call = (POSIX::uname())[4] eq "aarch64" ? (mask => 135, wait => 137) : (mask => 14, wait => 128);
my $end = $ARGV[0] =~ /^END=(\d+)$/ ? (shift(@ARGV), $1)[1] : undef;
my ($role, @others) = @ARGV;

my $all = "\xff" x 8;
my $before = "\0" x 8;
syscall($call{mask}, 2, $all, $before, 8); # what comes waits, the real-time ones each for itself
pipe(my $ready, my $tell) or die;
for my $other (@others) {
  next if fork() // die "Cannot fork: $!";
  POSIX::setsid() if $other eq "stranger";
  $role = $other;
  $end = undef;
  last;
}
syswrite(STDOUT, "> $role ready $$\n");
syswrite($tell, ".") if $role ne $ARGV[0];
close($tell);
if (defined $end) {
  sysread($ready, my $dot, 1) for @others;
  POSIX::_exit($end);
}
for (;;) {
  my $info = "\0" x 128;
  my $signal = syscall($call{wait}, $all, $info, 0, 8);
  next if $signal < 0 || $signal == 17;
  syswrite(STDOUT, "> $role $signal\n");
  POSIX::_exit(40) if $signal == 3 || $role eq "straggler" && $signal == 15;
}
