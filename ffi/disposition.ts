/** What happens to this process when a signal arrives: sigaction(2), and the main thread's mask. */

import { SIGNAL_ACTION, SIZE } from "./abi.ts";
import { libc } from "./libc.ts";
import { signalSet, signalsIn } from "./signal_set.ts";

const SIG_DFL = 0n;
const SIG_IGN = 1n;
const [SIG_BLOCK, SIG_SETMASK] = [0, 2] as const;

/** A `struct sigaction`, to be put back with {@linkcode restoreDisposition}. */
type Disposition = Uint8Array<ArrayBuffer>;

/** The signals that are blocked on the calling thread; asked first of all it tells what the caller had blocked. */
export function blockedSignals(): number[] {
  const mask = new Uint8Array(SIZE.signalSet);
  libc.pthread_sigmask(SIG_BLOCK, null, mask);
  return signalsIn(mask);
}

/** Ignores the signal; returns what was in force before. */
export function ignoreSignal(signal: number): Disposition {
  return setHandler(signal, SIG_IGN);
}

/** Gives the signal its default effect; returns what was in force before. */
export function defaultSignal(signal: number): Disposition {
  return setHandler(signal, SIG_DFL);
}

/**
 * Installs a handler, by its address and with `SA_*` flags, for each of the signals; returns those of them that were
 * ignored before.
 */
export function setHandlers(signals: readonly number[], handler: bigint, flags: number): number[] {
  const action = actionOf(handler, flags);
  const before = new Uint8Array(SIZE.signalAction);
  const view = new DataView(before.buffer);
  const ignored = [];
  for (let i = 0; i < signals.length; i++) { // at each start, before anything has been compiled
    libc.sigaction(signals[i]!, action, before);
    if (view.getBigUint64(SIGNAL_ACTION.handler, true) === SIG_IGN) ignored.push(signals[i]!);
  }
  return ignored;
}

function setHandler(signal: number, handler: bigint): Disposition {
  const before = new Uint8Array(SIZE.signalAction);
  libc.sigaction(signal, actionOf(handler, 0), before);
  return before;
}

function actionOf(handler: bigint, flags: number): Disposition {
  const action = new Uint8Array(SIZE.signalAction);
  const view = new DataView(action.buffer);
  view.setBigUint64(SIGNAL_ACTION.handler, handler, true);
  view.setInt32(SIGNAL_ACTION.flags, flags, true);
  // While a handler runs no other starts: a burst of signals, nested, would overflow the alternate stack.
  action.fill(0xff, SIGNAL_ACTION.mask, SIGNAL_ACTION.mask + 8);
  return action;
}

/** Puts back what {@linkcode ignoreSignal} and its like returned. */
export function restoreDisposition(signal: number, disposition: Disposition): void {
  libc.sigaction(signal, disposition, null);
}

/** Does something while the signals, which we catch otherwise, have their default effect on us. */
export function whileDefault<Result>(signals: readonly number[], action: () => Result): Result {
  const before = signals.map((signal) => [signal, defaultSignal(signal)] as const);
  try {
    return action();
  } finally {
    for (const [signal, disposition] of before) restoreDisposition(signal, disposition);
  }
}

/** Makes these the only signals that are blocked on the calling (the main) thread; pthread_sigmask(3). */
export function blockOnly(signals: Iterable<number>): void {
  libc.pthread_sigmask(SIG_SETMASK, signalSet(signals), null);
}

/** What the kernel sends to a thread for its own output: to a closed pipe, from the background, to a full file. */
const FOR_OUTPUT = signalSet([/* PIPE */ 13, /* TTOU */ 22, /* XFSZ */ 25]);
const AT_ONCE = new Uint8Array(16); // struct timespec: 0 s, 0 ns

/** Used again: this is done for each piece of output, and memory that the collector must free counts. */
const maskBefore = new Uint8Array(SIZE.signalSet);
/** Whether the signals are blocked, and whether one can have come since. */
let areBlocked = false;
let mayHaveCome = false;

/**
 * Does something that writes, or that takes the terminal, without a signal coming of it: it would be taken for
 * somebody's, and forwarded. `mayRaise` tells by its result whether one can have come: none does of a success. Within
 * another of its kind nothing is blocked anew.
 */
export function withoutOutputSignals<Result>(
  action: () => Result,
  mayRaise: (result: Result) => boolean,
): Result {
  const isOutermost = !areBlocked;
  if (isOutermost) {
    libc.pthread_sigmask(SIG_BLOCK, FOR_OUTPUT, maskBefore);
    areBlocked = true;
    mayHaveCome = false;
  }
  let raised = true;
  try {
    const result = action();
    raised = mayRaise(result);
    return result;
  } finally {
    mayHaveCome ||= raised;
    if (isOutermost) {
      while (mayHaveCome && libc.sigtimedwait(FOR_OUTPUT, null, AT_ONCE) > 0);
      libc.pthread_sigmask(SIG_SETMASK, maskBefore, null);
      areBlocked = false;
    }
  }
}
