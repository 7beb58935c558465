/** Sets of signals as the kernel keeps them: bit N-1 stands for signal N. */

import { LAST_SIGNAL, SIZE } from "./abi.ts";

/**
 * A `sigset_t` that holds the signals.
 *
 * Set by hand, because `sigaddset` and `sigfillset` leave out 32 and 33, which glibc keeps for itself.
 */
export function signalSet(signals: Iterable<number>): Uint8Array<ArrayBuffer> {
  const set = new Uint8Array(SIZE.signalSet);
  for (const signal of signals) set[(signal - 1) >> 3]! |= 1 << ((signal - 1) & 7);
  return set;
}

/** A `sigset_t` that holds all signals but these. */
export function signalSetWithout(signals: readonly number[]): Uint8Array<ArrayBuffer> {
  const set = new Uint8Array(SIZE.signalSet).fill(0xff, 0, LAST_SIGNAL / 8);
  for (const signal of signals) set[(signal - 1) >> 3]! &= ~(1 << ((signal - 1) & 7));
  return set;
}

/** The signals that a `sigset_t` holds. */
export function signalsIn(set: Uint8Array): number[] {
  const signals = [];
  for (let signal = 1; signal <= LAST_SIGNAL; signal++) {
    if ((set[(signal - 1) >> 3]! & (1 << ((signal - 1) & 7))) !== 0) signals.push(signal);
  }
  return signals;
}
