/** Where signals come from: caught before anything else is done. */

import { blockOnMainThread } from "../ffi/disposition.ts";
import { catchSignals } from "../ffi/signal_handler.ts";
import { SIGCHLD, SIGKILL, SIGSTOP, STOP_SIGNALS } from "./core/signals.ts";

/** The signals that are caught, and what the caller had ignored. */
export interface SignalSource {
  /** Signals that were ignored when denit was started, as under nohup(1). */
  readonly ignored: readonly number[];
  /** Hands over each signal by its number from now on, those that came before first. */
  deliverTo(deliver: (signal: number) => void): void;
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
 * What the kernel sends to a thread for what it does itself: writing to a closed pipe (PIPE), to a terminal from
 * the background (TTIN, TTOU), or to a file that may not grow (XFSZ). When denit does that, main must not hear of it.
 */
const OF_OUR_OWN_MAKING: readonly number[] = [SIGPIPE, 21, 22, 25];

/**
 * The signals that `deno run` catches when its event loop first turns, for its inspector: at USR1 it would open a
 * port, at the others do their default. With a listener for each it finds them taken; a compiled denit has no
 * inspector. The first listener makes it catch the other three too, and until each has its own it does their
 * default, which as PID 1 is a crash: TERM first, since of all it is the likeliest to come just then.
 */
const TAKEN_BY_RUNTIME: readonly (readonly [number, Deno.Signal])[] = Deno.build.standalone
  ? []
  : [[15, "SIGTERM"], [2, "SIGINT"], [1, "SIGHUP"], [10, "SIGUSR1"]];

/**
 * Catches every signal that can be caught. Call it before anything that takes time.
 *
 * Returns `null` if this system does not let us.
 */
export function catchAllSignals(): SignalSource | null {
  const caught = catchSignals(CAUGHT);
  if (caught === null) return null;
  return {
    ignored: caught.ignored.filter((signal) => !NEVER_INHERITED.includes(signal)),
    deliverTo(deliver): void {
      for (const [, name] of TAKEN_BY_RUNTIME) Deno.addSignalListener(name, () => {});
      caught.reinstall(TAKEN_BY_RUNTIME.map(([signal]) => signal));
      blockOnMainThread(OF_OUR_OWN_MAKING);
      caught.listen(deliver);
    },
  };
}
