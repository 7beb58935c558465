# Gets http://127.0.0.1:8080/PATH and prints the body.
use strict;
use IO::Socket::INET;
my $server = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => 8080) or die "Cannot connect: $!\n";
print $server "GET /$ARGV[0] HTTP/1.0\r\n\r\n";
my $body = 0;
while (<$server>) {
    print if $body;
    $body = 1 if $_ eq "\r\n";
}
