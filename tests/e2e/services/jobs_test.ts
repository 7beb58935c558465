/** When jobs run. The clock of the machine is not set for this: the test waits for the next full minute. */

import { deepEqual, equal, match } from "../../assert.ts";
import { inMode } from "../support/bench.ts";
import { until } from "../support/until.ts";
import { lasting, sh, up } from "./support.ts";

const SIGTERM = 15;

/** A minute, and what else takes time. */
const LIMIT_MS = 80_000;

inMode(
  "PID 1",
  "a job runs at its minute and not at the start; its failure is its own business",
  async (bench) => {
    const never = "0 0 29 2 *"; // seldom enough
    const denit = up(bench, {
      services: {
        job: sh("date +%S; exit 3", { schedule: "* * * * *", essential: false }),
        seldom: sh("echo ran", { schedule: never }),
        web: lasting(),
      },
    });
    await denit.stdout.shows(/^web +\| ready$/);
    equal(denit.stdout.text.includes("job"), false);
    await until(() => denit.stderr.text.includes("job ended"), "the job to run", LIMIT_MS);
    const [, second] = await denit.stdout.shows(/^job +\| (\d\d)$/);
    match(second!, /^0[0-4]$/);
    await denit.signal(SIGTERM);
    const { stdout, stderr } = await denit.ended();
    equal(stdout.includes("ran"), false);
    match(stderr, /^denit: warning: job ended with 3$/m);
    deepEqual(bench.left(), []);
  },
);
