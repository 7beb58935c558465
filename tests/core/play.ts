/** Plays facts to the heart and shows the orders that it gives as lines that people can read. */

import type {
  Fact,
  Level,
  Order,
  Policy,
  Reaped,
  Remaining,
  StartFailure,
  State,
  Status,
  Target,
  TimerName,
} from "../../src/core/model.ts";
import { START_FAILURE_CODES } from "../../src/core/exit_code.ts";
import { begin, reduce } from "../../src/core/reduce.ts";
import { parseSignal, signalName } from "../../src/core/signals.ts";
import { describe } from "../../src/core/words.ts";

/** Main's process id in every play. */
export const MAIN = 7;

/** The policy of `denit -- web`, as the first process of its namespace. */
export const POLICY: Policy = {
  signalTo: "group",
  rewrite: new Map(),
  graceMs: 8000,
  killAfterMs: null,
  atEnd: "wait",
  stopsItself: false,
  okExits: new Set(),
  warnReaped: false,
  verbose: false,
  role: "first",
  startFailureCodes: START_FAILURE_CODES,
};

/** A fact before it has a time. */
export type Event = Fact extends infer Each ? Each extends Fact ? Omit<Each, "atMs"> : never : never;

/** A run of the heart. */
export interface Play {
  readonly state: State;
  /** Tells a fact, at a time in milliseconds; returns the orders that follow, without lines at level info. */
  tell(event: Event, atMs?: number): string[];
  /** The lines at a level that have been ordered so far. */
  lines(level: Level): string[];
}

/** Starts a run of `web` under a policy that differs from {@linkcode POLICY} in some things. */
export function play(changes: Partial<Policy> = {}): Play {
  const log: Extract<Order, { type: "log" }>[] = [];
  let [state] = begin({ ...POLICY, ...changes }, ["web"]);
  return {
    get state(): State {
      return state;
    },
    tell(event, atMs = 0): string[] {
      const [next, orders] = reduce(state, { ...event, atMs } as Fact);
      state = next;
      log.push(...orders.filter((order) => order.type === "log"));
      return orders.filter((order) => order.type !== "log" || order.level !== "info").map(showOrder);
    },
    lines(level): string[] {
      return log.filter((order) => order.level === level).map(({ note }) => describe(note));
    },
  };
}

/** A run whose main has been started. */
export function playRunning(changes: Partial<Policy> = {}, foreground = false): Play {
  const run = play(changes);
  run.tell(spawned(foreground));
  return run;
}

/** A run whose main has ended with 3, at 0 ms, while others go on. */
export function playStopping(changes: Partial<Policy> = {}): Play {
  const run = playRunning(changes);
  run.tell(reaped(exited(MAIN, 3)));
  run.tell(SOMEBODY_LEFT);
  return run;
}

/** A run in which the processes were asked to end at 0 ms, and the grace of 8 s has just ended. */
export function playKilling(remaining: readonly Remaining[] | null, changes: Partial<Policy> = {}): Play {
  const run = playStopping(changes);
  run.tell(surveyed(remaining));
  run.tell(fired("grace"), 8000);
  return run;
}

export function spawned(foreground = false, handOff: readonly number[] = []): Event {
  return { type: "spawned", pid: MAIN, foreground, handOff };
}

export function spawnFailed(name: StartFailure["name"]): Event {
  return { type: "spawn-failed", failure: { name, reason: "the reason", systemReason: "The reason" } };
}

export function signalled(name: string): Event {
  return { type: "signalled", signal: parseSignal(name)! };
}

export function reaped(...children: Reaped[]): Event {
  return { type: "reaped", children };
}

export function exited(pid: number, code: number, program?: string): Reaped {
  return child(pid, { name: "exited", code }, program);
}

export function killed(pid: number, signal: string, coreDumped = false): Reaped {
  return child(pid, { name: "killed", signal: parseSignal(signal)!, coreDumped });
}

function child(pid: number, status: Status, program?: string): Reaped {
  return program === undefined ? { pid, status } : { pid, status, program };
}

export function stopped(pid: number, signal: string): Event {
  return { type: "stopped", pid, signal: parseSignal(signal)! };
}

export const SOMEBODY_LEFT: Event = { type: "counted", anyone: true };
export const NOBODY_LEFT: Event = { type: "counted", anyone: false };

export function surveyed(remaining: readonly Remaining[] | null): Event {
  return { type: "surveyed", remaining };
}

/** A process that still runs; its parent is denit (1) unless told otherwise. */
export function process(pid: number, parent?: number, command?: string, startTicks?: string): Remaining {
  return {
    pid,
    parent: parent ?? 1,
    startTicks: startTicks ?? "100",
    ...command !== undefined && { command },
  };
}

export function fired(timer: TimerName): Event {
  return { type: "timer-fired", timer };
}

/** An order as a line. */
export function showOrder(order: Order): string {
  switch (order.type) {
    case "spawn":
      return `spawn ${order.command.join(" ")}`;
    case "send-signal":
      return `send ${signalName(order.signal)} to ${showTarget(order.target)}`;
    case "count":
      return "count";
    case "survey":
      return order.withCommands ? "survey with commands" : "survey";
    case "set-timer":
      return `set ${order.timer} to ${order.delayMs} ms`;
    case "suspend-with":
      return `suspend with group ${order.group}`;
    case "reclaim-terminal":
      return "reclaim the terminal";
    case "leave-by-interrupt":
      return "leave by INT";
    case "stop-self":
      return "stop denit itself";
    case "log":
      return `${order.level}: ${describe(order.note)}`;
    case "exit":
      return `exit with ${order.code}`;
  }
}

function showTarget(target: Target): string {
  switch (target.name) {
    case "group":
      return `group ${target.id}`;
    case "process":
      return `process ${target.pid}`;
    case "everyone":
      return "everyone";
  }
}
