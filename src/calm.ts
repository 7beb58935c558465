/** What is done when nothing else is. */

/** The start, and what follows it at once, is over when nothing has happened for so long. */
const CALM_MS = 1000;

/**
 * Makes the function that waits, by `wait`, for at most so many milliseconds (`null`: no limit), and when for the
 * first time nothing has happened for a while does something, once. It may return sooner than asked, as `wait` itself.
 */
export function whenCalm(
  action: () => void,
): (limitMs: number | null, wait: (limitMs: number | null) => void) => void {
  let done = false;
  return (limitMs, wait) => {
    if (done) return wait(limitMs);
    const sinceMs = performance.now();
    wait(Math.min(limitMs ?? Infinity, CALM_MS));
    if (performance.now() - sinceMs < CALM_MS) return;
    done = true;
    action();
  };
}
