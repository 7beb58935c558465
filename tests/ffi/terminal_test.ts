import { deepEqual, equal, match } from "../assert.ts";
import { fixture } from "../fixture.ts";
import { ON_TERMINAL } from "../terminal.ts";
import type { TerminalFixture } from "./terminal_fixture.ts";

const terminal = fixture<TerminalFixture>(import.meta.resolve("./terminal_fixture.ts"));

Deno.test("without a terminal there is no foreground", async () => {
  const { result } = await terminal.call("look", []);
  deepEqual(result, { foreground: false });
});

Deno.test("with a terminal on standard input it has the foreground", async () => {
  const { result } = await terminal.call("look", [], { through: ON_TERMINAL });
  deepEqual(result, { foreground: true });
});

Deno.test("with a terminal that is another session's there is no foreground", async () => {
  const { result } = await terminal.call("look", [], {
    through: [...ON_TERMINAL, "setsid", "--fork", "--wait"],
  });
  deepEqual(result, { foreground: false });
});

Deno.test("gives the foreground to a program, and takes it back from the background, of which no signal comes", async () => {
  const { result: { ours, holder, pid, heard } } = await terminal.call("giveAndReclaim", [], {
    through: ON_TERMINAL,
  });
  deepEqual(ours, [true, false, true]);
  equal(holder, pid);
  deepEqual(heard, []);
});

Deno.test("a program has the foreground from its first instruction on", async () => {
  const { output } = await terminal.call("askAtStart", [], { through: ON_TERMINAL });
  equal(output, "1");
});

Deno.test("where no shell is above, what was stopped in the foreground goes on there at once", async () => {
  const { result, output } = await terminal.call("suspend", [], { through: ON_TERMINAL });
  deepEqual(result, { continued: true, heard: [20] });
  match(output, /^stopped \d+ \d+\nwent on, in the foreground\n$/);
});

Deno.test("hands the terminal on to a session of its own, and tells that HUP and CONT come of it", async () => {
  const { result, output } = await terminal.call("handOn", [], { through: ON_TERMINAL });
  deepEqual(result, { hadForeground: true, signalled: true, came: [1, 18], gaveUpAgain: false });
  equal(output, "has the terminal, in the foreground\n");
});

Deno.test("a program in a session of its own gets no descriptor for that, and none stays open here", async () => {
  const through = [...ON_TERMINAL, "perl", "-MPOSIX", "-e", "POSIX::close($_) for 3 .. 255; exec @ARGV"];
  const { result, output } = await terminal.call("inOwnSession", [["ls", "/proc/self/fd"]], { through });
  deepEqual(output.trim().split("\n"), ["0", "1", "2", "3"]); // 3 is ls's own
  deepEqual(result.after, result.before);
});

Deno.test({
  name: "hands on a terminal, too, that may be used and not opened",
  ignore: Deno.uid() !== 0,
  async fn() {
    const closed = ["perl", "-e", 'chmod 0, "/proc/self/fd/0"; exec @ARGV'];
    const { result, output } = await terminal.call("handOnUnopenable", [1234], {
      through: [...ON_TERMINAL, ...closed],
    });
    equal(result, null);
    equal(output, "has the terminal, in the foreground\n"); // /dev/tty itself is everybody's
  },
});

Deno.test("a terminal that is given up by another than its session's leader sends nothing", async () => {
  const { result } = await terminal.call("handOn", [], {
    through: [...ON_TERMINAL, "perl", "-e", "exit system(@ARGV) >> 8"],
  });
  deepEqual(result, { hadForeground: true, signalled: false, came: [], gaveUpAgain: false });
});

Deno.test("a program in a session of its own has no terminal where there is none", async () => {
  const { result, output } = await terminal.call("handOn", []);
  deepEqual(result, { hadForeground: false, signalled: false, came: [], gaveUpAgain: false });
  equal(output, "has no terminal\n");
});

/** A shell with job control: continues its job, in the foreground or not, when that has stopped, and says so. */
const shell = (foreground: boolean): readonly string[] => [
  "perl",
  "-MPOSIX",
  "-e",
  `
  $SIG{TTOU} = "IGNORE";
  $| = 1;
  my $job = fork;
  if ($job == 0) {
    setpgid(0, 0);
    tcsetpgrp(0, $$);
    $SIG{TTOU} = "DEFAULT";
    exec @ARGV;
  }
  setpgid($job, $job);
  waitpid($job, WUNTRACED);
  open(my $stat, "<", "/proc/$job/stat");
  print "shell sees ", <$stat> =~ /\\) T / ? "stop" : "end",
    tcgetpgrp(0) == $job ? ", which holds the foreground" : ", whose foreground is another's", "\\n";
  tcsetpgrp(0, ${foreground ? "$job" : "getpgrp"});
  kill CONT => -$job;
  waitpid($job, 0);
  `,
];

Deno.test("under a shell it stops too, and goes on in the foreground after fg", async () => {
  const { result, output } = await terminal.call("suspend", [], {
    through: [...ON_TERMINAL, ...shell(true)],
  });
  deepEqual(result, { continued: true, heard: [20] });
  match(
    output,
    /^stopped \d+ \d+\nshell sees stop, which holds the foreground\nwent on, in the foreground\n$/,
  );
});

Deno.test("under a shell it stops too, and goes on in the background after bg", async () => {
  const { result, output } = await terminal.call("suspend", [], {
    through: [...ON_TERMINAL, ...shell(false)],
  });
  deepEqual(result, { continued: true, heard: [20] });
  match(output, /\nshell sees stop, .*\nwent on, in the background\n$/);
});

Deno.test("without a terminal nothing is suspended, also where somebody above would see it", async () => {
  const { result, output } = await terminal.call("suspendPlainly", [], {
    through: ["setsid", "--wait", ...shell(true)],
  });
  equal(result, false);
  match(output, /^shell sees end/);
});

Deno.test("where no shell is above, what stopped in the background is left as it is", async () => {
  const { result } = await terminal.call("suspendInBackground", [], { through: ON_TERMINAL });
  deepEqual(result, { continued: false, stillStopped: true });
});
