/** Which exit code a run has. */

import type { StartFailure, Status } from "./model.ts";

/** The exit code for an error of denit's own or of its command line; docker-run(1). */
export const DENIT_FAILED = 125;

/** Main's own code, or 128 + N if signal N ended it; a code that counts as a success becomes 0. */
export function exitCodeOf(status: Status, okExits: ReadonlySet<number>): number {
  const code = status.name === "exited" ? status.code : 128 + status.signal;
  return okExits.has(code) ? 0 : code;
}

/** The codes that shells use for a command that cannot be started; POSIX, "Exit Status for Commands". */
export const START_FAILURE_CODES: Readonly<Record<StartFailure["name"], number>> = {
  "not found": 127,
  "bad path": 127,
  "no interpreter": 126,
  "not permitted": 126,
  "not executable": 126,
  "refused": DENIT_FAILED,
};
