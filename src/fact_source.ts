/** Where facts come from: signals, children, and timers. */

import { readProgram } from "../ffi/proc.ts";
import { holdsTerminal } from "../ffi/terminal.ts";
import { peekChild, takeChild, takeStoppedChild, type Waited } from "../ffi/wait.ts";
import { makeWait } from "./calm.ts";
import type { CommonFact, Reaped, TimerName } from "./core/model.ts";
import { SIGCHLD, TERMINAL_STOPS } from "./core/signals.ts";
import type { Log } from "./log.ts";
import type { SignalSource } from "./signal_source.ts";
import type { Timers } from "./timers.ts";

/**
 * Makes the function that tells what has happened and, if nothing has, waits until something does. Lines that still
 * wait to be written go out meanwhile.
 *
 * Signals first: one that came before main had ended must be forwarded while main is not yet reaped, and its process id
 * can be nobody else's. Then children, and only then timers. Each by itself, so that much of one does not hold up the
 * others.
 */
export function factSource(
  signals: SignalSource,
  timers: Timers<TimerName>,
  log: Log,
  named: boolean,
): () => CommonFact[] {
  const take = inTurn<CommonFact>([
    (nowMs) => takeSignals(signals, nowMs),
    () => reapChildren(named),
    (nowMs) => afterChildren(takeTimers(timers, nowMs), () => reapChildren(named)),
  ]);
  const waitFor = makeWait();
  return () => {
    for (;;) {
      const nowMs = performance.now();
      const facts = take(nowMs);
      if (facts.length > 0) return facts;
      waitFor(timers.waitMs(nowMs), (limitMs) => signals.wait(limitMs, log.unwritten()));
      log.drain();
    }
  };
}

/** Makes the function that asks each of the sources, from behind the one that had something last, until one has. */
export function inTurn<Fact>(sources: readonly ((nowMs: number) => Fact[])[]): (nowMs: number) => Fact[] {
  let next = 0;
  return (nowMs) => {
    for (let asked = 0; asked < sources.length; asked++) {
      const facts = sources[next]!(nowMs);
      next = (next + 1) % sources.length;
      if (facts.length > 0) return facts;
    }
    next = 0;
    return [];
  };
}

/**
 * What is due, behind the children that have ended by then: who has ended in time has done so, however late we come to
 * look. We may have been stopped ourselves.
 */
export function afterChildren<Fact>(due: readonly Fact[], reap: () => Fact[]): Fact[] {
  return due.length === 0 ? [] : [...reap(), ...due];
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
  return TERMINAL_STOPS.includes(signal) && holdsTerminal();
}

/** So many are reaped in one go: signals and timers have their turn between, and short-lived memory is enough. */
const REAPED_AT_ONCE = 256;

/**
 * Reaps children that have ended and reports them as one fact, since one SIGCHLD may stand for many. Of very many the
 * rest comes with the next call: only when there is nothing is there nobody to reap.
 *
 * With `named`, the name of each one's program is read first: a zombie still has it.
 */
export function reapChildren(named: boolean): CommonFact[] {
  const facts: CommonFact[] = [];
  const children: Reaped[] = [];
  const atMs = performance.now();
  while (children.length < REAPED_AT_ONCE) {
    const next = named ? takeNamedChild() : takeChild();
    if (next === null) break;
    const { pid, status } = next;
    if (status.name === "stopped") facts.push({ type: "stopped", pid, signal: status.signal, atMs });
    else children.push(next as Reaped); // as it is: of very many that counts
  }
  return children.length === 0 ? facts : [...facts, { type: "reaped", children, atMs }];
}

/** Takes exactly the child whose name was read: another may have ended meanwhile, and would come first. */
function takeNamedChild(): Waited & { readonly program?: string } | null {
  const zombie = peekChild();
  if (zombie === "none") return takeChild(); // or waitid(2) is denied, as by a filter of seccomp(2)
  if (zombie === "running") return takeStoppedChild();
  const program = readProgram(zombie);
  const child = takeChild(zombie);
  return child === null || program === null ? child : { ...child, program };
}
