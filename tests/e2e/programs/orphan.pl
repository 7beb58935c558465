# orphan.pl HOW: starts a process, prints its id, and ends. That one, an orphan now, ends by `exit(3)` or by a `KILL`.
use strict;
use warnings;

my ($how) = @ARGV;
my $parent = $$;
my $pid = fork() // die "Cannot fork: $!";
if ($pid) { print "$pid\n"; exit(0) }
select(undef, undef, undef, 0.001) while getppid() == $parent;
exit(3) if $how eq "exit";
kill("KILL", $$);
