/** The figures of one command under an init. */

import type { Figure } from "./figure.ts";
import { type Ability, type Contender, EXITING_DENO, FLOOR, IDLE_DENO, OTHERS } from "./inits.ts";
import { makeGroup } from "./memory_group.ts";
import { activityBetween, activityOf, initProcesses, memoryOf } from "./proc.ts";
import { percentile } from "./statistics.ts";
import { type Run, runToEnd, type Workshop } from "./workshop.ts";

const SIGNALS = 1000;
const ORPHANS = 20_000;
const ORPHANS_ALONE = 300;
const SETTLED_MS = 2000;
/** Threads of Deno's pool end when they have had nothing to do for 10 s. */
const DENO_SETTLED_MS = 12_000;
const IDLE_MS = 10_000;
const HELD_MS = 300;
const MEGABYTE = 1e6;

/** So often each figure is measured. */
export interface Rounds {
  readonly quick: number;
  readonly slow: number;
}

/** The figures, for denit in one or two forms. */
export function oneCommand(denits: readonly Contender[], { quick, slow }: Rounds): Figure[] {
  const able = (...needed: Ability[]): Contender[] =>
    [...denits, ...OTHERS].filter(({ lacks }) => !needed.some((each) => lacks.includes(each)));
  return [
    {
      key: "start",
      metrics: [{
        key: "start",
        title: "start: exec to the command's first instruction",
        unit: "ms",
        better: "less",
      }],
      contenders: [...denits, FLOOR, ...OTHERS],
      rounds: quick,
      async measure(workshop, contender) {
        await using run = workshop.start(contender, ["stamp"]);
        await run.until("its command to start", () => run.stamps.get("started") > 0);
        return { start: run.stamps.ms("executed", "started") };
      },
    },
    {
      key: "end",
      metrics: [{ key: "end", title: "the command's end to the init's end", unit: "ms", better: "less" }],
      contenders: [...denits, EXITING_DENO, ...able("ends with it")],
      rounds: quick,
      async measure(workshop, contender) {
        if (contender === EXITING_DENO) return { end: await measureExit(workshop) };
        await using run = workshop.start(contender, ["stamp"]);
        await run.end();
        return { end: run.stamps.ms("mainEnds", "initEnded") };
      },
    },
    {
      key: "memory",
      metrics: [
        { key: "dirty", title: "private dirty memory when idle", unit: "MB", better: "less" },
        { key: "pss", title: "proportional memory (PSS) when idle", unit: "MB", better: "less" },
        { key: "charged", title: "memory charged to the container", unit: "MB", better: "less" },
        {
          key: "switches",
          title: `context switches in ${IDLE_MS / 1000} s idle`,
          unit: "times",
          better: "less",
        },
        { key: "idleCpu", title: `CPU in ${IDLE_MS / 1000} s idle`, unit: "us", better: "less" },
      ],
      contenders: [...denits, IDLE_DENO, ...OTHERS],
      rounds: slow,
      measure: measureIdle,
    },
    {
      key: "signals",
      metrics: [
        { key: "signal50", title: "signal passed on, p50", unit: "us", better: "less" },
        { key: "signal99", title: "signal passed on, p99", unit: "us", better: "less" },
      ],
      contenders: able("forwards"),
      rounds: slow,
      async measure(workshop, contender) {
        await using run = workshop.start(contender, ["catch", SIGNALS]);
        await run.until("its command to be ready", () => run.stamps.get("ready") > 0);
        await settle();
        runToEnd(workshop.helper("outside", run.stamps, "shoot", SIGNALS));
        const latencies = run.stamps.pairsUs(SIGNALS);
        return { signal50: percentile(latencies, 50), signal99: percentile(latencies, 99) };
      },
    },
    {
      key: "at once",
      metrics: [
        { key: "atOnce", title: "20,000 orphans dead at one moment: all reaped", unit: "ms", better: "less" },
        { key: "atOnceCpu", title: "the same: CPU of the init for each", unit: "us", better: "less" },
      ],
      contenders: able("reaps"),
      rounds: slow,
      async measure(workshop, contender) {
        await using run = workshop.start(contender, ["at-once", ORPHANS]);
        await measured(run);
        return { atOnce: run.stamps.ms("begin", "end"), atOnceCpu: cpuForEach(run, ORPHANS) };
      },
    },
    {
      key: "one by one",
      metrics: [
        { key: "lag", title: "20,000 orphans one by one: lag after the last", unit: "ms", better: "less" },
        { key: "lagCpu", title: "the same: CPU of the init for each", unit: "us", better: "less" },
        { key: "zombies", title: "the same: most zombies at a time", unit: "times", better: "less" },
      ],
      contenders: able("reaps"),
      rounds: slow,
      async measure(workshop, contender) {
        await using run = workshop.start(contender, ["one-by-one", ORPHANS]);
        await measured(run);
        return {
          lag: run.stamps.ms("begin", "end"),
          lagCpu: cpuForEach(run, ORPHANS),
          zombies: run.stamps.get("zombies"),
        };
      },
    },
    {
      key: "alone",
      metrics: [
        { key: "alone50", title: "one orphan alone: end to reaped, p50", unit: "us", better: "less" },
        { key: "alone99", title: "one orphan alone: end to reaped, p99", unit: "us", better: "less" },
      ],
      contenders: able("reaps"),
      rounds: slow,
      async measure(workshop, contender) {
        await using run = workshop.start(contender, ["alone", ORPHANS_ALONE]);
        await measured(run);
        const latencies = run.stamps.pairsUs(ORPHANS_ALONE);
        return { alone50: percentile(latencies, 50), alone99: percentile(latencies, 99) };
      },
    },
  ];
}

/** Until the command has measured; an init that does not end with it is ended then. */
async function measured(run: Run): Promise<void> {
  await run.until(
    "the measurement to end",
    () => run.stamps.get("end") > 0 && run.stamps.get("cpuEnd") > 0 || over(run),
  );
  run.kill();
  await run.end();
}

function over(run: Run): boolean {
  return run.stamps.get("failed") > 0 || run.stamps.get("initEnded") > 0;
}

function cpuForEach(run: Run, count: number): number {
  return (run.stamps.get("cpuEnd") - run.stamps.get("cpuBegin")) / count / 1000;
}

/** Milliseconds from the end of what it waits for to the end of an idle Deno. */
async function measureExit(workshop: Workshop): Promise<number> {
  await using run = workshop.start(EXITING_DENO, [], { input: ["hold", HELD_MS] });
  await run.end();
  return run.stamps.ms("mainEnds", "initEnded");
}

async function measureIdle(workshop: Workshop, contender: Contender): Promise<Record<string, number>> {
  using group = makeGroup();
  await using run = workshop.start(contender, ["park"], { cgroup: group.folder });
  if (contender !== IDLE_DENO) await run.untilStarted();
  await settle(contender === IDLE_DENO || contender.name.startsWith("denit") ? DENO_SETTLED_MS : SETTLED_MS);
  const pids = initProcesses(run.pid, "child");
  const { privateDirty, pss } = memoryOf(pids);
  if (pss === 0) throw new Error(`Cannot measure the memory of ${contender.name}: /proc tells nothing`);
  const charged = group.charged();
  const before = activityOf(pids);
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const { switches, cpuNs } = activityBetween(before, activityOf(pids));
  const values = {
    dirty: privateDirty / MEGABYTE,
    pss: pss / MEGABYTE,
    charged: charged / MEGABYTE,
    switches,
    idleCpu: cpuNs / 1000,
  };
  run.kill();
  await run.end();
  return values;
}

/** What is done once after the start is done. */
async function settle(ms = SETTLED_MS): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
