# A worker in a session of its own, which no signal to the web server's group reaches. When TERM comes it writes down
# what it has in hand, a row at a time, and then ends.
use strict;
use IO::Handle;
use POSIX ();

POSIX::setsid();
open my $file, '>', '/shared/worker' or die "Cannot write: $!\n";
$file->autoflush(1);
my $asked = 0;
$SIG{TERM} = sub { $asked = 1 };
print $file "begin\n";
sleep 1000 until $asked;
for my $row (1 .. 20) {
    print $file "row $row\n";
    select undef, undef, undef, 0.05;
}
print $file "end\n";
close $file;
