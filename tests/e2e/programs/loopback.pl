# Brings the loopback interface of a new network namespace up, and executes the command.
use strict;
use warnings;
use Socket;

my ($SIOCSIFFLAGS, $IFF_UP_AND_RUNNING) = (0x8914, 0x41);
socket(my $socket, AF_INET, SOCK_DGRAM, 0) or die "Cannot make a socket: $!";
ioctl($socket, $SIOCSIFFLAGS, pack("a16 s x22", "lo", $IFF_UP_AND_RUNNING)) or die "Cannot bring lo up: $!";
close($socket);
exec(@ARGV) or die "Cannot execute $ARGV[0]: $!";
