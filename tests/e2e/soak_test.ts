/** The short form of `deno task soak`: that nothing grows. */

import { inMode } from "./support/bench.ts";
import { soakOrphans, soakServices } from "./support/soak.ts";

function tell(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

inMode("PID 1", "orphans by the ten thousand leave no zombie, no descriptor and no memory", async (bench) => {
  await soakOrphans(bench, { work: 60_000, round: 5_000, mayGrowKb: 20, tell });
});

inMode(
  "PID 1",
  "restarts by the thousand, probes, reloads and signals leave nothing either",
  async (bench) => {
    await soakServices(bench, { work: 2_000, round: 25, mayGrowKb: 8_000, tell });
  },
);
