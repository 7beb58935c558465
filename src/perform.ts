/** Carries orders out. */

import { changeDirectory, closeInherited, isGroupToSignal, sendSignal, stopSelf } from "../ffi/process.ts";
import { spawn } from "../ffi/spawn.ts";
import {
  foregroundGroup,
  giveTerminalUp,
  hasForeground,
  reclaimForeground,
  suspendWith,
} from "../ffi/terminal.ts";
import type { CommonFact, CommonOrder, Fact, Order, TimerName } from "./core/model.ts";
import { isRealTime, number, SIGCONT, SIGINT } from "./core/signals.ts";
import type { Dispatch } from "./loop.ts";
import type { Launch } from "./plan.ts";
import { anyoneLeft, descendants, type ProcessSurroundings, signalTarget, survey } from "./processes.ts";
import type { Timers } from "./timers.ts";

const SIGHUP = number("HUP");

/** What performing needs in any run. */
export interface CommonSurroundings extends ProcessSurroundings {
  readonly timers: Timers<TimerName>;
  readonly exit: (code: number) => void;
}

/** What performing needs in a run of one program. */
export interface Surroundings extends Omit<CommonSurroundings, "groups" | "exit"> {
  /** Leaves with the code or, if there is a signal, by that. */
  readonly exit: (code: number, signal: number | null) => void;
  /** Signals that the caller had ignored, and those that it had blocked. */
  readonly ignored: readonly number[];
  readonly blocked: readonly number[];
  /** A descriptor that can be read when a signal has come. */
  readonly news: number;
  readonly launch: Launch;
  /** The command's words as bytes, where they are no UTF-8 and so would not survive as a string. */
  readonly rawCommand: readonly Uint8Array[] | null;
}

/** Makes the function that performs orders and dispatches the facts that come of them. */
export function performer(
  surroundings: Surroundings,
): (order: Order, dispatch: Dispatch<Fact>) => void {
  let mainGroup: number | null = null;
  let leavesBy: number | null = null;
  const around = {
    ...surroundings,
    groups: () => mainGroup === null ? [] : [mainGroup],
    exit: (code: number) => surroundings.exit(code, leavesBy),
  };

  return (order, dispatch) => {
    switch (order.type) {
      case "spawn": {
        const fact = tryToStart(order, around);
        if (fact.type === "spawned") mainGroup = fact.pid;
        return dispatch(fact);
      }
      case "suspend-with":
        suspendWith(order.group, order.signal);
        return;
      case "reclaim-terminal":
        return reclaimTerminal(mainGroup, around);
      case "leave-by-interrupt":
        leavesBy = SIGINT;
        return;
      case "stop-self":
        return stopSelf();
      case "send-signal":
      case "count":
      case "survey":
      case "set-timer":
      case "log":
      case "exit":
        return performCommon(order, around, dispatch);
    }
  };
}

/** Performs an order that every run has. */
export function performCommon(
  order: CommonOrder,
  around: CommonSurroundings,
  dispatch: Dispatch<CommonFact>,
): void {
  switch (order.type) {
    case "send-signal":
      return signalTarget(order.target, order.signal, around);
    case "count":
      return dispatch({ type: "counted", anyone: anyoneLeft(around), atMs: performance.now() });
    case "survey": {
      const remaining = tryToSurvey(around, order.withCommands);
      return dispatch({ type: "surveyed", remaining, atMs: performance.now() });
    }
    case "set-timer":
      return around.timers.set(order.timer, performance.now() + order.delayMs);
    case "log":
      return around.log.write(order.level, order.note);
    case "exit":
      return around.exit(order.code);
  }
}

/** An error of our own is a /proc that does not tell, so that the end goes on. */
function tryToSurvey(around: CommonSurroundings, withCommands: boolean): ReturnType<typeof survey> {
  try {
    return survey(around, withCommands);
  } catch (error) {
    around.log.write("error", { type: "problem", message: `Cannot see who is left: ${String(error)}` });
    return null;
  }
}

type Starting = Pick<Surroundings, "launch" | "rawCommand" | "ignored" | "blocked" | "news">;

/** An error of our own is a start that failed, so that the run ends. */
function tryToStart(order: Extract<Order, { type: "spawn" }>, around: Starting): Fact {
  try {
    return start(order, around);
  } catch (error) {
    const reason = String(error);
    const failure = { name: "refused", reason, systemReason: reason } as const;
    return { type: "spawn-failed", failure, atMs: performance.now() };
  }
}

function start(order: Extract<Order, { type: "spawn" }>, around: Starting): Fact {
  const { launch, rawCommand, ignored, blocked, news } = around;
  const session = launch.place === "own session";
  const foreground = launch.place === "terminal group" && hasForeground();
  const handOff = session && giveTerminalUp() ? [SIGHUP, SIGCONT] : [];
  const result = spawn({
    argv: launch.wrap?.(rawCommand ?? order.command) ?? rawCommand ?? order.command,
    place: launch.place === "terminal group" ? (foreground ? "foreground" : "own group") : launch.place,
    ignored: launch.keepsIgnored === "all" ? ignored : ignored.filter(isRealTime),
    blocked: launch.keepsMask ? blocked : [],
    news,
  });
  if (foreground && typeof result !== "number") reclaimForeground(); // the child took it before it failed
  if (launch.leavesDirectory) changeDirectory("/");
  if (launch.closesInherited) closeInherited();
  const atMs = performance.now();
  return typeof result === "number"
    ? { type: "spawned", pid: result, foreground, handOff, atMs }
    : { type: "spawn-failed", failure: result, atMs };
}

/**
 * Takes the terminal back from main's group, from one that main has started, and from one of which nobody is left; not
 * from the shell above us, which has it after Ctrl-Z and `bg`: a shell that may not read its terminal ends.
 */
function reclaimTerminal(mainGroup: number | null, { ownPid }: Pick<Surroundings, "ownPid">): void {
  const holder = foregroundGroup();
  if (holder === null || !isGroupToSignal(holder)) return;
  const isBelow = holder === mainGroup || sendSignal(-holder, 0) === "gone" ||
    descendants(ownPid)?.some(({ group }) => group === holder);
  if (isBelow) reclaimForeground();
}
