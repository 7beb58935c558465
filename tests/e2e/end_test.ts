import { deepEqual, equal, match, ok } from "../assert.ts";
import { type Bench, inEachMode, inMode, type Running, type Setting } from "./support/bench.ts";
import { kill, readProcess } from "./support/processes.ts";
import { AS_FIRST, nsenter, program } from "./support/program.ts";
import { until } from "./support/until.ts";

const [SIGINT, SIGQUIT, SIGUSR1, SIGTERM, SIGCONT, SIGSTOP] = [2, 3, 10, 15, 18, 19];
/** The grace of tests in which nobody is to be killed: longer than any test waits. */
const ENOUGH = ["--grace", "1h"];
/**
 * What a shell script does to wait. Not one long sleep: a TERM that comes between its fork and its execution is
 * taken by the shell's own handler, and lost. Of a sleep that TERM has ended the shell may tell, or not.
 */
const IDLE = "exec 2> /dev/null; while :; do sleep 0.05 & wait $!; done";

inEachMode("whatever still runs gets TERM and then CONT, and main's status is kept", async (bench) => {
  const denit = await leave(bench, ENOUGH, program("signals", `${SIGCONT}`, "rest"));
  const { code, stdout, stderr } = await denit.ended();
  match(stdout, /^rest ready \d+\nrest 15\nrest 18\n$/);
  deepEqual([code, stderr, bench.left()], [3, "", []]);
});

inEachMode("a process in a session of its own is stopped too", async (bench) => {
  const denit = await leave(bench, ENOUGH, ["setsid", ...program("signals", `${SIGTERM}`, "rest")]);
  deepEqual([(await denit.ended()).code, bench.left()], [3, []]);
});

inEachMode("a stopped process ends too", async (bench) => {
  const denit = bench.denit([
    ...ENOUGH,
    "-v",
    "--",
    "sh",
    "-c",
    "sleep 1000 & echo ready $!; read -r end; exit 3",
  ], {
    input: true,
  });
  const [, inner] = await denit.stdout.shows(/^ready (\d+)$/);
  const sleeper = await denit.pidOf(Number(inner));
  await until(() => readProcess(sleeper)?.name === "sleep", "sleep to be executed");
  kill(sleeper, SIGSTOP);
  await until(() => readProcess(sleeper)?.state === "T", "sleep to be stopped");
  await denit.closeInput();
  const { code, stderr } = await denit.ended();
  match(stderr, new RegExp(`reaped ${inner} \\(sleep\\), which ended with 143 \\(SIGTERM\\)`));
  deepEqual([code, bench.left()], [3, []]);
});

inEachMode("who reads what main has written has the time to read it to its end", async (bench) => {
  const reader = "while read -r line; do sleep 0.02; echo got $line; done";
  const script = `exec > >(${reader}); echo one; echo last; exit 3`;
  const { code, stdout, stderr } = await bench.denit(["--", "bash", "-c", script]).ended();
  deepEqual([code, stdout, stderr], [3, "got one\ngot last\n", ""]);
});

inEachMode("two hundred that are left end long before the grace is over", async (bench) => {
  const denit = await leave(
    bench,
    ENOUGH,
    program("signals", `${SIGTERM}`, ...Array(200).fill("child")),
    {},
    200,
  );
  const { code, stderr } = await denit.ended();
  deepEqual([code, stderr, bench.left()], [3, "", []]);
});

inEachMode("what a TERM handler starts to clean up with is not disturbed", async (bench) => {
  const folder = bench.folder();
  const handler = "sleep 0.3 && touch finished && rm started && (sleep 0.1 && sh -c 'echo cleaned up')";
  const script = `trap "${handler}; exit" TERM; touch started; echo ready; ${IDLE}`;
  const denit = await leave(bench, ENOUGH, ["sh", "-c", script], { cwd: folder });
  const { code, stdout, stderr } = await denit.ended();
  deepEqual([code, stdout, stderr], [3, "ready\ncleaned up\n", ""]);
  deepEqual((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name), ["finished"]);
});

inEachMode("an orphan that comes while the rest is being stopped is stopped too", async (bench) => {
  const heirs = ["first", "second", "third"];
  const denit = await leave(bench, ENOUGH, program("heir", ...heirs));
  const { code, stdout } = await denit.ended();
  for (const heir of heirs) match(stdout, new RegExp(`^${heir} ended$`, "m"));
  deepEqual([code, bench.left()], [3, []]);
});

for (const grace of ["300ms", "0s"]) {
  inEachMode(`after a grace of ${grace} the rest is killed and named`, async (bench) => {
    const denit = await leave(bench, ["--grace", grace], program("stubborn", "3"), {}, 3);
    const pids = denit.stdout.lines.map((line) => line.replace("ready ", ""));
    const { code, stderr } = await denit.ended();
    for (const pid of pids) {
      match(
        stderr,
        new RegExp(
          `^denit: warning: killed ${pid} \\(perl .*stubborn.pl 3\\): it had not ended \\d(\\.\\d)?s after SIGTERM$`,
          "m",
        ),
      );
    }
    deepEqual([code, stderr.trim().split("\n").length, bench.left()], [3, 3, []]);
    const asked = /not ended (\S+)s/.exec(stderr)?.[1];
    ok(Number(asked) >= parseInt(grace) / 1000, asked);
  });
}

inEachMode("of many that are killed the first 32 are named", async (bench) => {
  const denit = await leave(bench, ["--grace", "100ms"], program("stubborn", "40"), {}, 40);
  const lines = (await denit.ended()).stderr.trim().split("\n");
  equal(lines.filter((line) => /^denit: warning: killed \d+ \(perl/.test(line)).length, 32);
  deepEqual([lines.length, lines.at(-1)], [33, "denit: warning: killed more processes, which are not named"]);
  deepEqual(bench.left(), []);
});

inEachMode("an endless chain of forks does not escape", async (bench) => {
  const denit = await leave(bench, ["--grace", "200ms"], program("chain", "group"), {}, 4);
  const { code, stderr } = await denit.ended();
  deepEqual([code, stderr.includes("Cannot end everything"), bench.left()], [3, false, []]);
});

inMode("PID 1", "an endless chain of forks, each in a session of its own, does not escape", async (bench) => {
  const denit = await leave(bench, ["--grace", "200ms"], program("chain", "session"), {}, 4);
  const { code, stderr } = await denit.ended();
  deepEqual([code, stderr.includes("Cannot end everything")], [3, false]);
});

inEachMode("a signal that comes while the rest is being stopped goes to the rest", async (bench) => {
  const denit = await leave(bench, ENOUGH, program("signals", `${SIGUSR1}`, "rest", "stranger"), {}, 2);
  for (const role of ["rest", "stranger"]) await denit.stdout.shows(new RegExp(`^${role} ${SIGTERM}$`));
  await denit.signal(SIGINT);
  for (const role of ["rest", "stranger"]) await denit.stdout.shows(new RegExp(`^${role} ${SIGINT}$`));
  await denit.signal(SIGUSR1);
  const { code, stderr } = await denit.ended();
  deepEqual([code, stderr, bench.left()], [3, "", []]);
});

inEachMode("--no-wait: denit leaves with main, and asks nobody", async (bench) => {
  const denit = await leave(bench, ["--no-wait"], program("signals", `${SIGTERM}`, "rest"));
  await until(() => denit.over || readProcess(denit.pid)?.state === "Z", "denit to leave");
  await until(
    () => bench.mode === "PID 1" ? bench.left().length === 0 : bench.left().length === 1,
    "the rest to be killed by the kernel, or to go on",
  );
  for (const { pid } of bench.left()) kill(pid, 9);
  const { code, stdout, stderr } = await denit.ended();
  match(stdout, /^rest ready \d+\n$/);
  deepEqual([code, stderr], [3, ""]);
});

for (const [name, signal] of Object.entries({ TERM: SIGTERM, INT: SIGINT, QUIT: SIGQUIT })) {
  inEachMode(`--kill-after: a main that does not end at ${name} is killed`, async (bench) => {
    const denit = bench.denit(["--kill-after", "300ms", "--", ...program("signals", "0", "main")]);
    await denit.stdout.shows(/^main ready/);
    await denit.signal(signal);
    const { code, stderr } = await denit.ended();
    equal(code, 137);
    match(
      stderr,
      new RegExp(
        `^denit: warning: killed main \\d+ \\(perl .*\\): it had not ended 0.3s after SIG${name}\n$`,
      ),
    );
  });
}

inEachMode("--kill-after: a main that ends in time is not killed, and HUP sets no clock", async (bench) => {
  const denit = bench.denit(["--kill-after", "200ms", "--", ...program("signals", `${SIGTERM}`, "main")]);
  await denit.stdout.shows(/^main ready/);
  await denit.signal(1);
  await denit.stdout.shows(/^main 1$/);
  const since = performance.now();
  await until(() => performance.now() - since > 300, "the time to be over"); // that nothing happens has no condition
  await denit.signal(SIGTERM);
  const { code, stderr } = await denit.ended();
  deepEqual([code, stderr], [40, ""]);
});

inEachMode("docker stop: main ends by TERM, then the rest", async (bench) => {
  const worker = `trap "sleep 0.2; echo written; exit" TERM; echo ready; ${IDLE}`;
  const script = `setsid sh -c '${worker}' & wait`;
  const denit = bench.denit([...ENOUGH, "--", "sh", "-c", script]);
  await denit.stdout.shows(/^ready$/);
  await denit.signal(SIGTERM);
  const { code, stdout, stderr } = await denit.ended();
  deepEqual([code, stdout, stderr, bench.left()], [143, "ready\nwritten\n", "", []]);
});

inMode("PID 1", "a process that came in by docker exec is stopped, and denit waits for it", async (bench) => {
  const denit = bench.denit([...ENOUGH, "--", "sh", "-c", "echo ready; read -r end; exit 3"], {
    input: true,
  });
  await denit.stdout.shows(/^ready$/);
  const pid = await denit.denitPid();
  const script = `trap 'sleep 0.3; echo finished; exit 7' TERM; echo in; ${IDLE}`;
  const entered = bench.start([...nsenter(pid), "sh", "-c", script]);
  await entered.stdout.shows(/^in$/);
  await denit.closeInput();
  const [end, endOfEntered] = await Promise.all([denit.ended(), entered.ended()]);
  deepEqual([end.code, end.stderr], [3, ""]);
  deepEqual([endOfEntered.code, endOfEntered.stdout], [7, "in\nfinished\n"]);
});

inMode(
  "PID 1",
  "a process that came in by docker exec and does not end is killed and named",
  async (bench) => {
    const denit = bench.denit(["-t", "200ms", "--", "sh", "-c", "echo ready; read -r end; exit 3"], {
      input: true,
    });
    await denit.stdout.shows(/^ready$/);
    const entered = bench.start([...nsenter(await denit.denitPid()), ...program("stubborn", "1")]);
    await entered.stdout.shows(/^ready/);
    await denit.closeInput();
    const { code, stderr } = await denit.ended();
    equal(code, 3);
    match(
      stderr,
      /^denit: warning: killed \d+ \(perl .*stubborn.pl 1\): it had not ended 0.2s after SIGTERM\n$/,
    );
    equal((await entered.ended()).code, 137);
  },
);

inMode(
  "subreaper",
  "KILL for one that has joined the group of PID 1 is for nobody else",
  async (bench) => {
    const denit = bench.command(["-q", "-t", "100ms", "--", ...program("group_of_init", "join")]);
    const init = bench.start([...AS_FIRST, ...program("group_of_init", ...denit)]);
    await init.stdout.next(/^code 3, the bystander lives$/);
  },
  "namespaces",
);

inEachMode("a process that ends by itself in its time is left to it", async (bench) => {
  // It never looks at signals, and takes longer to end than any look around: but less than the grace.
  const script = "trap '' TERM; echo ready; sleep 0.6; echo finished";
  const denit = await leave(bench, ENOUGH, ["sh", "-c", script]);
  const { code, stdout } = await denit.ended();
  deepEqual([code, stdout], [3, "ready\nfinished\n"]);
});

/** Starts a main that starts the rest, and ends with 3 as soon as so many of those are ready. */
async function leave(
  bench: Bench,
  options: readonly string[],
  rest: readonly string[],
  setting: Setting = {},
  readyCount = 1,
): Promise<Running> {
  const main = ["sh", "-c", '"$@" & read -r end; exit 3', "sh", ...rest];
  const denit = bench.denit([...options, "--", ...main], { ...setting, input: true });
  await until(
    () => denit.stdout.lines.filter((line) => line.includes("ready")).length === readyCount,
    () => `${readyCount} to be ready: ${denit.stdout.text}`,
  );
  await denit.closeInput();
  return denit;
}
