# Executes the command where the kernel refuses prctl(PR_SET_CHILD_SUBREAPER), as one before 3.4 or a sandbox would.
use strict;
use warnings;
use POSIX ();

my $prctl = (POSIX::uname())[4] eq "aarch64" ? 167 : 157;
my ($PR_SET_SECCOMP, $PR_SET_CHILD_SUBREAPER, $PR_SET_NO_NEW_PRIVS) = (22, 36, 38);
my ($LOAD, $JUMP_EQUAL, $RETURN) = (0x20, 0x15, 0x06);
my ($ALLOW, $EINVAL) = (0x7fff0000, 0x00050016);
my @filter = (
  [$LOAD, 0, 0, 0], # seccomp_data.nr
  [$JUMP_EQUAL, 0, 3, $prctl],
  [$LOAD, 0, 0, 16], # seccomp_data.args[0]
  [$JUMP_EQUAL, 0, 1, $PR_SET_CHILD_SUBREAPER],
  [$RETURN, 0, 0, $EINVAL],
  [$RETURN, 0, 0, $ALLOW],
);
my $code = join("", map { pack("SCCL", @$_) } @filter);
my $program = pack("S x6 P", scalar(@filter), $code);
syscall($prctl, $PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 or die "Cannot give up privileges: $!";
syscall($prctl, $PR_SET_SECCOMP, 2, $program, 0, 0) == 0 or die "Cannot set the filter: $!";
exec(@ARGV) or die "Cannot execute $ARGV[0]: $!";
