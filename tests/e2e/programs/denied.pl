# denied.pl waitid|clone COMMAND...: executes the command where a filter denies that call with EPERM, as a sandbox may.
use strict;
use warnings;
use POSIX ();

my %calls = (
  x86_64 => { prctl => 157, waitid => 247, clone => 56 },
  aarch64 => { prctl => 167, waitid => 95, clone => 220 },
);
my $number = $calls{(POSIX::uname())[4]};
my $denied = $number->{shift @ARGV};
my ($PR_SET_SECCOMP, $PR_SET_NO_NEW_PRIVS) = (22, 38);
my ($LOAD, $JUMP_EQUAL, $RETURN) = (0x20, 0x15, 0x06);
my ($ALLOW, $EPERM) = (0x7fff0000, 0x00050001);
my @filter = (
  [$LOAD, 0, 0, 0], # seccomp_data.nr
  [$JUMP_EQUAL, 0, 1, $denied],
  [$RETURN, 0, 0, $EPERM],
  [$RETURN, 0, 0, $ALLOW],
);
my $code = join("", map { pack("SCCL", @$_) } @filter);
my $program = pack("S x6 P", scalar(@filter), $code);
syscall($number->{prctl}, $PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 or die "Cannot give up privileges: $!";
syscall($number->{prctl}, $PR_SET_SECCOMP, 2, $program, 0, 0) == 0 or die "Cannot set the filter: $!";
exec(@ARGV) or die "Cannot execute $ARGV[0]: $!";
