import { deepEqual, equal, ok } from "../assert.ts";
import { type Bench, inEachMode, inMode, type Running } from "./support/bench.ts";
import { childrenOf, descendantsOf, kill, type Process, readProcess } from "./support/processes.ts";
import { AS_FIRST, program } from "./support/program.ts";
import { pause, until } from "./support/until.ts";

const [CTRL_C, CTRL_D, CTRL_Z, CTRL_BACKSLASH] = ["\x03", "\x04", "\x1a", "\x1c"];
const TELLS_CONT = '$| = 1; $SIG{CONT} = sub { print "\\ncontinued\\n" }; print "main\\n"; sleep 1 while 1';
const PROMPT = /shell> /;

inEachMode("main leads the foreground process group", async (bench) => {
  const denit = bench.denitOnTerminal(["--", "sleep", "1000"]);
  const { pid, group, foreground } = await processBelow(denit, "sleep", isInForeground);
  deepEqual([group, foreground], [pid, pid]);
});

inEachMode("Ctrl-C and Ctrl-\\ go to main alone", async (bench) => {
  for (const [key, name, signal] of [[CTRL_C, "INT", 2], [CTRL_BACKSLASH, "QUIT", 3]] as const) {
    const denit = bench.denitOnTerminal(["-v", "--", ...program("signals", `${signal}`, "main")]);
    await denit.stdout.next(/^main ready/);
    await denit.type(key);
    await denit.stdout.next(new RegExp(`main ${signal}$`));
    const { code, stdout } = await denit.ended();
    const told = stdout.match(new RegExp(`main ${signal}\r$`, "gm")); // behind the terminal's ^C
    deepEqual([code, told?.length, stdout.includes("forwarded")], [40, 1, false], name);
  }
});

inEachMode("Ctrl-C ends main, and denit with 130 and no word", async (bench) => {
  const denit = bench.denitOnTerminal(["--", "sleep", "1000"]);
  await processBelow(denit, "sleep", isInForeground);
  await denit.type(CTRL_C);
  const { code, stdout } = await denit.ended();
  deepEqual([code, stdout], [130, "^C"]);
});

inEachMode("Ctrl-Z does not stop main for ever where no shell could continue it", async (bench) => {
  const denit = bench.denitOnTerminal(["--", "cat"]);
  await processBelow(denit, "cat", isInForeground);
  await denit.type(CTRL_Z);
  await denit.stdout.next(/\^Z/);
  await denit.type("still there\n");
  await denit.stdout.next(/^still there$/); // by cat: the terminal's own echo is behind ^Z
  await denit.type(CTRL_D);
  equal((await denit.ended()).code, 0);
});

inEachMode("job control works in an interactive shell as main", async (bench) => {
  const shell = ["bash", "--norc", "--noediting", "-i"];
  const denit = bench.denitOnTerminal(["--", ...shell], { env: { PS1: "shell> " } });
  await type(denit, "sleep 1000");
  await processBelow(denit, "sleep", isInForeground);
  await denit.type(CTRL_C);
  await type(denit, "echo code $?");
  await denit.stdout.next(/^code 130$/);

  await type(denit, "sleep 1001");
  await processBelow(denit, "sleep", isInForeground);
  await denit.type(CTRL_Z);
  await denit.stdout.next(/^\[1\]\+ {2}Stopped +sleep 1001$/);
  await type(denit, "fg");
  await processBelow(denit, "sleep", (it) => isInForeground(it) && it.state === "S");
  await denit.type(CTRL_Z);
  await denit.stdout.next(/^\[1\]\+ {2}Stopped +sleep 1001$/);
  await type(denit, "bg");
  await processBelow(denit, "sleep", (it) => !isInForeground(it) && it.state === "S");
  await type(denit, "kill %1; wait; exit 5");
  const { code, stdout } = await denit.ended();
  deepEqual([code, stdout.includes("denit")], [5, false], stdout);
});

inEachMode("TSTP, TTIN and TTOU that are sent to denit are forwarded and do not stop it", async (bench) => {
  const denit = bench.denitOnTerminal(["--", ...program("signals", "0", "main")]);
  await denit.stdout.next(/^main ready/);
  for (const signal of [20, 21, 22]) {
    await denit.signal(signal);
    await denit.stdout.next(new RegExp(`^main ${signal}$`));
  }
  ok(readProcess(await denit.denitPid())!.state !== "T");
});

inEachMode("when the terminal hangs up main gets HUP and nobody is left", async (bench) => {
  const folder = bench.folder();
  const script = 'trap "echo > hung-up; exit" HUP; echo ready; while :; do sleep 0.05 & wait $!; done';
  const denit = bench.denitOnTerminal(["--", "sh", "-c", script], { cwd: folder });
  await denit.stdout.next(/^ready$/);
  kill(denit.pid, 9); // the terminal goes
  await bench.file(`${folder}/hung-up`);
  await until(() => bench.left().length === 0, "nobody to be left");
});

inEachMode("a terminal that is not standard input is left alone", async (bench) => {
  const main = ["sh", "-c", 'exec "$@" < /dev/null', "sh", ...bench.command(["--", "sleep", "1000"])];
  const denit = bench.onTerminal(["setsid", "--ctty", ...main]);
  const { group, foreground } = await processBelow(denit, "sleep");
  ok(group !== foreground);
  await denit.type(CTRL_C); // to denit's own group
  equal((await denit.ended()).code, 130);
});

inMode("subreaper", "Ctrl-Z, fg and Ctrl-C work as without denit in a shell above it", async (bench) => {
  const shell = bench.shellOnTerminal();
  await typeDenit(bench, shell, "-v -- sleep 1000");
  for (const _ of Array(20)) {
    await processBelow(shell, "sleep", (it) => isInForeground(it) && it.state === "S");
    await shell.type(CTRL_Z);
    await shell.stdout.next(/^\[1\]\+ {2}Stopped +.*-- sleep 1000$/);
    await processBelow(shell, "sleep", (it) => it.state === "T");
    await type(shell, "fg");
  }
  await processBelow(shell, "sleep", (it) => isInForeground(it) && it.state === "S");
  await shell.type(CTRL_C);
  await type(shell, "echo code $?");
  await shell.stdout.next(/^code 130$/);
  await type(shell, "exit 0");
  const { code, stdout } = await shell.ended();
  deepEqual(
    [code, stdout.match(/stopped by SIGTSTP/g)?.length, stdout.includes("forwarded")],
    [0, 20, false],
    stdout,
  );
});

inMode("subreaper", "Ctrl-C ends the loop of a shell above it", async (bench) => {
  const shell = bench.shellOnTerminal();
  await type(shell, `for i in 1 2; do ${bench.command(["--", "sleep", "1000"]).join(" ")}; done`);
  await processBelow(shell, "sleep", isInForeground);
  await shell.type(CTRL_C);
  await type(shell, "echo code $?");
  await shell.stdout.next(/^code 130$/);
});

inMode("subreaper", "after bg and fg Ctrl-Z and Ctrl-C work as without denit", async (bench) => {
  const shell = bench.shellOnTerminal();
  await typeDenit(bench, shell, "-- sleep 1000");
  await processBelow(shell, "sleep", isInForeground);
  await shell.type(CTRL_Z);
  await shell.stdout.next(/Stopped/);
  await type(shell, "bg");
  await processBelow(shell, "sleep", (it) => !isInForeground(it) && it.state === "S");
  await type(shell, "echo the shell reads");
  await shell.stdout.next(/^the shell reads$/);
  await type(shell, "fg");
  const denit = await shell.denitPid();
  await until(
    () =>
      [denit, ...childrenOf(denit).map(({ pid }) => pid)].some((pid) => isInForeground(readProcess(pid)!)),
    "fg",
  );
  await shell.type(CTRL_Z);
  await shell.stdout.next(/Stopped/);
  await type(shell, "fg");
  await processBelow(shell, "sleep", (it) => isInForeground(it) && it.state === "S");
  await shell.type(CTRL_C);
  await type(shell, "echo code $?");
  await shell.stdout.next(/^code 130$/);
});

for (
  const [what, before, needs] of [
    ["the shell", [], undefined],
    ["a shell that is PID 1", AS_FIRST, "namespaces"],
  ] as const
) {
  const name = `a main that ends in the background leaves the terminal to ${what}`;
  inMode("subreaper", name, async (bench) => {
    const shell = bench.shellOnTerminal(before);
    await typeDenit(bench, shell, "-- sleep 1000");
    const main = await processBelow(shell, "sleep", isInForeground);
    await shell.type(CTRL_Z);
    await shell.stdout.next(/Stopped/);
    await type(shell, "bg");
    await processBelow(shell, "sleep", (it) => !isInForeground(it) && it.state === "S");
    kill(main.pid, 15);
    await until(() => "ZX".includes(readProcess(main.parent)?.state ?? "X"), "denit to end");
    for (const words of ["the shell reads", "and reads"]) {
      await type(shell, `echo ${words}`);
      await shell.stdout.next(new RegExp(`^${words}$`));
    }
  }, needs);
}

for (const elsewhere of ["< /dev/null", "< /dev/null > /dev/null 2>&1"]) {
  inMode(
    "subreaper",
    `with ${elsewhere} Ctrl-Z, fg and Ctrl-C work as without denit`,
    async (bench) => {
      const shell = bench.shellOnTerminal();
      await typeDenit(bench, shell, `-- sleep 1000 ${elsewhere}`);
      for (const _ of Array(3)) {
        await processBelow(shell, "sleep", ({ state }) => state === "S");
        await shell.type(CTRL_Z);
        await shell.stdout.next(/^\[1\]\+ {2}Stopped +.*-- sleep 1000/);
        await processBelow(shell, "sleep", ({ state }) => state === "T");
        await type(shell, "fg");
      }
      await processBelow(shell, "sleep", ({ state }) => state === "S");
      await shell.type(CTRL_C);
      await type(shell, "echo code $?");
      await shell.stdout.next(/^code 130$/);
    },
  );
}

inEachMode("Ctrl-Z stops nobody for ever where the terminal is not standard input", async (bench) => {
  const inside = ["setsid", "--ctty", "sh", "-c", 'exec "$@" < /dev/null', "sh"];
  const denit = bench.onTerminal(bench.command(["--", "perl", "-e", TELLS_CONT], { inside }));
  await denit.stdout.next(/^main$/);
  await denit.type(CTRL_Z);
  await denit.stdout.next(/^continued$/);
  await denit.type(CTRL_C);
  equal((await denit.ended()).code, 130);
});

inMode(
  "subreaper",
  "the terminal is taken back from a job that main has left in the foreground",
  async (bench) => {
    const main = "set -m; sh -c 'kill -KILL $PPID; exec sleep 1000'; true";
    const script = '"$@"; echo code $?; read -r line; echo script read $line';
    const denit = bench.command(["-q", "--", "bash", "-c", main]);
    const screen = bench.onTerminal(["setsid", "--ctty", "sh", "-c", script, "sh", ...denit]);
    await screen.stdout.next(/^code 137$/);
    await screen.type("one\n");
    await screen.stdout.next(/^script read one$/);
  },
);

inMode("subreaper", "a shell as main can be suspended for the shell above, and fg goes on", async (bench) => {
  const shell = bench.shellOnTerminal();
  await typeDenit(bench, shell, "-- bash --norc --noediting -i");
  await processBelow(shell, "bash", isInForeground);
  await type(shell, "echo inner; suspend");
  await shell.stdout.next(/^inner$/);
  await shell.stdout.next(/Stopped/);
  await type(shell, "echo the outer one reads; fg");
  await shell.stdout.next(/^the outer one reads$/);
  await type(shell, "exit 5");
  await type(shell, "echo code $?");
  await shell.stdout.next(/^code 5$/);
});

inEachMode("a STOP that somebody sends to main lasts where there is no shell above", async (bench) => {
  const denit = bench.denitOnTerminal(["--", "cat"]);
  const { pid } = await processBelow(denit, "cat", isInForeground);
  kill(pid, 19);
  await processBelow(denit, "cat", ({ state }) => state === "T");
  await pause(100); // a time in which nothing is to happen
  await processBelow(denit, "cat", (it) => it.state === "T" && isInForeground(it));
  kill(pid, 18);
  await denit.type(`goes on\n`);
  await denit.stdout.next(/^goes on\ngoes on$/);
  await denit.type(CTRL_D);
  equal((await denit.ended()).code, 0);
});

inMode(
  "subreaper",
  "started in the background it takes nothing from the shell, and fg brings main to the front",
  async (bench) => {
    const shell = bench.shellOnTerminal();
    await typeDenit(bench, shell, "-- cat &");
    await processBelow(shell, "cat", (it) => it.state === "T"); // it may not read
    await type(shell, "echo the shell reads");
    await shell.stdout.next(/^the shell reads$/);
    await type(shell, "fg");
    await processBelow(shell, "cat", (it) => isInForeground(it) && it.state === "S");
    await shell.type("some words\n");
    await shell.stdout.next(/^some words\nsome words$/); // the terminal's echo, and cat
    await shell.type(CTRL_D);
    await type(shell, "echo code $?");
    await shell.stdout.next(/^code 0$/);
  },
);

inMode("subreaper", "in a pipeline Ctrl-C ends it all", async (bench) => {
  const shell = bench.shellOnTerminal();
  await typeDenit(bench, shell, "-- cat | cat");
  await processBelow(shell, "cat", isInForeground);
  await shell.type("through both\n");
  await shell.stdout.next(/^through both\nthrough both$/);
  await shell.type(CTRL_C);
  await type(shell, "echo code $?");
  await shell.stdout.next(/^code \d+$/);
});

for (
  const [which, given, from] of [
    ["the terminal", "", ""],
    ["a terminal that is not standard input", "< /dev/null", "< /dev/tty"],
  ] as const
) {
  inMode("subreaper", `main reads from ${which}, and a script before and after it`, async (bench) => {
    const main = ["sh", "-c", `echo main; read -r line ${from}; echo main read $line`];
    const script =
      `read -r line; echo script read $line; "$@" ${given}; read -r line; echo script read $line`;
    const words = ["sh", "-c", script, "sh", ...bench.command(["--", ...main])];
    const screen = bench.onTerminal(["setsid", "--ctty", ...words]);
    await screen.type("one\n");
    await screen.stdout.next(/^script read one$/);
    await screen.stdout.next(/^main$/);
    await screen.type("two\n");
    await screen.stdout.next(/^main read two$/);
    await screen.type("three\n");
    await screen.stdout.next(/^script read three$/);
    equal((await screen.ended()).code, 0);
  });
}

inMode(
  "subreaper",
  "with stty tostop and -v denit neither stops nor spins, and main hears nothing of it",
  async (bench) => {
    const shell = bench.shellOnTerminal();
    await type(shell, "stty tostop");
    await typeDenit(bench, shell, `-v -- ${program("signals", "15", "main").join(" ")}`);
    await shell.stdout.next(/^main ready/);
    const denit = await shell.denitPid();
    kill(denit, 28);
    await shell.stdout.next(/^denit: info: forwarded SIGWINCH/);
    const before = cpuTicks(denit);
    await pause(300); // a time is what is measured here
    ok(cpuTicks(denit) - before < 10, "denit spins");
    ok("SR".includes(readProcess(denit)!.state));
    kill(denit, 15);
    await shell.stdout.next(/^main 15$/);
    await shell.stdout.next(/^denit: info: main \d+ .* ended with 40$/);
    await type(shell, "echo code $?");
    await shell.stdout.next(/^code 40$/);
    ok(!/main 22\r$/m.test(shell.stdout.text), shell.stdout.text);
  },
);

/** Waits for the prompt and types a line. */
async function type(shell: Running, line: string): Promise<void> {
  await shell.stdout.next(PROMPT);
  await shell.type(`${line}\n`);
}

async function typeDenit(bench: Bench, shell: Running, words: string): Promise<void> {
  await type(shell, [...bench.command([]), words].join(" "));
}

/** Waits for a process of that name, below what was started, to be as it should. */
async function processBelow(
  running: Running,
  name: string,
  isAsMeant: (process: Process) => boolean = () => true,
): Promise<Process> {
  return await until(
    () => descendantsOf(running.pid).find((it) => it.name === name && isAsMeant(it)),
    () => `${name} to be as meant: ${JSON.stringify(descendantsOf(running.pid))}\n${running.stdout.text}`,
  );
}

function isInForeground({ group, foreground }: Process): boolean {
  return group === foreground;
}

function cpuTicks(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]!.split(" ");
  return Number(fields[11]) + Number(fields[12]);
}
