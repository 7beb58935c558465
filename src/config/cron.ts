/** When a job runs: what is wrong with its five fields of cron(8), if anything. */

import { Cron } from "croner";

/** Why the schedule cannot be followed; `null` if it can. */
export function scheduleFailure(schedule: string): string | null {
  try {
    // Paused and without a function it sets no timer.
    const cron = new Cron(schedule, { paused: true, mode: "5-part" });
    return cron.nextRun() === null ? "a time that comes" : null;
  } catch {
    return "five fields of cron(8): minute, hour, day of month, month, day of week";
  }
}

/** The next time of a schedule that can be followed, in milliseconds of the Unix epoch; `Infinity` if none comes. */
export function nextTime(schedule: string, afterMs: number): number {
  const next = new Cron(schedule, { paused: true, mode: "5-part" }).nextRun(new Date(afterMs));
  return next === null ? Infinity : next.getTime();
}
