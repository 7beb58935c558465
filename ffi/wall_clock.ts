/** When a time of day has come: timerfd_create(2). It follows the clock also when that is set. */

import { hasFailedForNow, libc } from "./libc.ts";

const CLOCK_REALTIME = 0;
const [TFD_NONBLOCK, TFD_CLOEXEC] = [0o4000, 0o2000000] as const;
const [TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET] = [1, 2] as const;

/** A timer on the wall clock. */
export interface WallClock {
  /** Can be read when {@linkcode take} has something to tell. */
  readonly descriptor: number;
  /** Has it fire at a time, in milliseconds of the Unix epoch, once; at once if that has been; `null`: not at all. */
  set(atUnixMs: number | null): void;
  /** Whether it has fired, or somebody has set the clock, since the last call. Then it is to be set again. */
  take(): boolean;
}

/** Makes such a timer, which is not set; `null` if the system has no descriptors left. */
export function makeWallClock(): WallClock | null {
  const descriptor = libc.timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  if (descriptor < 0) return null;
  const expirations = new Uint8Array(8);
  return {
    descriptor,
    set(atUnixMs): void {
      const flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
      // Fails if the clock has been set just now, but is armed all the same.
      libc.timerfd_settime(descriptor, flags, timerSpec(atUnixMs), null);
    },
    take(): boolean {
      if (libc.read(descriptor, expirations, BigInt(expirations.length)) > 0n) return true;
      return !hasFailedForNow(); // ECANCELED: the clock was set
    },
  };
}

/** `struct itimerspec`: no interval, and the time in seconds and nanoseconds, of which 0 and 0 stand for never. */
function timerSpec(atUnixMs: number | null): Uint8Array<ArrayBuffer> {
  const ms = atUnixMs === null ? 0 : Math.max(1, Math.ceil(atUnixMs));
  const spec = new BigInt64Array([0n, 0n, BigInt(Math.floor(ms / 1000)), BigInt((ms % 1000) * 1_000_000)]);
  return new Uint8Array(spec.buffer);
}
