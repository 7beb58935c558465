/** Where signals come from: caught before anything else is done. */

import { blockedSignals, blockOnly } from "../ffi/disposition.ts";
import { catchSignals, type CaughtSignals } from "../ffi/signal_handler.ts";
import { SIGCHLD, SIGKILL, SIGSTOP, STOP_SIGNALS } from "./core/signals.ts";

/** The signals that are caught, and how the caller had set them. */
export interface SignalSource
  extends Pick<CaughtSignals, "wait" | "take" | "has" | "descriptor" | "acknowledge"> {
  /** Signals that were ignored when denit was started, as under nohup(1). */
  readonly ignored: readonly number[];
  /** Signals that the caller had blocked. */
  readonly blocked: readonly number[];
}

const SIGPIPE = 13;

/**
 * What main is never to inherit as ignored. PIPE: the runtime ignores it before our first line, so what the caller
 * had cannot be known. CHLD: with it ignored the kernel itself reaps, and nobody would learn how main ended.
 */
const NEVER_INHERITED: readonly number[] = [SIGPIPE, SIGCHLD];

/**
 * Every signal but KILL and STOP, which nobody can catch, and 32 and 33, which glibc keeps for itself. First those
 * that most likely come while denit starts.
 */
const CAUGHT: readonly number[] = [
  ...STOP_SIGNALS,
  ...Array.from({ length: 64 }, (_, i) => i + 1)
    .filter((signal) => ![...STOP_SIGNALS, SIGKILL, SIGSTOP, 32, 33].includes(signal)),
];

/**
 * Catches every signal that can be caught. Call it before anything that takes time.
 *
 * Returns `null` if this system does not let us.
 */
export function catchAllSignals(): SignalSource | null {
  const blocked = blockedSignals(); // before the handlers, who block real-time signals
  const caught = catchSignals(CAUGHT);
  if (caught === null) return null;
  blockOnly([]); // what the caller had blocked must reach us all the same
  return {
    ...caught,
    ignored: caught.ignored.filter((signal) => !NEVER_INHERITED.includes(signal)),
    blocked,
  };
}
