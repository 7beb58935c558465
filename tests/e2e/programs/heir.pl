# heir.pl NAME...: at TERM it starts an orphan in a session of its own, which does the same with the rest of the names,
# and ends. Each prints "NAME ready" and "NAME ended"; the last starts nobody.
use strict;
use warnings;
use POSIX ();

POSIX::sigprocmask(POSIX::SIG_BLOCK(), POSIX::SigSet->new(POSIX::SIGTERM()));
$SIG{TERM} = sub { };
while (my $name = shift(@ARGV)) {
  syswrite(STDOUT, "$name ready\n");
  POSIX::sigsuspend(POSIX::SigSet->new());
  if (@ARGV && fork() == 0) { POSIX::setsid(); next }
  syswrite(STDOUT, "$name ended\n");
  exit(0);
}
