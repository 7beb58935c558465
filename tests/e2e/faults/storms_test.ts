/** Very much of something: orphans without end, signals without end. */

import { deepEqual, equal, ok } from "../../assert.ts";
import { type Bench, type Ended, inEachMode, inMode, type Running } from "../support/bench.ts";
import { childrenOf, kill, statusOf } from "../support/processes.ts";
import { program } from "../support/program.ts";
import { until } from "../support/until.ts";
import { lasting, perl, up } from "../services/support.ts";
import { SIGHUP, SIGTERM, stops } from "./support.ts";

/** A main program with chains of orphans that live for a moment each and heed no TERM; ends with 7 at TERM. */
const BREEDER = ["sh", "-c", 'trap "exit 7" TERM; "$@" & sleep 1000 & wait $!', "sh"];

for (const kind of ["group", "session"]) {
  // As subreaper denit cannot stop those that make a session each: they are gone before it finds them.
  const register = kind === "group" ? inEachMode : inMode.bind(null, "PID 1");
  const breeder = [...BREEDER, ...program("chain", kind)];

  register(
    `orphans without end, ${kind}: TERM ends one program in its time, with nobody left`,
    async (bench) => {
      const denit = bench.denit(["-t", "500ms", "--", ...breeder]);
      await breeds(denit, /^ready$/);
      equal((await stops(bench, denit)).code, 7);
    },
  );

  register(
    `orphans without end, ${kind}: TERM ends services in their time, with nobody left`,
    async (bench) => {
      const command = breeder.map((word) => word.replaceAll("$", "$$$$"));
      const denit = up(bench, { services: { breeder: { command }, other: lasting() } }, ["-t", "2s"]);
      await breeds(denit, /^breeder +\| ready$/);
      await denit.stdout.shows(/^other +\| ready$/);
      equal((await stops(bench, denit)).code, 0);
    },
  );
}

/** Waits until there are four chains, and denit has got orphans of them. */
async function breeds(denit: Running, ready: RegExp): Promise<void> {
  for (let i = 0; i < 4; i++) await denit.stdout.next(ready);
  const pid = await denit.denitPid();
  const seen = new Set<number>();
  await until(() => {
    for (const child of childrenOf(pid)) seen.add(child.pid);
    return seen.size > 20;
  }, "orphans to come and go");
}

/** Ten kinds of signals, half of them real-time ones: the others coalesce. */
const KINDS = {
  HUP: SIGHUP,
  USR1: 10,
  USR2: 12,
  ALRM: 14,
  WINCH: 28,
  RTMIN: 34,
  "RTMIN+1": 35,
  "RTMIN+6": 40,
  "RTMIN+16": 50,
  RTMAX: 64,
};
const EACH = 1000;
const FIRST_REAL_TIME = 34;
const MEGABYTE_KB = 1024;

inEachMode(
  "ten thousand signals of ten kinds: each reaches main, and denit lives and stays small",
  async (bench) => {
    const denit = bench.denit(["--", ...program("signals", `${SIGTERM}`, "main")]);
    await denit.stdout.shows(/^main ready/);
    const { code, stdout } = await storm(bench, denit);
    deepEqual([code, ...wrong(stdout, /^main (\d+)$/gm, KINDS)], [40]);
  },
);

inEachMode(
  "real-time signals of three kinds that fill their queue do not keep denit from its end",
  async (bench) => {
    const flood = "use POSIX; my @kinds = (34, 40, 64); my ($denit, $end) = (getppid, time + 2); " +
      'POSIX::sigaction($_, POSIX::SigAction->new("IGNORE")) for @kinds; ' +
      "fork; fork; while (time < $end) { for (1 .. 100) { kill $_, $denit for @kinds } } exit 3";
    const denit = bench.denit(["--", "perl", "-e", flood]);
    const { code } = await denit.ended();
    equal(code, 3);
  },
);

inEachMode("ten thousand signals of ten kinds: each reaches the service that wants it", async (bench) => {
  const { HUP, ...passedOn } = KINDS; // at HUP the file is read again
  const forward_signals = Object.keys(passedOn);
  const web = perl("signals", [`${SIGTERM}`, "web"], { forward_signals });
  const denit = up(bench, { services: { web } });
  await denit.stdout.shows(/^web +\| web ready/);
  const { code, stdout } = await storm(bench, denit);
  ok(!stdout.includes(`web ${HUP}\n`));
  deepEqual([code, ...wrong(stdout, /^web +\| web (\d+)$/gm, passedOn)], [0]);
});

async function storm(bench: Bench, denit: Running): Promise<Ended> {
  const pid = await denit.denitPid();
  const sizeKb = (): number => Number.parseInt(statusOf(pid, "VmRSS")!);
  const send = (): void => {
    for (let i = 0; i < EACH; i++) for (const signal of Object.values(KINDS)) kill(pid, signal);
  };
  send(); // once for what is allocated once
  await arrived(denit, 1);
  const before = sizeKb();
  send();
  send();
  await arrived(denit, 3);
  const grownKb = sizeKb() - before;
  ok(grownKb < 16 * MEGABYTE_KB, `denit has grown by ${grownKb} KB`);
  return await stops(bench, denit);
}

/** Waits until what was sent so often has come; the last kind of all is the last to come. */
async function arrived(denit: Running, times: number): Promise<void> {
  const count = (): number => denit.stdout.text.match(/ 64$/gm)?.length ?? 0;
  await until(
    () => count() >= times * EACH,
    () => `${times * EACH} of RTMAX to come, not ${count()}`,
    60_000,
  );
}

/** The kinds that did not come as they should. */
function wrong(stdout: string, pattern: RegExp, kinds: Readonly<Record<string, number>>): string[] {
  const counts = new Map<number, number>();
  for (const [, signal] of stdout.matchAll(pattern)) {
    counts.set(Number(signal), (counts.get(Number(signal)) ?? 0) + 1);
  }
  return Object.values(kinds).flatMap((signal) => {
    const count = counts.get(signal) ?? 0;
    const right = signal < FIRST_REAL_TIME ? count > 0 && count <= 3 * EACH : count === 3 * EACH;
    return right ? [] : `${signal} came ${count} times`;
  });
}
