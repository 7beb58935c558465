/** The processes below denit: how they are signalled, whether anybody is left, and who. */

import { listProcesses, type ProcessEntry, readCommand } from "../ffi/proc.ts";
import { anyOtherProcess, isGroupToSignal, ownGroup, sendSignal } from "../ffi/process.ts";
import { peekChild } from "../ffi/wait.ts";
import type { Remaining, Role, Target } from "./core/model.ts";
import { SIGKILL, signalName } from "./core/signals.ts";
import type { Log } from "./log.ts";

/** What is to be known of the system to find them. */
export interface ProcessSurroundings {
  readonly ownPid: number;
  readonly role: Role;
  readonly log: Log;
  /** The process groups that denit has started, all that can be signalled where /proc tells of nobody. */
  readonly groups: () => Iterable<number>;
}

/** What was told of KILL, which is sent again and again to who does not end. */
const refused = new Set<string>();

/** Sends a signal. That somebody is gone is nothing unusual, that it is not permitted is told. */
export function signalTarget(target: Target, signal: number, around: ProcessSurroundings): void {
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
      return sendToDescendants(signal, around);
  }

  function report(result: ReturnType<typeof sendSignal>, whom: string): void {
    if (result !== "not permitted") return;
    const message = `Cannot send ${signalName(signal)} to ${whom}: not permitted`;
    if (refused.has(message)) return;
    if (signal === SIGKILL) refused.add(message);
    around.log.write("warning", { type: "problem", message });
  }
}

/**
 * Signals each descendant, found parent before child; where /proc does not tell them, the groups that are known.
 *
 * KILL goes to whole process groups first, so that no fork slips by; only not to the group that we came with,
 * in which others may be.
 */
function sendToDescendants(signal: number, { ownPid, groups: known }: ProcessSurroundings): void {
  const found = descendants(ownPid);
  if (found === null) { for (const group of known()) sendSignal(-group, signal); }
  const groups = new Set(signal === SIGKILL ? found?.map(({ group }) => group).filter(isGroupToSignal) : []);
  groups.delete(ownGroup());
  for (const group of groups) sendSignal(-group, signal);
  for (const { pid, group } of found ?? []) if (!groups.has(group)) sendSignal(pid, signal);
}

/** Whether anybody is left. Everyone below us stands below a child of ours, dead or alive. */
export function anyoneLeft({ role }: Pick<ProcessSurroundings, "role">): boolean {
  return role === "first" ? anyOtherProcess() : peekChild() !== "none";
}

/** Who is left; `null` where somebody is, and /proc does not tell who. */
export function survey(
  around: Pick<ProcessSurroundings, "ownPid" | "role">,
  withCommands: boolean,
): readonly Remaining[] | null {
  if (!anyoneLeft(around)) return [];
  const { ownPid } = around;
  const all = around.role === "first"
    ? listProcesses()?.filter(({ pid }) => pid !== ownPid)
    : descendants(ownPid);
  if (all === null || all === undefined || all.length === 0) return null; // somebody is left, but is not shown
  return all
    .filter(({ zombie, parent }) => !zombie || parent === ownPid) // a zombie of ours is about to be reaped
    .map((entry) => remainingOf(entry, withCommands));
}

/** What the heart is told of a process. */
export function remainingOf(
  { pid, parent, startTicks, stuck, name }: ProcessEntry,
  withCommand: boolean,
): Remaining {
  const command = (): string => (stuck ? null : readCommand(pid)) ?? name;
  return { pid, parent, startTicks, ...withCommand && { command: command() } };
}

/** Every process below `pid`, parents before their children; `null` where /proc does not tell. */
export function descendants(pid: number): ProcessEntry[] | null {
  const all = listProcesses();
  return all === null ? null : below(pid, all);
}

/** Those of all processes that are below `pid`, however many they are. */
export function below(pid: number, all: readonly ProcessEntry[]): ProcessEntry[] {
  const children = Map.groupBy(all, ({ parent }) => parent);
  const found = [...children.get(pid) ?? []];
  for (const entry of found) { // grows while it is walked
    for (const child of children.get(entry.pid) ?? []) found.push(child);
  }
  return found;
}
