# Writes its number to /shared/NAME.pid, and on TERM what came to /shared/NAME; then it ends with 9.
use strict;
my ($name) = @ARGV;
$SIG{TERM} = sub { note($name, "TERM\n"); exit 9 };
note("$name.pid", "$$\n");
sleep 1000 while 1;

sub note {
    my ($name, $text) = @_;
    open my $file, '>', "/shared/$name" or die "Cannot write $name: $!\n";
    print $file $text;
    close $file;
}
