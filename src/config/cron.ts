/** When a job runs: what is wrong with its five fields of cron(8), if anything. */

import { Cron } from "croner";

const FIELDS: readonly (readonly [name: string, range: string])[] = [
  ["minute", "0 to 59"],
  ["hour", "0 to 23"],
  ["day of month", "1 to 31"],
  ["month", "1 to 12, or JAN to DEC"],
  ["day of week", "0 to 7, or SUN to SAT"],
];

/** Why the schedule cannot be followed; `null` if it can. */
export function scheduleFailure(schedule: string): string | null {
  try {
    return cronOf(schedule).nextRun() === null ? "expected a time that comes" : null;
  } catch {
    const fields = fieldsOf(schedule);
    const wrong = FIELDS.findIndex((_, i) =>
      !isRight(fields.map((field, k) => k === i ? field : "*").join(" "))
    );
    if (fields.length !== FIELDS.length || wrong < 0) {
      return `expected five fields of cron(8): ${FIELDS.map(([name]) => name).join(", ")}`;
    }
    const [name, range] = FIELDS[wrong]!;
    return `${name}: ${fields[wrong]} is not ${range}`;
  }
}

function isRight(schedule: string): boolean {
  try {
    cronOf(schedule);
    return true;
  } catch {
    return false;
  }
}

/**
 * Paused and without a function it sets no timer.
 *
 * Of a day of the month and one of the week either will do, unless one of the fields has a star, also with a step:
 * then both must be right, crontab(5).
 */
function cronOf(schedule: string): Cron {
  const [, , ofMonth = "", , ofWeek = ""] = fieldsOf(schedule);
  const domAndDow = /[*?]/.test(ofMonth) || /[*?]/.test(ofWeek);
  return new Cron(schedule, { paused: true, mode: "5-part", domAndDow });
}

function fieldsOf(schedule: string): string[] {
  return schedule.trim().split(/\s+/);
}

/** The next time of a schedule that can be followed, in milliseconds of the Unix epoch; `Infinity` if none comes. */
export function nextTime(schedule: string, afterMs: number): number {
  const next = cronOf(schedule).nextRun(new Date(afterMs));
  return next === null ? Infinity : next.getTime();
}
