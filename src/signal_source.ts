/** Where signals come from: the listeners, put up before anything else. */

import { blockedSignals, blockOnMainThread, ignoredSignals } from "../ffi/disposition.ts";
import { catchByPipe } from "../ffi/signal_pipe.ts";

/** The signals that are caught, and what the caller had ignored. */
export interface SignalSource {
  /** Signals that were ignored when denit was started, as under nohup(1). */
  readonly ignored: readonly number[];
  /** Signals that the caller had blocked. */
  readonly blocked: readonly number[];
  /** Whether the signals that Deno has no listener for are caught too. */
  readonly complete: boolean;
  /** Hands over each signal by its number from now on, those that came before first. Not needed before the start. */
  deliverTo(deliver: (signal: number) => void): void;
}

/**
 * The standard signals that Deno has a listener for, by number.
 *
 * HUP, INT and TERM first: a listener for any signal makes Deno catch these three too and do their default,
 * which as PID 1 ends in a crash. Not here are KILL and STOP, which nobody catches, and those of
 * {@linkcode BY_PIPE}, with the exception of USR1.
 */
const BY_LISTENER: readonly (readonly [number, Deno.Signal])[] = [
  [1, "SIGHUP"],
  [2, "SIGINT"],
  [15, "SIGTERM"],
  [3, "SIGQUIT"],
  [10, "SIGUSR1"], // only so that `deno run` finds it taken and does not put its inspector's handler over ours
  [12, "SIGUSR2"],
  [13, "SIGPIPE"],
  [14, "SIGALRM"],
  [17, "SIGCHLD"],
  [18, "SIGCONT"],
  [20, "SIGTSTP"],
  [21, "SIGTTIN"],
  [22, "SIGTTOU"],
  [23, "SIGURG"],
  [24, "SIGXCPU"],
  [25, "SIGXFSZ"],
  [26, "SIGVTALRM"],
  [27, "SIGPROF"],
  [28, "SIGWINCH"],
  [29, "SIGIO"],
  [30, "SIGPWR"],
];

/**
 * The signals that Deno has no listener for (ILL, FPE, SEGV, STKFLT, the real-time ones), for which a listener
 * would take a fault of our own for somebody's signal (TRAP, ABRT, BUS, SYS), or which it uses itself (USR1).
 */
const BY_PIPE: readonly number[] = [
  4,
  5,
  6,
  7,
  8,
  10,
  11,
  16,
  31,
  ...Array.from({ length: 31 }, (_, i) => 34 + i),
];

/**
 * What the kernel sends to a thread for what it does itself: writing to a closed pipe (PIPE), to a terminal from
 * the background (TTIN, TTOU), or to a file that may not grow (XFSZ). When denit does that, main must not hear of it.
 */
const OF_OUR_OWN_MAKING: readonly number[] = [13, 21, 22, 25];

/** Catches every signal that can be caught. Call it before anything that takes time. */
export function catchSignals(): SignalSource {
  const early: number[] = [];
  let deliver = (signal: number): void => void early.push(signal);

  const ignored = ignoredSignals();
  for (const [signal, name] of BY_LISTENER) Deno.addSignalListener(name, () => deliver(signal));
  const pipe = catchByPipe(BY_PIPE);

  return {
    ignored,
    blocked: blockedSignals(),
    complete: pipe !== null,
    deliverTo(receiver): void {
      blockOnMainThread(OF_OUR_OWN_MAKING);
      deliver = receiver;
      early.forEach(receiver);
      pipe?.listen(receiver);
    },
  };
}
