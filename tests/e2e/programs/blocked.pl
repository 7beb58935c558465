# Blocks every signal and executes the command.
use strict;
use warnings;
use POSIX ();

my $all = "\xff" x 8;
syscall((POSIX::uname())[4] eq "aarch64" ? 135 : 14, 0, $all, 0, 8);
exec(@ARGV) or die "Cannot execute $ARGV[0]: $!";
