# group_of_init.pl COMMAND...: to be PID 1. Leads group 1, starts a bystander in a session of its own, and the command
# in a group of its own; when that has ended it tells its code, and whether the bystander lives.
# group_of_init.pl join: leaves a child that has joined group 1 and does not end at TERM.
use strict;
use warnings;
use POSIX ();

if ($ARGV[0] eq "join") {
  pipe(my $reads, my $writes) or die("pipe: $!");
  if (fork() == 0) {
    POSIX::setpgid(0, 1) or die("setpgid: $!");
    $SIG{TERM} = "IGNORE";
    syswrite($writes, ".");
    sleep(1000);
  }
  sysread($reads, my $joined, 1);
  exit(3);
}
POSIX::setsid();
my $bystander = fork();
if ($bystander == 0) { POSIX::setsid(); exec("sleep", "1000") }
my $command = fork();
if ($command == 0) { POSIX::setpgid(0, 0); exec(@ARGV) }
waitpid($command, 0);
my $code = $? >> 8;
my $lives = waitpid($bystander, POSIX::WNOHANG()) == 0 ? "lives" : "is dead";
syswrite(STDOUT, "code $code, the bystander $lives\n");
