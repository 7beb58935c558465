/**
 * Plays random runs of services against the heart, for as long as one wants; tests/core/services/simulation.ts says how.
 *
 *     deno task simulate --runs 100000 --seed 1
 *
 * A rule that is broken is told with the smallest run that breaks it, and the seed that finds it again.
 */

import { parseArgs } from "node:util";
import { simulateMany } from "../tests/core/services/simulation.ts";

/** So many are played between two lines. */
const RUNS_AT_ONCE = 10_000;

/** Plays so many runs from a seed on, and tells how far it is. */
export function simulateLong(runs: number, seed: number, tell: (line: string) => void): void {
  for (let done = 0; done < runs; done += RUNS_AT_ONCE) {
    const now = Math.min(RUNS_AT_ONCE, runs - done);
    simulateMany(now, seed + done / RUNS_AT_ONCE);
    tell(`${done + now} runs, no rule broken`);
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: String(RUNS_AT_ONCE) },
      seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    },
  });
  const [runs, seed] = [Number(values.runs), Number(values.seed)];
  if (!Number.isSafeInteger(runs) || !Number.isSafeInteger(seed)) {
    throw new Error("--runs N --seed S: whole numbers");
  }
  simulateLong(runs, seed, (line) => {
    Deno.stdout.writeSync(new TextEncoder().encode(`seed ${seed}: ${line}\n`));
  });
}
