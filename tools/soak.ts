/**
 * Hard work for minutes, and what denit holds meanwhile; tests/e2e/support/soak.ts says what is done.
 *
 *     deno task soak --orphans 1000000 --restarts 10000 [--subreaper]
 *
 * It fails when a zombie stays, or when memory, descriptors or threads grow. `DENIT_UNDER_TEST` chooses the program,
 * as it does for tests/e2e.
 */

import { parseArgs } from "node:util";
import { Bench } from "../tests/e2e/support/bench.ts";
import { type Soak, soakOrphans, soakServices } from "../tests/e2e/support/soak.ts";

const ORPHANS_A_ROUND = 10_000;
const RESTARTS_A_ROUND = 25;
/** What a single byte that is kept for each orphan comes to, in kB per thousand, and chance some more. */
const MAY_GROW_KB = { orphans: 4, restarts: 300 } as const;

const { values } = parseArgs({
  options: {
    orphans: { type: "string", default: "1000000" },
    restarts: { type: "string", default: "10000" },
    subreaper: { type: "boolean", default: false },
  },
});

async function run(
  title: string,
  soak: (bench: Bench, soak: Soak) => Promise<void>,
  size: Omit<Soak, "tell">,
) {
  if (size.work === 0) return;
  const bench = new Bench(values.subreaper ? "subreaper" : "PID 1");
  const start = performance.now();
  tell(`== ${title}, as ${bench.mode}`);
  try {
    await soak(bench, { ...size, tell });
  } finally {
    await bench.clear();
  }
  tell(`${((performance.now() - start) / 1000).toFixed(0)} s in all`);
}

function tell(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** A whole number of rounds. */
function workOf(text: string, round: number): number {
  const work = Number(text);
  if (!Number.isSafeInteger(work)) throw new Error("--orphans N --restarts N: whole numbers");
  return Math.ceil(work / round) * round;
}

await run("Orphans", soakOrphans, {
  work: workOf(values.orphans, ORPHANS_A_ROUND),
  round: ORPHANS_A_ROUND,
  mayGrowKb: MAY_GROW_KB.orphans,
});
await run("Restarts of services", soakServices, {
  work: workOf(values.restarts, RESTARTS_A_ROUND),
  round: RESTARTS_A_ROUND,
  mayGrowKb: MAY_GROW_KB.restarts,
});
