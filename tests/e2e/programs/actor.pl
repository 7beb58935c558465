#!/usr/bin/perl
# One program of a schedule: FOLDER/SERVICE.PART, a link to this file. FOLDER/fates.pl says what becomes of its runs;
# it adds what it does to FOLDER/deeds, a line each. It is what the fake world of the simulation says that programs are.
use strict;
use warnings;
use POSIX ();

use constant SLICE => 0.02;    # a signal that comes just before select(2) is seen that much later

my ($folder, $service, $part) = $0 =~ m{^(.*)/(\w+)\.(\w+)$} or die "$0 is no FOLDER/SERVICE.PART";
my $fates = (do "$folder/fates.pl")->{"$service.$part"};
open(my $deeds, ">>", "$folder/deeds") or die "deeds: $!";

my $asked;
$SIG{$_} = sub { $asked //= $_[0] } for qw(TERM INT QUIT);
$SIG{$_} = sub { } for qw(HUP USR1);
$SIG{CHLD} = "IGNORE";

if ($part eq "visitor") {
  leave() and POSIX::_exit(0);
  live("visitor.$ARGV[0]", $fates->[$ARGV[0] - 1]);
}
my $turn = turn();
unlink $0 unless $fates->[$turn % @$fates]{starts};
live("$service.$part.$turn", $fates->[($turn - 1) % @$fates]);

# Which run this is: a byte is added to a file by each.
sub turn {
  open(my $turns, ">>", "$folder/$service.$part.turns") or die "turns: $!";
  syswrite($turns, ".") or die "turns: $!";
  return -s $turns;
}

sub deed {
  my ($name, $deed) = @_;
  syswrite($deeds, "$name $deed\n") or die "deeds: $!";
}

sub now { return 1000 * (POSIX::times())[0] / POSIX::sysconf(POSIX::_SC_CLK_TCK()) }

# Goes on in a session of its own whose parent has ended, as daemons do; true in whoever was there before.
sub leave {
  my $child = fork() // die "fork: $!";
  if ($child) {
    waitpid($child, 0);
    return 1;
  }
  fork() // die "fork: $!" and POSIX::_exit(0);
  POSIX::setsid();
  return 0;
}

# Lives through its fate; does not return.
sub live {
  my ($name, $fate) = @_;
  deed($name, "begins");
  my $is_asked;
  my $end = sub { deed($name, "ends with $_[0]"); POSIX::_exit($_[0]) };
  my @agenda;    # [milliseconds, what happens then]
  my $later = sub { push @agenda, [now() + $_[0], $_[1]] };
  $later->($fate->{livesMs}, sub { $end->($fate->{code}) }) if defined $fate->{livesMs};
  for my $i (0 .. $#{ $fate->{forks} }) {
    my $fork = $fate->{forks}[$i];
    $later->($fork->{afterMs}, sub { bear("$name/$i", $fork->{fate}, $fork->{place}) });
  }
  while (1) {
    if (defined $asked && !$is_asked) {
      $is_asked = 1;
      deed($name, "is asked to end");
      if ($fate->{temper} ne "ignores") {
        my $code = $fate->{code};
        my $cleaner = { %$fate, livesMs => $fate->{endsInMs}, temper => "ends", endsInMs => 0, forks => [] };
        bear("$name/cleaner", $cleaner, "group") if $fate->{temper} eq "cleans up";
        $later->($fate->{endsInMs}, $code % 2 == 0 ? sub { $end->(0) } : sub { fall($name, $asked) });
      }
    }
    @agenda = sort { $a->[0] <=> $b->[0] } @agenda;    # a stable sort
    if (@agenda && $agenda[0][0] <= now()) { (shift @agenda)->[1]->() }
    else { select(undef, undef, undef, SLICE) }
  }
}

# Forks somebody who lives through another fate.
sub bear {
  my ($name, $fate, $place) = @_;
  if ($place eq "own session") { leave() and return }
  else { fork() // die "fork: $!" and return }
  setpgrp(0, 0) if $place eq "own group";
  $asked = undef;
  live($name, $fate);
}

# Ends by the signal.
sub fall {
  my ($name, $signal) = @_;
  my %number = (INT => 2, QUIT => 3, TERM => 15);
  deed($name, "ends by signal $number{$signal}");
  $SIG{$signal} = "DEFAULT";
  kill $signal, $$;
}
