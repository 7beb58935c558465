/** Random tests: how many runs there are, from which seed, and how long one may take. */

import fc from "fast-check";
import { ok } from "../../assert.ts";

const given = Deno.env.get("FUZZ_RUNS");

/** So many runs has a test by itself: all of them take a few seconds. `FUZZ_RUNS=100000` plays more. */
const RUNS = Number(given ?? 400);

/** Always the same, so that nobody's change fails by chance; a long search begins elsewhere each time. */
const SEED = Number(Deno.env.get("FUZZ_SEED") ?? (given === undefined ? 20261125 : Date.now() % 2 ** 31));

/** A hundred times what the slowest of them takes on a machine that has nothing else to do. */
const LONGEST_MS = 20_000;

/**
 * Registers a test that holds for whatever comes. What breaks it is made as small as can be, and shown with the seed.
 *
 * `share` is for those of which one run takes longer than that of others.
 */
export function always<Value>(
  name: string,
  arbitrary: fc.Arbitrary<Value>,
  check: (value: Value) => void,
  share = 1,
): void {
  const runs = Math.ceil(RUNS * share);
  Deno.test(`${name} (${runs} runs, FUZZ_SEED=${SEED})`, () => {
    const property = fc.property(arbitrary, (value) => {
      const start = performance.now();
      check(value);
      const took = performance.now() - start;
      ok(took < LONGEST_MS, `it took ${took} ms`);
    });
    fc.assert(property, { numRuns: runs, seed: SEED });
  });
}
