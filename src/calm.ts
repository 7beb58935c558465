/** What is done when nothing else is. */

import { giveHeapBack, giveHeapBackEarly, givePagesBack } from "../ffi/memory.ts";
import { pause } from "../ffi/pause.ts";

/** The start, and what follows it at once, is over when nothing has happened for so long. */
const CALM_MS = 1000;
/** Where something is always due sooner, as a health check each second, it is over after so long. */
const OVER_MS = 10_000;
/** Then it is calm enough when nothing has happened for so long. */
const LULL_MS = 200;
/** What is due must leave so much time to give memory back. */
const GIVING_MS = 200;

/**
 * Makes the function that waits, by `wait`, for at most so many milliseconds (`null`: no limit), and when for the
 * first time nothing has happened for a while gives memory back, once. It may return sooner than asked, as `wait`
 * itself.
 */
export function makeWait(): (limitMs: number | null, wait: (limitMs: number | null) => void) => void {
  const beganMs = performance.now();
  let done = false;
  return (limitMs, wait) => {
    if (done) return wait(limitMs);
    const sinceMs = performance.now();
    const calmMs = sinceMs - beganMs < OVER_MS ? CALM_MS : LULL_MS;
    if (limitMs !== null && limitMs < calmMs + GIVING_MS) return wait(limitMs);
    wait(calmMs);
    if (performance.now() - sinceMs < calmMs) return;
    done = true;
    giveMemoryBack();
  };
}

/** V8's other threads go on freeing for a moment after a collection. A signal ends the pause. */
const SWEEPING_MS = 20;

/** V8's own, in part: only of this kind is it known that the room is given back to the system. */
type Collect = (how: { readonly type: "major"; readonly flavor: "last-resort" }) => void;

/**
 * Keeps no more memory than the rest of the run needs: where V8 was told to offer it (`--expose-gc`), what the start
 * has left behind is collected, which V8 does not do by itself before it needs the room; and the runtime's pages,
 * the stack that only the start needed, and what was freed are given back.
 */
function giveMemoryBack(): void {
  giveHeapBackEarly();
  (globalThis as { readonly gc?: Collect }).gc?.({ type: "major", flavor: "last-resort" });
  givePagesBack();
  pause(SWEEPING_MS);
  giveHeapBack();
}
