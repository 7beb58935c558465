# A web server that starts a worker at each request. It is done with its work at once when TERM comes.
use strict;
use IO::Socket::INET;

my $port = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 8080, Listen => 5, ReuseAddr => 1)
    or die "Cannot listen: $!\n";
$SIG{CHLD} = 'IGNORE';
$SIG{TERM} = sub { tell_shared('web', "TERM\n"); exit 0 };
tell_shared('listening', "8080\n");

while (1) {
    my $client = $port->accept or next;    # interrupted by a signal
    my $request = <$client>;
    my $pid = fork // die "Cannot fork: $!\n";
    if ($pid == 0) {
        close $port;
        close $client;
        exec 'perl', '/srv/worker.pl';
        die "Cannot start the worker: $!\n";
    }
    print $client "HTTP/1.0 200 OK\r\n\r\nstarted $pid\n";
    close $client;
}

sub tell_shared {
    my ($name, $text) = @_;
    open my $file, '>', "/shared/$name" or die "Cannot write $name: $!\n";
    print $file $text;
    close $file;
}
