# see.pl: what a program finds itself in, a line for each thing.
use strict;
use warnings;
use POSIX ();

my ($state, undef, $group, $session, $terminal, $foreground) = stat_of($$);
my (undef, undef, $its_group, $its_session) = stat_of(getppid());
found("group", $group == $$ ? "own" : $group == $its_group ? "the init's" : "another");
found("session", $session == $$ ? "own" : $session == $its_session ? "the init's" : "another");
found("terminal", $terminal == 0 ? "none" : $foreground == $group ? "foreground" : "background");
found("folder", POSIX::getcwd());
found("mask of files", sprintf("%03o", umask));
opendir(my $descriptors, "/proc/self/fd") or die;
found("descriptors", join(" ", sort { $a <=> $b } grep { /\d/ && $_ != fileno($descriptors) } readdir $descriptors));
open(my $environment, "<", "/proc/self/environ") or die;
found("variable", $_) for grep { !/^DROP_IN_MARK=/ } split(/\0/, join("", <$environment>));
found("LISTEN_PID is", $ENV{LISTEN_PID} == $$ ? "mine" : $ENV{LISTEN_PID} == getppid() ? "the init's" : "another's")
  if defined $ENV{LISTEN_PID};
found("argument", $_) for @ARGV;

sub found { print "> $_[0]: $_[1]\n" }

sub stat_of {
  my ($pid) = @_;
  open(my $file, "<", "/proc/$pid/stat") or die;
  my ($fields) = <$file> =~ /^.*\) (.*)$/;
  return split(/ /, $fields);
}
