/** When jobs are due: by the wall clock, also when that is set. */

import { makeWallClock } from "../../ffi/wall_clock.ts";
import type { Poller } from "../../ffi/poll.ts";

/** When a schedule comes next, by milliseconds of the Unix epoch; `Infinity` for never. */
export type NextTime = (schedule: string, afterMs: number) => number;

export interface Jobs {
  /** Tells of this job whenever it is due; with `null` no more. */
  plan(name: string, schedule: string | null): void;
}

/**
 * Makes the plan of jobs; `due` is called for each when its time has come, in a wait of the poller, and `report` with
 * what could not be done. `loadNextTime` is called when there is a job.
 */
export function makeJobs(
  poller: Poller,
  loadNextTime: () => NextTime,
  due: (name: string) => void,
  report: (message: string) => void,
): Jobs {
  const jobs = new Map<string, { readonly schedule: string; nextAtMs: number }>();
  let clock: ReturnType<typeof makeWallClock> = null;
  let nextTime: NextTime = (schedule, afterMs) => (nextTime = loadNextTime())(schedule, afterMs);

  function setClock(): void {
    const next = Math.min(...[...jobs.values()].map(({ nextAtMs }) => nextAtMs));
    clock?.set(next === Infinity ? null : next);
  }

  /** The clock has come to the next time, or somebody has set it: then what it has passed over is due once. */
  function clockSpoke(): void {
    if (clock?.take() !== true) return;
    const nowMs = Date.now();
    for (const [name, job] of jobs) {
      if (job.nextAtMs <= nowMs) due(name);
      job.nextAtMs = nextTime(job.schedule, nowMs);
    }
    setClock();
  }

  return {
    plan(name, schedule): void {
      if (clock === null) {
        clock = makeWallClock();
        if (clock !== null) poller.watch(clock.descriptor, "read", clockSpoke);
        else report(`Cannot plan ${name}: there is no descriptor left for a clock`);
      }
      if (schedule === null) jobs.delete(name);
      else jobs.set(name, { schedule, nextAtMs: nextTime(schedule, Date.now()) });
      setClock();
    },
  };
}
