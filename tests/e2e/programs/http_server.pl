# Listens on PORT, and answers each request with the status that stands in the file `status`; a file `silent`: not at all.
use strict;
use warnings;
use IO::Socket::INET;

my ($port) = @ARGV;
my $server = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Listen => 5, ReuseAddr => 1)
  or die "Cannot listen on $port: $@";
$| = 1;
print "listens\n";
my @held; # a connection that is let go would be an answer
while (my $client = $server->accept) {
  my $request = <$client> // next;
  if (-e "silent") {
    push(@held, $client);
    next;
  }
  open(my $file, "<", "status") or die "Cannot read the status: $!";
  my ($status) = <$file> =~ /([0-9]+)/;
  print $client "HTTP/1.1 $status Words\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  print "asked $1\n" if $request =~ m{^GET (\S+) HTTP/1\.[01]\r$};
}
