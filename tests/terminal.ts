/** A terminal for a fixture, made with Perl: its session's leader, with the terminal as standard input and error. */

/** Words in front of a command that give it a terminal. What is shown on that goes to standard error. */
export const ON_TERMINAL: readonly string[] = [
  "perl",
  "-MPOSIX",
  "-e",
  `
  my ($TIOCSPTLCK, $TIOCGPTN) = (0x40045431, 0x80045430);
  open(my $screen, "+<", "/dev/ptmx") or die "ptmx: $!";
  my ($unlocked, $number) = (pack("i", 0), pack("i", 0));
  ioctl($screen, $TIOCSPTLCK, $unlocked) or die "unlock: $!";
  ioctl($screen, $TIOCGPTN, $number) or die "number: $!";
  my $path = "/dev/pts/" . unpack("i", $number);
  my $child = fork // die "fork: $!";
  if ($child == 0) {
    POSIX::setsid();
    open(STDIN, "+<", $path) or die "$path: $!"; # the first terminal that a session opens is its own
    open(STDERR, ">&", \\*STDIN);
    close($screen);
    exec @ARGV;
    exit 127;
  }
  my $typist = fork // die "fork: $!";
  if ($typist == 0) { # what comes on standard input is typed
    while (sysread(STDIN, my $typed, 100)) { syswrite($screen, $typed) }
    exit 0;
  }
  while (sysread($screen, my $shown, 4096)) { syswrite(STDERR, $shown) } # ends when nobody has the terminal open
  waitpid($child, 0);
  my $status = $?;
  kill KILL => $typist;
  waitpid($typist, 0);
  exit($status & 127 ? 128 + ($status & 127) : $status >> 8);
  `,
];
