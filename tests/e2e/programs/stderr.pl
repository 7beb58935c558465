# stderr.pl KIND COMMAND...: executes the command with a standard error that is a "full" pipe that nobody reads,
# a "broken" pipe whose reader has gone, or "closed".
use strict;
use warnings;
use Fcntl qw(F_SETFL O_NONBLOCK);

$^F = 255; # the reading end stays open behind exec
my $kind = shift;
pipe(my $reader, my $writer) or die;
if ($kind eq "full") {
  $SIG{PIPE} = "IGNORE";
  fcntl($writer, F_SETFL, O_NONBLOCK);
  1 while syswrite($writer, "x" x 512);
  1 while syswrite($writer, "x");
  fcntl($writer, F_SETFL, 0);
  $SIG{PIPE} = "DEFAULT";
}
close($reader) if $kind eq "broken";
open(STDERR, ">&", $writer) if $kind ne "closed";
close(STDERR) if $kind eq "closed";
close($writer);
exec(@ARGV);
