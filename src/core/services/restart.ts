/** Whether a service that has ended is started again, and when. */

import type { RestartPolicy } from "./project.ts";

/** The back-off of Docker's restart policies; here with a limit. */
const BACK_OFF_MS = { first: 100, longest: 60_000 } as const;

/** The restarts of a service. */
export interface RestartHistory {
  /** Since it last came up for long enough, or all of them, as the policy counts. */
  readonly attempts: number;
  /** The last delay of the back-off; `null` before the first. */
  readonly delayMs: number | null;
}

export const NO_RESTARTS: RestartHistory = { attempts: 0, delayMs: null };

/** The delay before the restart, and the history with it; `null` if it is not started again. */
export function planRestart(
  policy: RestartPolicy,
  history: RestartHistory,
  end: { readonly failed: boolean; readonly upMs: number },
): { readonly delayMs: number; readonly history: RestartHistory } | null {
  switch (policy.when) {
    case "never":
      return null;
    case "on failure":
      if (!end.failed) return null;
      break;
    case "always":
      break;
  }
  const hasComeUp = end.upMs >= policy.windowMs;
  const attempts = hasComeUp && !policy.countsAll ? 0 : history.attempts;
  const before = hasComeUp ? null : history.delayMs;
  if (policy.attempts !== null && attempts >= policy.attempts) return null;
  const backOffMs = before === null ? BACK_OFF_MS.first : Math.min(2 * before, BACK_OFF_MS.longest);
  const delayMs = policy.delayMs ?? backOffMs;
  return { delayMs, history: { attempts: attempts + 1, delayMs: backOffMs } };
}
