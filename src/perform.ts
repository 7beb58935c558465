/** Carries orders out. */

import { listProcesses, type ProcessEntry, readCommand } from "../ffi/proc.ts";
import {
  anyOtherProcess,
  changeDirectory,
  closeInherited,
  ownGroup,
  sendSignal,
  stopSelf,
} from "../ffi/process.ts";
import { spawn } from "../ffi/spawn.ts";
import { giveTerminalUp, hasForeground, reclaimForeground, suspendWith } from "../ffi/terminal.ts";
import { peekChild } from "../ffi/wait.ts";
import type { Fact, Order, Remaining, Role, Target, TimerName } from "./core/model.ts";
import { isRealTime, number, SIGCONT, SIGKILL, signalName } from "./core/signals.ts";
import type { Log } from "./log.ts";
import type { Launch } from "./plan.ts";
import type { Dispatch } from "./loop.ts";
import type { Timers } from "./timers.ts";

const SIGHUP = number("HUP");

/** What performing needs to know of the system that denit runs in. */
export interface Surroundings {
  readonly ownPid: number;
  readonly role: Role;
  /** Signals that the caller had ignored, and those that it had blocked. */
  readonly ignored: readonly number[];
  readonly blocked: readonly number[];
  readonly launch: Launch;
  /** The command's words as bytes, where they are no UTF-8 and so would not survive as a string. */
  readonly rawCommand: readonly Uint8Array[] | null;
  readonly timers: Timers<TimerName>;
  readonly log: Log;
  readonly exit: (code: number) => void;
}

/** Makes the function that performs orders and dispatches the facts that come of them. */
export function performer(around: Surroundings): (order: Order, dispatch: Dispatch) => void {
  let mainGroup: number | null = null;

  return (order, dispatch) => {
    switch (order.type) {
      case "spawn": {
        const fact = tryToStart(order, around);
        if (fact.type === "spawned") mainGroup = fact.pid;
        return dispatch(fact);
      }
      case "send-signal":
        return send(order.target, order.signal, around, mainGroup);
      case "count":
        return dispatch({ type: "counted", anyone: anyoneLeft(around), atMs: performance.now() });
      case "survey": {
        const remaining = survey(around, order.withCommands);
        return dispatch({ type: "surveyed", remaining, atMs: performance.now() });
      }
      case "set-timer":
        return around.timers.set(order.timer, performance.now() + order.delayMs);
      case "suspend-with":
        suspendWith(order.group, order.signal);
        return;
      case "reclaim-terminal":
        return reclaimForeground();
      case "stop-self":
        return stopSelf();
      case "log":
        return around.log.write(order.level, order.note);
      case "exit":
        return around.exit(order.code);
    }
  };
}

/** An error of our own is a start that failed, so that the run ends. */
function tryToStart(order: Extract<Order, { type: "spawn" }>, around: Surroundings): Fact {
  try {
    return start(order, around);
  } catch (error) {
    const reason = String(error);
    const failure = { name: "refused", reason, systemReason: reason } as const;
    return { type: "spawn-failed", failure, atMs: performance.now() };
  }
}

function start(order: Extract<Order, { type: "spawn" }>, around: Surroundings): Fact {
  const { launch, rawCommand, ignored, blocked } = around;
  const session = launch.place === "own session";
  const foreground = launch.place === "terminal group" && hasForeground();
  const handOff = session && giveTerminalUp() ? [SIGHUP, SIGCONT] : [];
  const result = spawn({
    argv: launch.wrap?.(rawCommand ?? order.command) ?? rawCommand ?? order.command,
    place: launch.place === "terminal group" ? (foreground ? "foreground" : "own group") : launch.place,
    ignored: launch.keepsIgnored === "all" ? ignored : ignored.filter(isRealTime),
    blocked: launch.keepsMask ? blocked : [],
  });
  if (foreground && typeof result !== "number") reclaimForeground(); // the child took it before it failed
  if (launch.leavesDirectory) changeDirectory("/");
  if (launch.closesInherited) closeInherited();
  const atMs = performance.now();
  return typeof result === "number"
    ? { type: "spawned", pid: result, foreground, handOff, atMs }
    : { type: "spawn-failed", failure: result, atMs };
}

function send(target: Target, signal: number, around: Surroundings, mainGroup: number | null): void {
  switch (target.name) {
    case "process":
      return report(sendSignal(target.pid, signal), String(target.pid));
    case "group": {
      const result = sendSignal(-target.id, signal);
      // A leader that has moved to another group leaves none behind under its own number.
      const alone = result === "gone" && target.orLeader;
      return report(alone ? sendSignal(target.id, signal) : result, `group ${target.id}`);
    }
    case "everyone":
      if (around.role === "first") return void sendSignal(-1, signal);
      return sendToDescendants(signal, around, mainGroup);
  }

  function report(result: ReturnType<typeof sendSignal>, whom: string): void {
    if (result === "not permitted") {
      const message = `Cannot send ${signalName(signal)} to ${whom}: not permitted`;
      around.log.write("warning", { type: "problem", message });
    }
  }
}

/**
 * Signals each descendant, found parent before child; where /proc does not tell them, main's process group.
 *
 * KILL goes to whole process groups first, so that no fork slips by; only not to the group that we came with,
 * in which others may be.
 */
function sendToDescendants(signal: number, { ownPid }: Surroundings, mainGroup: number | null): void {
  const found = descendants(ownPid);
  if (found === null && mainGroup !== null) sendSignal(-mainGroup, signal);
  const groups = new Set(signal === SIGKILL ? found?.map(({ group }) => group) : []);
  groups.delete(ownGroup());
  groups.delete(0); // led from another PID namespace
  for (const group of groups) sendSignal(-group, signal);
  for (const { pid, group } of found ?? []) if (!groups.has(group)) sendSignal(pid, signal);
}

/** Whether anybody is left. Everyone below us stands below a child of ours, dead or alive. */
function anyoneLeft(around: Surroundings): boolean {
  return around.role === "first" ? anyOtherProcess() : peekChild() !== "none";
}

function survey(around: Surroundings, withCommands: boolean): readonly Remaining[] | null {
  if (!anyoneLeft(around)) return [];
  const { ownPid } = around;
  const all = around.role === "first"
    ? listProcesses()?.filter(({ pid }) => pid !== ownPid)
    : descendants(ownPid);
  if (all === null || all === undefined || all.length === 0) return null; // somebody is left, but is not shown
  return all
    .filter(({ zombie, parent }) => !zombie || parent === ownPid) // a zombie of ours is about to be reaped
    .map(({ pid, parent, startTicks, name }) => ({
      pid,
      parent,
      startTicks,
      ...withCommands && { command: readCommand(pid) ?? name },
    }));
}

/** Every process below `pid`, parents before their children; `null` where /proc does not tell. */
function descendants(pid: number): ProcessEntry[] | null {
  const all = listProcesses();
  if (all === null) return null;
  const children = Map.groupBy(all, ({ parent }) => parent);
  const found = [...children.get(pid) ?? []];
  for (const entry of found) found.push(...children.get(entry.pid) ?? []); // grows while it is walked
  return found;
}
