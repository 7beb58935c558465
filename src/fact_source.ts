/** Where facts come from: signals, children, and timers. */

import { readProgram } from "../ffi/proc.ts";
import { hasForeground } from "../ffi/terminal.ts";
import { peekChild, takeChild, takeStoppedChild, type Waited } from "../ffi/wait.ts";
import type { CommonFact, Reaped, TimerName } from "./core/model.ts";
import { SIGCHLD, TERMINAL_STOPS } from "./core/signals.ts";
import type { Log } from "./log.ts";
import type { SignalSource } from "./signal_source.ts";
import type { Timers } from "./timers.ts";

/**
 * Makes the function that tells what has happened and, if nothing has, waits until something does. Lines that still
 * wait to be written go out meanwhile.
 *
 * Signals and timers by themselves, then children: a signal that came before main had ended must be forwarded while
 * main is not yet reaped, and its process id can be nobody else's.
 */
export function factSource(
  signals: SignalSource,
  timers: Timers<TimerName>,
  log: Log,
  named: boolean,
): () => CommonFact[] {
  let childrenNext = false;
  return () => {
    for (let inVain = 0;;) {
      const atMs = performance.now();
      const facts = childrenNext
        ? reapChildren(named)
        : [...takeSignals(signals, atMs), ...takeTimers(timers, atMs)];
      childrenNext = !childrenNext;
      if (facts.length > 0) return facts;
      if (++inVain < 2) continue; // of very many signals some may be left: only with nothing at all it waits
      signals.wait(timers.waitMs(atMs), log.unwritten());
      log.drain();
      childrenNext = false;
      inVain = 0;
    }
  };
}

/** The signals that have come, but CHLD. */
export function takeSignals(signals: Pick<SignalSource, "take">, atMs: number): CommonFact[] {
  return signals.take()
    .filter((signal) => signal !== SIGCHLD) // only tells that there is somebody to reap
    .map((signal) => ({ type: "signalled", signal, ...isTyped(signal) && { typed: true }, atMs }));
}

/** The timers that are due. */
export function takeTimers(timers: Timers<TimerName>, atMs: number): CommonFact[] {
  return timers.takeDue(atMs).map((timer) => ({ type: "timer-fired", timer, atMs }));
}

/** Whether it is a terminal's stop signal and our own group has the terminal: as a rule main's has it. */
function isTyped(signal: number): boolean {
  return TERMINAL_STOPS.includes(signal) && hasForeground();
}

/**
 * Reaps every child that has ended and reports them as one fact, since one SIGCHLD may stand for many.
 *
 * With `named`, the name of each one's program is read first: a zombie still has it.
 */
export function reapChildren(named: boolean): CommonFact[] {
  const facts: CommonFact[] = [];
  const children: Reaped[] = [];
  const atMs = performance.now();
  for (let next; (next = named ? takeNamedChild() : takeChild()) !== null;) {
    const { pid, status, ...name } = next;
    if (status.name === "stopped") facts.push({ type: "stopped", pid, signal: status.signal, atMs });
    else children.push({ pid, status, ...name });
  }
  return children.length === 0 ? facts : [...facts, { type: "reaped", children, atMs }];
}

/** Takes exactly the child whose name was read: another may have ended meanwhile, and would come first. */
function takeNamedChild(): Waited & { readonly program?: string } | null {
  const zombie = peekChild();
  if (typeof zombie !== "number") return takeStoppedChild();
  const program = readProgram(zombie);
  const child = takeChild(zombie);
  return child === null || program === null ? child : { ...child, program };
}
