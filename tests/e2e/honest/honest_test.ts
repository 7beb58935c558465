/**
 * The fake world of the simulation is honest: the same schedules, played by denit and real processes, tell the same
 * story. DENIT_HONEST_RUNS and DENIT_HONEST_SEED play more, or others.
 */

import { equal, ok } from "../../assert.ts";
import { Bench } from "../support/bench.ts";
import type { Mode } from "../support/program.ts";
import { forEach } from "../support/until.ts";
import { playReal } from "./real.ts";
import { findSchedules, type Schedule } from "./schedule.ts";
import { show } from "./story.ts";

const RUNS = Number(Deno.env.get("DENIT_HONEST_RUNS") ?? 40);
const SEED = Number(Deno.env.get("DENIT_HONEST_SEED") ?? 20261125);
/** Most of the time of a run is spent asleep. */
const AT_ONCE = 10;

Deno.test("the fake world and the real one tell the same story", async (test) => {
  const schedules = findSchedules(RUNS, SEED);
  const differ: Schedule[] = [];
  await forEach(schedules, async (schedule) => {
    if (await realStory(schedule) !== show(schedule.story)) differ.push(schedule);
  }, AT_ONCE);
  // A busy machine is now and then later than any bound, and alone less often. What is a lie is told each time.
  for (const [i, schedule] of differ.entries()) {
    await test.step(`schedule that differed ${i + 1}`, async () => {
      const expected = show(schedule.story);
      let story = await realStory(schedule);
      for (let again = 0; again < 2 && story !== expected; again++) story = await realStory(schedule);
      equal(story, expected, JSON.stringify(schedule.script));
    });
  }
  ok(differ.length <= RUNS / 5, `${differ.length} of ${RUNS} differed at the first time`);
});

async function realStory(schedule: Schedule): Promise<string> {
  const mode: Mode = schedule.script.role === "first" ? "PID 1" : "subreaper";
  const bench = new Bench(mode);
  try {
    return show(await playReal(bench, schedule));
  } finally {
    await bench.clear();
  }
}
