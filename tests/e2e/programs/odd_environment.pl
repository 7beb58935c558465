# Executes the command with an environment such as no shell would make: bytes that are no UTF-8, empty values, a name
# that comes twice, a variable without "=". What we were given stays in front.
use strict;
use warnings;
use POSIX ();

my @odd = ("TWICE=first", "EMPTY=", "BYTES=\xff\xfe\x80", "TWICE=second", "no equals sign", "=no name", "LINES=a\nb");
my @environment = ((map { "$_=$ENV{$_}" } sort keys %ENV), @odd);
my $execve = (POSIX::uname())[4] eq "aarch64" ? 221 : 59;
my $null = pack("J", 0);
my $file = $ARGV[0];
if ($file !~ m{/}) { ($file) = grep { -x } map { "$_/$file" } split(":", $ENV{PATH}) }
syscall($execve, $file, pack("p*", @ARGV) . $null, pack("p*", @environment) . $null);
die "Cannot execute $file: $!";
