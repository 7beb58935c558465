/** Waiting where poll(2) does not. */

import { EINVAL } from "./abi.ts";
import { libc } from "./libc.ts";

/**
 * What poll(2) fails with where it is asked for more descriptors than may be open: somebody can have lowered that limit
 * (setrlimit(2), of another process prlimit(2)) while they were. At once, so whoever calls it again would spin.
 */
export const TOO_MANY_TO_POLL: number = EINVAL;

const PAUSE_MS = 20;
const NOTHING = new Uint8Array(0);

/** Waits for a moment, but not longer than `limitMs` (-1: no limit). A signal that is handled ends it. */
export function pause(limitMs: number): void {
  libc.poll(NOTHING, 0n, limitMs < 0 ? PAUSE_MS : Math.min(limitMs, PAUSE_MS));
}

/** A struct timespec: 0 s and 50,000 ns, which the kernel's slack for timers makes twice that. */
const SHORTEST = new Uint8Array(new BigInt64Array([0n, 50_000n]).buffer);

/** Waits for a tenth of a millisecond or less, as poll(2) cannot; nanosleep(2). A signal that is handled ends it. */
export function pauseShortly(): void {
  libc.nanosleep(SHORTEST, null);
}
