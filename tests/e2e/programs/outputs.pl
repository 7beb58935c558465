# outputs.pl KIND COMMAND...: runs the command with a standard output and a standard error that are "closed", on a
# "full" disk, a "broken" pipe whose reader has gone, or one that is "stuck": it is full, and who holds it, this program,
# does not read.
use strict;
use warnings;
use Fcntl qw(F_SETFL O_NONBLOCK);

my ($kind, @command) = @ARGV;
my ($reader, $writer);
if ($kind eq "full") { open($writer, ">", "/dev/full") or die "Cannot open /dev/full: $!" }
else { pipe($reader, $writer) or die "Cannot make a pipe: $!" }
if ($kind eq "stuck") {
  fcntl($writer, F_SETFL, O_NONBLOCK);
  1 while syswrite($writer, "x" x 512);
  1 while syswrite($writer, "x");
  fcntl($writer, F_SETFL, 0);
  if (fork() // die "Cannot fork: $!") {
    wait();
    exit($? & 127 ? 128 + ($? & 127) : $? >> 8);
  }
}
close($reader) if $kind ne "full";
if ($kind eq "closed") {
  close(STDOUT);
  close(STDERR);
} else {
  open(STDOUT, ">&", $writer) or die "Cannot set standard output: $!";
  open(STDERR, ">&", $writer) or die "Cannot set standard error: $!";
}
exec(@command);
