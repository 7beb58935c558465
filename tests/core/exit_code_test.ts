import { DENIT_FAILED, exitCodeOf, START_FAILURE_CODES } from "../../src/core/exit_code.ts";
import { deepEqual, equal } from "../assert.ts";

const NONE: ReadonlySet<number> = new Set();

Deno.test("exits with main's own code", () => {
  for (let code = 0; code <= 255; code++) equal(exitCodeOf({ name: "exited", code }, NONE), code);
});

Deno.test("exits with 128+N when signal N ended main, core dumped or not", () => {
  for (let signal = 1; signal <= 64; signal++) {
    equal(exitCodeOf({ name: "killed", signal, coreDumped: false }, NONE), 128 + signal);
    equal(exitCodeOf({ name: "killed", signal, coreDumped: true }, NONE), 128 + signal);
  }
});

Deno.test("--ok-exit: exits with 0 for a code that counts as a success, a signal's too, and for no other", () => {
  const okExits = new Set([3, 143]);
  equal(exitCodeOf({ name: "exited", code: 3 }, okExits), 0);
  equal(exitCodeOf({ name: "exited", code: 143 }, okExits), 0);
  equal(exitCodeOf({ name: "killed", signal: 15, coreDumped: false }, okExits), 0);
  equal(exitCodeOf({ name: "killed", signal: 3, coreDumped: false }, okExits), 131);
  equal(exitCodeOf({ name: "exited", code: 4 }, okExits), 4);
});

Deno.test("the codes for a command that cannot be started are those of shells and of Docker", () => {
  deepEqual(START_FAILURE_CODES, {
    "not found": 127,
    "bad path": 127,
    "no interpreter": 126,
    "not permitted": 126,
    "not executable": 126,
    "refused": 125,
  });
  equal(DENIT_FAILED, 125);
});
