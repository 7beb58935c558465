/** What a simulated run is made of: random files, programs with tempers, and what happens when. */

import fc from "fast-check";
import type { Role } from "../../../src/core/model.ts";
import type {
  Dependency,
  HealthPlan,
  Project,
  RestartPolicy,
  Service,
} from "../../../src/core/services/project.ts";
import { program, service } from "./play.ts";

/** Everything that chance decides in a run: the same script is the same run. */
export interface Script {
  /** The file at the start, and what each reload finds, in a circle; `null`: a file with an error. */
  readonly files: readonly [Project, ...(Project | null)[]];
  readonly role: Role;
  /** As a subreaper without /proc denit does not find all that is to be ended. */
  readonly hasProc: boolean;
  /** Milliseconds for the whole shutdown. */
  readonly timeoutMs: number;
  /** Of the main programs in the order of their starts, in a circle; and of probes and hooks. */
  readonly mains: readonly Fate[];
  readonly helpers: readonly Fate[];
  readonly answers: readonly Answer[];
  readonly signals: readonly { readonly atMs: number; readonly signal: number }[];
  /** When TERM comes in any case: without it a run may go on for ever. */
  readonly stopAtMs: number;
  /** Who comes in by `docker exec`, and is nobody's. */
  readonly visitors: readonly { readonly atMs: number; readonly fate: Fate }[];
  /** The jobs that are planned then come due. */
  readonly jobsDueMs: readonly number[];
  /** Numbers from 0 to 99, in a circle: how late the loop is, and what it sees first. */
  readonly chances: readonly number[];
}

/** What becomes of a process. */
export interface Fate {
  readonly starts: boolean;
  /** When it ends by itself; `null`: never. */
  readonly livesMs: number | null;
  readonly code: number;
  /** What a stop signal does to it, and for how long; who cleans up forks somebody who does it. */
  readonly temper: "ends" | "ignores" | "cleans up";
  readonly endsInMs: number;
  /** How long it is in the kernel's uninterruptible sleep when KILL comes; `null`: for ever. */
  readonly survivesKillMs: number | null;
  readonly forks: readonly Fork[];
}

export interface Fork {
  readonly afterMs: number;
  /** Where it goes: a shell's jobs make a group of their own, daemons a session, in which they are left to denit. */
  readonly place: "group" | "own group" | "own session";
  readonly fate: Fate;
}

/** What a probe from the network finds, and when; `null`: no answer at all. */
export interface Answer {
  readonly isWell: boolean;
  readonly inMs: number | null;
}

const STOP_AT_MS = 5000;

export const SIGHUP = 1;
const SIGINT = 2;
export const SIGUSR1 = 10;
const SIGTERM = 15;

/** A few values stand for all: many of one kind make chance meetings likely. */
function oneOf<T>(...values: readonly T[]): fc.Arbitrary<T> {
  return fc.constantFrom(...values);
}

const timeMs = fc.nat({ max: STOP_AT_MS });

const childFate: fc.Arbitrary<Fate> = fc.record({
  livesMs: oneOf(null, 0, 30, 300),
  temper: oneOf<Fate["temper"]>("ends", "ignores"),
  endsInMs: oneOf(0, 20, 400),
  survivesKillMs: oneOf(0, 0, 0, 0, 0, 0, 0, 0, 50, null),
}).map((fate) => ({ starts: true, code: 0, forks: [], ...fate }));

const forks: fc.Arbitrary<Fork[]> = fc.array(
  fc.record({
    afterMs: oneOf(0, 5, 100),
    place: oneOf<Fork["place"]>("group", "own group", "own session"),
    fate: childFate,
  }),
  { maxLength: 2 },
);

const mainFate: fc.Arbitrary<Fate> = fc.record({
  starts: oneOf(true, true, true, true, true, false),
  livesMs: oneOf(null, null, 0, 5, 50, 250, 1000),
  code: oneOf(0, 0, 3, 4),
  temper: oneOf<Fate["temper"]>("ends", "ends", "cleans up", "ignores"),
  endsInMs: oneOf(0, 0, 5, 100, 1500),
  survivesKillMs: oneOf(0, 0, 0, 0, 0, 0, 0, 50, null),
  forks,
});

const helperFate: fc.Arbitrary<Fate> = fc.record({
  starts: oneOf(true, true, true, true, false),
  livesMs: oneOf(0, 1, 10, 60, null),
  code: oneOf(0, 0, 0, 1),
  temper: oneOf<Fate["temper"]>("ends", "ignores"),
  endsInMs: oneOf(0, 20),
  survivesKillMs: fc.constant(0),
  forks,
});

const restart: fc.Arbitrary<RestartPolicy> = fc.record({
  when: oneOf<RestartPolicy["when"]>("never", "always", "on failure"),
  attempts: oneOf(null, null, 1, 2),
  countsAll: fc.boolean(),
  delayMs: oneOf(null, null, 20, 70),
  windowMs: oneOf(200, 10_000),
});

const healthPlan: fc.Arbitrary<HealthPlan> = fc.record({
  test: oneOf<HealthPlan["test"]>(
    { name: "program", program: program("check") },
    { name: "tcp", host: "localhost", port: 1 },
  ),
  intervalMs: oneOf(20, 150),
  timeoutMs: oneOf(15, 80),
  retries: oneOf(1, 2),
  startPeriodMs: oneOf(0, 100),
  startIntervalMs: fc.constant(10),
});

interface Draft {
  readonly service: Service;
  /** Of each service before it in the order of starts: how this one depends on it, if it does. */
  readonly on: readonly (Omit<Dependency, "service"> | null)[];
}

const draft: fc.Arbitrary<Draft> = fc.record({
  service: fc.record({
    restart,
    stopSignal: oneOf(SIGTERM, SIGTERM, 3, 9),
    signalTo: oneOf<Service["signalTo"]>("group", "group", "main"),
    stopGraceMs: oneOf(0, 40, 300, 10_000),
    health: fc.option(healthPlan),
    postStart: oneOf([], [], [], [program("hook")], [program("one"), program("two")]),
    preStop: oneOf([], [], [], [program("bye")], [program("one"), program("two")]),
    essential: oneOf<Service["essential"]>("never", "never", "never", "never", "failure", "any end"),
    schedule: oneOf(null, null, null, null, "* * * * *"),
    forwardSignals: oneOf([], [], [SIGUSR1], [SIGHUP, SIGUSR1]),
  }).map((changes) => service("", changes)),
  on: fc.array(
    fc.option(
      fc.record({
        condition: oneOf<Dependency["condition"]>("started", "healthy", "completed successfully"),
        required: oneOf(true, true, false),
        restart: fc.boolean(),
      }),
    ),
    { maxLength: 3 },
  ),
});

/** Words that no line of the log has beside them. */
export const NAMES = ["ant", "bee", "cat", "dog", "eel"] as const;

/** A right file: dependencies go in no circle, and whose health is asked for has a healthcheck. */
const project: fc.Arbitrary<Project> = fc.record({
  names: fc.shuffledSubarray([...NAMES], { minLength: 1 }),
  drafts: fc.array(draft, { minLength: NAMES.length, maxLength: NAMES.length }),
  turned: fc.boolean(),
}).map(({ names, drafts, turned }) => {
  const services: Service[] = [];
  for (const [i, name] of names.entries()) {
    const { service, on } = drafts[i]!;
    const dependsOn = services.toReversed().flatMap((other, j): Dependency[] => {
      const how = on[j] ?? null;
      if (how === null || how.condition === "healthy" && other.health === null) return [];
      return [{ ...how, service: other.name }];
    });
    services.push({ ...service, name, program: program(name), dependsOn });
  }
  return { services: turned ? services.toReversed() : services };
});

/** A later version: another file, the same with one service from another, or one with an error. */
function versionOf(first: Project): fc.Arbitrary<Project | null> {
  return fc.oneof(
    project,
    fc.constant(first),
    fc.constant(null),
    fc.nat({ max: 4 }).map((at) => ({
      services: first.services.map((each, i) =>
        i === at % first.services.length ? { ...each, program: program(each.name, "changed") } : each
      ),
    })),
  );
}

/** Scripts of all kinds. */
export const script: fc.Arbitrary<Script> = project.chain((first) =>
  fc.record({
    files: fc.array(versionOf(first), { maxLength: 3 }).map((
      later,
    ): Script["files"] => [first, ...later]),
    system: oneOf<Pick<Script, "role" | "hasProc">>(
      { role: "first", hasProc: true },
      { role: "subreaper", hasProc: true },
      { role: "subreaper", hasProc: true },
      { role: "first", hasProc: false },
    ),
    timeoutMs: oneOf(0, 300, 1000, 3000),
    mains: fc.array(mainFate, { minLength: 1, maxLength: 12 }),
    helpers: fc.array(helperFate, { minLength: 1, maxLength: 8 }),
    answers: fc.array(fc.record({ isWell: fc.boolean(), inMs: oneOf(0, 10, 40, null) }), {
      minLength: 1,
      maxLength: 6,
    }),
    signals: fc.array(
      fc.record({
        atMs: fc.oneof(timeMs, oneOf(0, 1, 100, 105, 1000)),
        signal: oneOf(SIGHUP, SIGHUP, SIGHUP, SIGUSR1, SIGINT, SIGTERM),
      }),
      { maxLength: 6 },
    ),
    stopAtMs: fc.constant(STOP_AT_MS),
    visitors: fc.array(fc.record({ atMs: timeMs, fate: childFate }), { maxLength: 2 }),
    jobsDueMs: fc.array(timeMs, { maxLength: 4 }),
    chances: fc.array(fc.nat({ max: 99 }), { minLength: 1, maxLength: 20 }),
  }).map(({ system, ...script }) => ({ ...script, ...system }))
);
