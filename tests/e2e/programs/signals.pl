# signals.pl END ROLE...: prints "ROLE ready PID", and then "ROLE NUMBER" for each signal that comes, any signal.
# The first role is this process. "child" is forked into its group; "stranger" into a session of its own.
# The signal END makes each of them end, with exit code 40.
use strict;
use warnings;
use POSIX ();

my %call = (POSIX::uname())[4] eq "aarch64" ? (mask => 135, wait => 137) : (mask => 14, wait => 128);
my ($end, $role, @others) = @ARGV;

my $all = "\xff" x 8;
syscall($call{mask}, 0, $all, 0, 8); # SIG_BLOCK: what comes waits, the real-time ones each for itself
for my $other (@others) {
  next if fork() // die "Cannot fork: $!";
  POSIX::setsid() if $other eq "stranger";
  $role = $other;
  last;
}
syswrite(STDOUT, "$role ready $$\n");
for (;;) {
  my $info = "\0" x 128;
  my $signal = syscall($call{wait}, $all, $info, 0, 8);
  next if $signal < 0 || $signal == 17;
  syswrite(STDOUT, "$role $signal\n") or POSIX::_exit(1); # nobody reads any more
  POSIX::_exit(40) if $signal == $end;
}
