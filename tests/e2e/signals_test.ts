import { deepEqual, equal, ok } from "../assert.ts";
import { type Bench, inEachMode, type Running } from "./support/bench.ts";
import { kill } from "./support/processes.ts";
import { program, unshare } from "./support/program.ts";
import { until } from "./support/until.ts";

const [SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM, RTMIN, RTMAX] = [1, 3, 10, 12, 15, 34, 64];
/** KILL and STOP cannot be caught, CHLD is news of denit's own children, 32 and 33 belong to the C library. */
const NOT_FORWARDED = [9, 17, 19, 32, 33];
/** The kernel forgets a CONT that waits when a stop signal comes, and the other way round: it is sent by itself. */
const SIGCONT = 18;
const ALL = range(1, 64).filter((signal) => ![...NOT_FORWARDED, SIGCONT].includes(signal));
const REAL_TIME = range(RTMIN, RTMAX);
inEachMode("every signal is forwarded by its number", async (bench) => {
  const denit = await report(bench, []);
  for (const round of [1, 2]) { // twice: a handler may hold for one delivery only
    await denit.signal(...ALL);
    await arrive(denit, ALL, round);
    await denit.signal(SIGCONT);
    await arrive(denit, [SIGCONT], round);
  }
  equal(denit.stderr.text, "");
});

inEachMode("a real-time signal that is sent five times arrives five times", async (bench) => {
  const denit = await report(bench, []);
  for (const signal of REAL_TIME) await denit.signal(signal, signal, signal, signal, signal);
  await arrive(denit, REAL_TIME, 5);
});

inEachMode("in a storm of signals no real-time signal is lost", async (bench) => {
  const denit = await report(bench, []);
  const storm = "for (1 .. 20) { kill($_, $ARGV[0]) for split(',', $ARGV[1]) }";
  const pid = String(await denit.denitPid());
  await Promise.all([1, 2, 3].map(() => bench.start(["perl", "-e", storm, pid, ALL.join()]).ended()));
  await arrive(denit, REAL_TIME, 60);
});

for (
  const [name, signal] of Object.entries({
    HUP: 1,
    INT: 2,
    QUIT: 3,
    USR1: 10,
    ALRM: 14,
    TERM: 15,
    RTMIN,
    RTMAX,
  })
) {
  inEachMode(
    `${name} ends a main that does not care for it, and denit ends with 128 + ${signal}`,
    async (bench) => {
      const denit = bench.denit(["--", "sh", "-c", "ulimit -c 0; echo ready; exec sleep 1000"]);
      await denit.stdout.shows(/^ready$/);
      await denit.signal(signal);
      deepEqual(await denit.ended(), { code: 128 + signal, signal: null, stdout: "ready\n", stderr: "" });
    },
  );
}

const SIGNAL_TO: readonly (readonly [readonly string[], readonly string[]])[] = [
  [[], ["main", "child"]],
  [["--signal-to", "group"], ["main", "child"]],
  [["--signal-to", "main"], ["main"]],
  [["--signal-to=all"], ["main", "child", "stranger"]],
];
for (const [options, getIt] of SIGNAL_TO) {
  inEachMode(`${options.join(" ") || "by default"}: a signal goes to ${getIt.join(", ")}`, async (bench) => {
    const roles = ["main", "child", "stranger"];
    const denit = await report(bench, options, ...roles);
    await denit.signal(SIGUSR1, RTMIN + 3);
    for (const role of getIt) {
      for (const signal of [SIGUSR1, RTMIN + 3]) await denit.stdout.shows(new RegExp(`^${role} ${signal}$`));
    }
    // What was to come has been sent by now, and comes before this:
    for (const role of roles) {
      const [, inner] = await denit.stdout.shows(new RegExp(`^${role} ready (\\d+)$`));
      kill(await denit.pidOf(Number(inner)), RTMAX);
      await denit.stdout.shows(new RegExp(`^${role} ${RTMAX}$`));
    }
    deepEqual(roles.filter((role) => count(denit, `${role} ${SIGUSR1}`) > 0), getIt);
  });
}

/** Options, what is sent, and what main gets. */
const REWRITES: readonly (readonly [string, number, number])[] = [
  ["--rewrite TERM:QUIT", SIGTERM, SIGQUIT],
  ["-r 15:3", SIGTERM, SIGQUIT],
  ["-rSIGTERM:RTMIN+3", SIGTERM, RTMIN + 3],
  ["--rewrite=rtmax-1:hup", RTMAX - 1, SIGHUP],
  ["-r TERM:USR1 -r TERM:USR2", SIGTERM, SIGUSR2],
  ["-r TERM:INT -r INT:HUP", SIGTERM, 2],
  ["-r SEGV:USR1", 11, SIGUSR1],
];
for (const [options, sent, received] of REWRITES) {
  inEachMode(`${options}: ${sent} arrives as ${received}`, async (bench) => {
    const denit = await report(bench, options.split(" "));
    await denit.signal(sent, RTMIN);
    await denit.stdout.shows(new RegExp(`^main ${received}$`));
    await denit.stdout.shows(new RegExp(`^main ${RTMIN}$`));
    equal(count(denit, `main ${sent}`), 0);
  });
}

for (const option of ["HUP:", "1:0", "SIGHUP:0"]) {
  inEachMode(`--rewrite ${option} drops it`, async (bench) => {
    const denit = await report(bench, ["-v", "--rewrite", option]);
    await denit.signal(SIGHUP);
    await denit.stderr.shows(/^denit: info: dropped SIGHUP$/);
    await denit.signal(RTMAX);
    await denit.stdout.shows(/^main 64$/);
    equal(count(denit, "main 1"), 0);
  });
}

inEachMode("signals that the caller has blocked are forwarded all the same", async (bench) => {
  const denit = await report(bench, [], "main", { inside: program("blocked") });
  await denit.signal(...ALL);
  await arrive(denit, ALL);
});

inEachMode("CHLD is forwarded to nobody", async (bench) => {
  const denit = await report(bench, ["-v"]);
  await denit.signal(17, RTMAX);
  await denit.stdout.shows(/^main 64$/);
  ok(!denit.stderr.text.includes("SIGCHLD"));
});

inEachMode("USR1 opens no inspector", async (bench) => {
  const outside = unshare("--net");
  const denit = await report(bench, [], "main", { outside });
  await denit.signal(SIGUSR1);
  await denit.stdout.shows(/^main 10$/);
  await denit.signal(SIGUSR1, RTMAX);
  await denit.stdout.shows(/^main 64$/);
  const sockets = ["tcp", "tcp6"].flatMap((table) =>
    Deno.readTextFileSync(`/proc/${denit.pid}/net/${table}`).trim().split("\n").slice(1)
  );
  deepEqual([sockets, denit.stderr.text], [[], ""]);
}, "namespaces");

/** Starts denit with a main that prints each signal it gets. */
async function report(
  bench: Bench,
  options: readonly string[],
  ...rest: (string | Parameters<Bench["denit"]>[1])[]
): Promise<Running> {
  const roles = rest.filter((word) => typeof word === "string");
  const setting = rest.find((word) => typeof word === "object");
  if (roles.length === 0) roles.push("main");
  const denit = bench.denit([...options, "--", ...program("signals", "0", ...roles)], setting);
  for (const role of roles) await denit.stdout.shows(new RegExp(`^${role} ready`));
  return denit;
}

/** Waits until main has told each of the signals so many times. */
async function arrive(denit: Running, signals: readonly number[], times = 1): Promise<void> {
  const missing = (): number[] => signals.filter((signal) => count(denit, `main ${signal}`) !== times);
  await until(() => missing().length === 0, () => `main to get ${missing()} ${times} times`);
}

function count(denit: Running, line: string): number {
  return denit.stdout.lines.filter((it) => it === line).length;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
