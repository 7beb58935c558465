import { nextTime } from "../../src/config/cron.ts";
import { equal } from "../assert.ts";

/** A Sunday. */
const FROM = new Date(2026, 10, 29, 12);

for (
  const [schedule, month, day, hour, minute] of [
    ["0 3 * * *", 11, 30, 3, 0],
    ["*/7 * * * *", 11, 29, 12, 7],
    ["0 3 4 * *", 12, 4, 3, 0],
    ["0 3 * * fri", 12, 4, 3, 0],
    ["0 3 7 * fri", 12, 4, 3, 0], // either
    ["0 3 1 * fri", 12, 1, 3, 0],
    ["0 3 */2 * mon", 12, 7, 3, 0], // both: a Monday that is an odd day
    ["0 3 5-8 * */2", 12, 5, 3, 0], // both: a Sunday, Tuesday, Thursday or Saturday
    ["0\t3\t*/2\t*\tmon", 12, 7, 3, 0],
    [" 0 3 7 * fri", 12, 4, 3, 0],
  ] as const
) {
  Deno.test(`${JSON.stringify(schedule)} comes next on ${day}/${month} at ${hour}:${minute}`, () => {
    const next = new Date(nextTime(schedule, FROM.getTime()));
    equal(String(next), String(new Date(2026, month - 1, day, hour, minute)));
  });
}
