/** What is done in each new process with its signals. */

import { KERNEL_SIZE } from "./abi.ts";
import type { Step } from "./child.ts";
import { signalSet } from "./signal_set.ts";

const SIG_SETMASK = 2;
/** `struct sigaction` as the kernel has it: its first word is the handler, here SIG_IGN. */
const IGNORE = new Uint8Array(KERNEL_SIZE.signalAction);
IGNORE[0] = 1;

/** Has the signals ignored: all have their default effect before that. */
export function ignoring(signals: readonly number[]): Step[] {
  return signals.map((signal) => {
    return { call: "rt_sigaction", args: [signal, IGNORE, 0, KERNEL_SIZE.signalSet] };
  });
}

/** Has the signals blocked, and no other. Behind that nothing but the program should come: signals have their effect. */
export function blocking(signals: readonly number[]): Step {
  return { call: "rt_sigprocmask", args: [SIG_SETMASK, signalSet(signals), 0, KERNEL_SIZE.signalSet] };
}
