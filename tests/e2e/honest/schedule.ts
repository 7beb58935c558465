/** Schedules that time can play: such as the simulation plays, of which a busy machine does not change the story. */

import fc from "fast-check";
import type { Program, Project, Service } from "../../../src/core/services/project.ts";
import { describeServiceNote } from "../../../src/core/services/words.ts";
import type { Part } from "../../../src/core/services/model.ts";
import { signalName } from "../../../src/core/signals.ts";
import { load } from "../../config/system.ts";
import { program } from "../../core/services/play.ts";
import { type Fate, type Fork, NAMES, type Script, script } from "../../core/services/script.ts";
import { play } from "../../core/services/simulation.ts";
import { World } from "../../core/services/world.ts";
import { randomFrom } from "../../random.ts";
import type { FileOfServices } from "../services/support.ts";
import { show, type Story, storyOf } from "./story.ts";

/** A schedule, and what the fake world tells of it however late things are. */
export interface Schedule {
  readonly script: Script;
  /** The files of the script as they are written; `null` is one with an error. */
  readonly files: readonly (FileOfServices | null)[];
  readonly story: Story;
}

/** Where a program of a service is found, in the folder of its run. */
export const PROGRAMS = "/run/programs";

/** How much later than in the script things may be, in milliseconds: more than they are as a rule on a busy machine. */
const LATE = { loop: 60, start: 180, reaction: 60, read: 500, signal: 120 } as const;
/** In so many plays, each with other times, a schedule has to tell the same. */
const PLAYS = 25;
const STOP_AT_MS = 4000;
/** Shorter stories tell little. */
const LEAST_LENGTH = 12;
/** The least time between two signals. */
const APART_MS = 700;

/** Finds so many schedules, always the same ones from a seed. */
export function findSchedules(count: number, seed: number): Schedule[] {
  const found: Schedule[] = [];
  for (let round = 0; found.length < count; round++) {
    for (const each of fc.sample(script, { numRuns: 100, seed: seed + round })) {
      const schedule = scheduleOf(each, seed + round);
      if (schedule !== null && lengthOf(schedule.story) >= LEAST_LENGTH) found.push(schedule);
      if (found.length === count) break;
    }
  }
  return found;
}

/** The schedule that a script comes to; `null` if its story depends on milliseconds, or its file is refused. */
export function scheduleOf(drawn: Script, seed: number): Schedule | null {
  const slow = slowed(drawn);
  const files = slow.files.map((project) => project === null ? null : fileOf(project));
  let loaded: Script["files"];
  try {
    loaded = files.map((file) => file && load(JSON.stringify(file))) as unknown as Script["files"];
  } catch {
    return null; // a rule of the file that the generator does not know
  }
  const ready = { ...slow, files: loaded };
  const random = randomFrom(seed);
  const story = storyInFake(ready, () => 0); // nothing is late: by chance alone no play is like that
  const shown = show(story);
  for (let i = 1; i < PLAYS; i++) if (show(storyInFake(ready, random)) !== shown) return null;
  return { script: ready, files, story };
}

function lengthOf(story: Story): number {
  return [...story.values()].flat().length;
}

/** What becomes of a run of a service's part: by its name, since two services may be started in either order. */
export function fatesOf({ mains, helpers }: Script, service: string, part: Part): Fate[] {
  const all = part === "main" ? mains : helpers;
  const first = NAMES.findIndex((name) => name === service);
  const fates = all.map((_, i) => all[(first + i) % all.length]!);
  const missing = fates.findIndex(({ starts }) => !starts);
  return missing < 0 ? fates : fates.slice(0, missing + 1); // a program that is gone stays so
}

function fateOf(script: Script, service: string, part: Part, turn: number): Fate {
  const fates = fatesOf(script, service, part);
  return fates.at(-1)!.starts ? fates[turn % fates.length]! : fates[Math.min(turn, fates.length - 1)]!;
}

/** One play in the fake world, in which everything is late by chance. */
function storyInFake(script: Script, random: () => number): Story {
  const upTo = (ms: number): number => Math.floor(random() * (ms + 1));
  const lines: string[] = [];
  const deeds: string[] = [];
  let exitCode = -1;
  const world = new World({
    ...script,
    signals: script.signals.map(({ atMs, signal }) => ({ atMs: atMs + upTo(LATE.signal), signal })),
    stopAtMs: script.stopAtMs + upTo(LATE.signal),
    visitors: script.visitors.map(({ atMs, fate }) => ({ atMs: atMs + upTo(LATE.signal), fate })),
    chances: script.chances.map(() => upTo(99)),
  }, {
    late: () => random() < 0.5 ? 0 : upTo(LATE.loop),
    wakes: () => 1 + (random() < 0.5 ? 0 : upTo(LATE.start)),
    reacts: () => 1 + (random() < 0.5 ? 0 : upTo(LATE.reaction)),
    reads: () => 1 + upTo(LATE.read),
    fateOf: (service, part, turn) => fateOf(script, service, part, turn),
    tell: ({ name }, deed) => void deeds.push(`${name} ${deed}`),
  });
  play(script, world, () => {}, (order) => {
    if (order.type === "tell") lines.push(`${order.level}: ${describeServiceNote(order.note)}`);
    if (order.type === "exit") exitCode = order.code;
  });
  return storyOf({ lines, deeds, exitCode }, script.files);
}

/** The same script in times that a machine can keep apart, without what cannot be made to happen for real. */
function slowed(script: Script): Script {
  let last = -APART_MS;
  const signals = script.signals.toSorted((one, other) => one.atMs - other.atMs).map(({ atMs, signal }) => {
    last = Math.max(Math.round(atMs * 0.6), last + APART_MS);
    return { atMs: last, signal };
  });
  return {
    ...script,
    hasProc: true,
    files: script.files.map((project) => project && slowedProject(project)) as unknown as Script["files"],
    timeoutMs: slower(script.timeoutMs),
    mains: script.mains.map(slowedFate),
    helpers: script.helpers.map(slowedFate),
    signals,
    stopAtMs: Math.max(STOP_AT_MS, last + APART_MS),
    visitors: script.role === "first"
      ? script.visitors.map(({ atMs, fate }) => ({ atMs: Math.round(atMs * 0.6), fate: slowedFate(fate) }))
      : [],
    jobsDueMs: [],
  };
}

function slowedProject({ services }: Project): Project {
  return {
    services: services.map((service): Service => ({
      ...service,
      restart: {
        ...service.restart,
        delayMs: service.restart.delayMs && slower(service.restart.delayMs),
        windowMs: slower(service.restart.windowMs),
      },
      stopGraceMs: slower(service.stopGraceMs),
      health: service.health && {
        test: { name: "program", program: program("check") }, // no network
        retries: service.health.retries,
        intervalMs: slower(service.health.intervalMs),
        timeoutMs: slower(service.health.timeoutMs),
        startPeriodMs: slower(service.health.startPeriodMs),
        startIntervalMs: slower(service.health.startIntervalMs),
      },
      schedule: null, // a minute is the shortest
    })),
  };
}

function slowedFate(fate: Fate): Fate {
  return {
    ...fate,
    livesMs: fate.livesMs && slower(fate.livesMs),
    endsInMs: slower(fate.endsInMs),
    survivesKillMs: 0,
    forks: fate.forks.map((fork): Fork => ({
      ...fork,
      afterMs: slower(fork.afterMs),
      fate: slowedFate(fork.fate),
    })),
  };
}

/** What is short becomes long enough to be seen, and what is long not much longer. */
function slower(ms: number): number {
  return ms === 0 ? 0 : Math.min(Math.round(250 + 2.5 * ms), 8000);
}

/** A project as a file of services. */
function fileOf({ services }: Project): FileOfServices {
  const CONDITIONS = {
    "started": "service_started",
    "healthy": "service_healthy",
    "completed successfully": "service_completed_successfully",
  };
  const RESTARTS = { "never": "none", "always": "any", "on failure": "on-failure" };
  const hooks = (name: string, part: Part, programs: readonly Program[]): FileOfServices[] =>
    programs.map(({ command }) => ({ command: [`${PROGRAMS}/${name}.${part}`, ...command] }));
  return {
    services: Object.fromEntries(services.map((service) => {
      const { name, restart, health, program: { command } } = service;
      return [name, {
        command: [`${PROGRAMS}/${name}.main`, ...command.slice(1)],
        depends_on: Object.fromEntries(service.dependsOn.map((on) => [
          on.service,
          { condition: CONDITIONS[on.condition], required: on.required, restart: on.restart },
        ])),
        deploy: {
          restart_policy: {
            condition: RESTARTS[restart.when],
            ...restart.attempts !== null && { max_attempts: restart.attempts },
            ...restart.delayMs !== null && { delay: `${restart.delayMs}ms` },
            window: `${restart.windowMs}ms`,
          },
        },
        stop_signal: signalName(service.stopSignal),
        signal_to: service.signalTo,
        stop_grace_period: `${service.stopGraceMs}ms`,
        ...health !== null && {
          healthcheck: {
            test: ["CMD", `${PROGRAMS}/${name}.probe`],
            interval: `${health.intervalMs}ms`,
            timeout: `${health.timeoutMs}ms`,
            retries: health.retries,
            start_period: `${health.startPeriodMs}ms`,
            start_interval: `${health.startIntervalMs}ms`,
          },
        },
        post_start: hooks(name, "post_start", service.postStart),
        pre_stop: hooks(name, "pre_stop", service.preStop),
        ...service.essential !== "failure" && { essential: service.essential === "any end" },
        forward_signals: service.forwardSignals.map(signalName),
      }];
    })),
  };
}
