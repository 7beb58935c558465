# foe.pl SIGNAL init|next: sends it to its parent, or to those who come next, again and again; says "hit" if it may once.
use strict;
use warnings;

my ($signal, $whom) = @ARGV;
my $parent = getppid;
my $said = 0;
$| = 1;
print "ready\n";
while (1) {
    my $hits = 0;
    if ($whom eq 'init') {
        $hits = kill $signal, $parent for 1 .. 1000;
    } else {
        my $last = last_process();
        for (1 .. 200) {
            $hits += kill $signal, grep { $_ != $$ } $last + 1 .. $last + 3;
        }
    }
    print "hit\n" if $hits && !$said++;
}

sub last_process {
    open my $file, '<', '/proc/loadavg' or die "Cannot read the load: $!";
    return (split ' ', <$file>)[4];
}
