/** Random runs of random files: what must hold in whichever order things happen. `deno task simulate` plays more. */

import { throws } from "../../assert.ts";
import { on, service } from "./play.ts";
import type { Fate, Script } from "./script.ts";
import { simulate, simulateMany } from "./simulation.ts";

Deno.test("whatever happens in whichever order, the rules of a run of services hold", () => {
  simulateMany(1000, 20261125);
});

/** A run of one service, which TERM ends at 100 ms; the program takes it. */
const FATE: Fate = {
  starts: true,
  livesMs: null,
  code: 0,
  temper: "ends",
  endsInMs: 0,
  survivesKillMs: 0,
  forks: [],
};
const SCRIPT: Script = {
  files: [{ services: [service("web")] }],
  role: "first",
  hasProc: true,
  timeoutMs: 1000,
  mains: [FATE],
  helpers: [FATE],
  answers: [{ isWell: true, inMs: 0 }],
  signals: [],
  stopAtMs: 100,
  visitors: [],
  jobsDueMs: [],
  chances: [0],
};

Deno.test("a simulated run ends", () => simulate(SCRIPT));

Deno.test("a simulated run that breaks a rule is told with its story", () => {
  const wrong = service("web", { dependsOn: [on("web")] });
  throws(
    () => simulate({ ...SCRIPT, files: [{ services: [wrong] }] }),
    (error: Error) => /^Broken rule: a run in which nothing can happen any more ends\n/.test(error.message),
  );
});
