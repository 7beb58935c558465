# A web server on port 8080 whose reports are made by a script: /start starts one, /cancel kills the script.
# It waits for the script, as it must; of the helper that the script called it knows nothing.
use strict;
use IO::Socket::INET;

my $port = IO::Socket::INET->new(LocalPort => 8080, Listen => 5, ReuseAddr => 1) or die "Cannot listen: $!\n";
$SIG{TERM} = sub { exit 0 };
my $script;

while (1) {
    my $client = $port->accept or next;
    my ($path) = (<$client> // '') =~ m{^GET /(\w*)};
    print $client "HTTP/1.0 200 OK\r\n\r\n", answer($path // ''), "\n";
    close $client;
}

sub answer {
    my ($path) = @_;
    if ($path eq 'start') {
        $script = fork // die "Cannot fork: $!\n";
        return "started $script" if $script;
        close $port;
        exec 'sh', '/srv/report.sh';
        die "Cannot start the script: $!\n";
    }
    if ($path eq 'cancel' and $script) {
        kill 'KILL', $script;
        waitpid $script, 0;
        return "canceled $script";
    }
    return 'GET /start, GET /cancel';
}
