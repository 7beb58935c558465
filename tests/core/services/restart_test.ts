/** Whether and when a service that has ended is started again. */

import type { RestartPolicy } from "../../../src/core/services/project.ts";
import { NO_RESTARTS, planRestart } from "../../../src/core/services/restart.ts";
import { deepEqual, equal } from "../../assert.ts";
import { killed } from "../play.ts";
import {
  ALWAYS,
  exited,
  health,
  notStarted,
  on,
  ON_FAILURE,
  ONCE,
  program,
  serve,
  service,
  type ServicesPlay,
  signal,
} from "./play.ts";

/** The delays before each of so many restarts, of a service that fails so long after each start. */
function delaysOf(restart: RestartPolicy, times: number, upMs = 0): (number | null)[] {
  let history = NO_RESTARTS;
  return Array.from({ length: times }, () => {
    const plan = planRestart(restart, history, { failed: true, upMs });
    if (plan !== null) history = plan.history;
    return plan?.delayMs ?? null;
  });
}

Deno.test("Docker's back-off: 100 ms, doubled each time, and a minute at most", () => {
  const doubled = [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200];
  deepEqual(delaysOf(ALWAYS, 12), [...doubled, 60_000, 60_000]);
});

for (
  const [upMs, delays] of [
    [9999, [100, 200, 400]],
    [10_000, [100, 100, 100]],
  ] as const
) {
  Deno.test(`the back-off begins anew for a service that was up for 10 s: ${upMs} ms`, () => {
    deepEqual(delaysOf(ALWAYS, 3, upMs), delays);
  });
}

Deno.test("a delay of its own is the same each time", () => {
  deepEqual(delaysOf({ ...ALWAYS, delayMs: 5000 }, 3), [5000, 5000, 5000]);
});

Deno.test("so many attempts, and no more", () => {
  deepEqual(delaysOf({ ...ON_FAILURE, attempts: 2 }, 3), [100, 200, null]);
  deepEqual(delaysOf({ ...ON_FAILURE, attempts: 0 }, 1), [null]);
});

Deno.test("attempts are counted anew for a service that was up for its window", () => {
  deepEqual(delaysOf({ ...ON_FAILURE, attempts: 1, windowMs: 500 }, 3, 500), [100, 100, 100]);
  deepEqual(delaysOf({ ...ON_FAILURE, attempts: 1, windowMs: 500 }, 3, 499), [100, null, null]);
});

Deno.test("Docker counts all attempts: only the back-off begins anew for a service that was up for its window", () => {
  const policy = { ...ON_FAILURE, attempts: 3, countsAll: true, windowMs: 500 };
  deepEqual(delaysOf(policy, 4, 500), [100, 100, 100, null]);
  deepEqual(delaysOf(policy, 4, 499), [100, 200, 400, null]);
});

for (
  const [name, restart, afterFailure, afterSuccess] of [
    ["no", ONCE, "down", "down"],
    ["on-failure", ON_FAILURE, "backing-off", "down"],
    ["always", ALWAYS, "backing-off", "backing-off"],
  ] as const
) {
  Deno.test(`restart: ${name}: after a failure ${afterFailure}, after a success ${afterSuccess}`, () => {
    for (const [code, phase] of [[1, afterFailure], [0, afterSuccess]] as const) {
      const run = besideAnother({ restart, essential: "never" });
      run.end(exited(20, code), 1000);
      equal(run.phase("web"), phase);
    }
  });
}

Deno.test("an end by a signal is a failure, also by the signal that programs end by in peace", () => {
  const run = besideAnother({ restart: ON_FAILURE });
  deepEqual(run.end(killed(20, "TERM")), ["warning: web ended with 143 (SIGTERM): starts again in 0.1s"]);
});

Deno.test("a failed service is started again after its back-off, and no sooner", () => {
  const run = besideAnother({ restart: ON_FAILURE });
  deepEqual(run.end(exited(20, 1), 1000), ["warning: web ended with 1: starts again in 0.1s"]);
  deepEqual(run.tell({ type: "time-came" }, 1099), []);
  deepEqual(run.tell({ type: "time-came" }, 1100), ["start web"]);
  run.up("web", 21, 1100);
  deepEqual(run.end(exited(21, 1), 1200), ["warning: web ended with 1: starts again in 0.2s"]);
  deepEqual(run.wait(), ["start web"]);
  equal(run.nowMs, 1400);
});

Deno.test("how long it was up is counted from its own last start", () => {
  const run = besideAnother({ restart: ALWAYS });
  run.end(exited(20, 1), 20_000);
  for (
    const [pid, upMs, delay] of [[21, 9999, "0.2s"], [22, 9999, "0.4s"], [23, 10_000, "0.1s"]] as const
  ) {
    run.wait();
    run.up("web", pid);
    deepEqual(run.end(exited(pid, 1), run.nowMs + upMs), [
      `warning: web ended with 1: starts again in ${delay}`,
    ]);
  }
});

Deno.test("also of one that was stopped for its failing post_start", () => {
  const run = besideAnother({ restart: ALWAYS, postStart: [program("hook")] });
  run.up("web", 30, 20_000, "post_start");
  for (const [pid, delay] of [[20, "0.1s"], [21, "0.2s"], [22, "0.4s"]] as const) {
    if (pid > 20) {
      run.wait();
      run.up("web", pid);
      run.up("web", pid + 10, run.nowMs, "post_start");
    }
    run.end(exited(pid + 10, 1), run.nowMs + 9999);
    deepEqual(run.end(exited(pid, 0)), [
      `warning: web was stopped: its post_start ended with 1: starts again in ${delay}`,
    ]);
  }
});

Deno.test("the back-off begins when what it left behind is gone", () => {
  const run = besideAnother({ restart: ALWAYS });
  run.tell({ type: "reaped", children: [exited(20, 1)] }, 1000);
  run.tell({ type: "leftovers-found", found: new Map([["web", [left(30)]]]) }, 1000);
  run.wait();
  run.tell({ type: "leftovers-found", found: new Map([["web", []]]) }, 1020);
  deepEqual(run.wait(), ["start web"]);
  equal(run.nowMs, 1120);
});

Deno.test("how long it was up is not lengthened by what it left behind", () => {
  const run = besideAnother({ restart: { ...ON_FAILURE, attempts: 0, windowMs: 1000 }, essential: "never" });
  run.tell({ type: "reaped", children: [exited(20, 1)] }, 999);
  run.tell({ type: "leftovers-found", found: new Map([["web", [left(30)]]]) }, 999);
  run.tell({ type: "leftovers-found", found: new Map([["web", []]]) }, 5000);
  equal(run.phase("web"), "down");
});

Deno.test("after its last attempt a service has failed, and all is shut down with its code", () => {
  const run = besideAnother({ restart: { ...ON_FAILURE, attempts: 1 } });
  run.end(exited(20, 1));
  run.wait();
  run.up("web", 21);
  deepEqual(run.end(exited(21, 7)), [
    "warning: web ended with 7",
    "warning: shutting down, to exit with 7: web ended with 7",
    "SIGTERM to group 19",
    "SIGCONT to group 19",
  ]);
});

Deno.test("a service that cannot be started is tried again", () => {
  const run = serve([service("web", { restart: ON_FAILURE })]);
  deepEqual(run.tell(notStarted("web")), [
    "error: Cannot start web (web): the reason",
    "warning: web could not be started: starts again in 0.1s",
  ]);
  deepEqual(run.wait(), ["start web"]);
  equal(run.tell(notStarted("web"))[1], "warning: web could not be started: starts again in 0.2s");
});

Deno.test("without a delay it is started again at once, but by the clock: others get their turn", () => {
  const run = besideAnother({ restart: { ...ALWAYS, delayMs: 0 } });
  deepEqual(run.end(exited(20, 0), 1000), ["warning: web ended with 0: starts again"]);
  deepEqual(run.wait(), ["start web"]);
  equal(run.nowMs, 1000);
});

Deno.test("restart: always: an essential service is not started again: its end is the container's", () => {
  const run = besideAnother({ restart: ALWAYS, essential: "any end" });
  run.end(exited(20, 0));
  equal(run.phase("web"), "down");
});

Deno.test("TERM during the back-off: it is not started again", () => {
  const run = serve([service("web", { restart: ALWAYS })]);
  run.up("web", 20);
  run.end(exited(20, 1));
  deepEqual(run.tell(signal("TERM")), ["count"]);
  equal(run.state.name, "stopping");
  deepEqual(run.tell({ type: "time-came" }, 100), [], "a timer after the fact changes nothing");
});

Deno.test("TERM during the back-off of one that others wait for: they are not started either", () => {
  const run = serve([
    service("web", { dependsOn: [on("db", "healthy")] }),
    service("db", { restart: ALWAYS, health: health() }),
  ]);
  run.up("db", 20);
  run.end(exited(20, 1));
  deepEqual(run.tell(signal("TERM")), ["count"]);
});

Deno.test("a restart does not wait for dependencies again, nor touch who depends on it", () => {
  const run = serve([service("web", { dependsOn: [on("db")] }), service("db", { restart: ALWAYS })]);
  run.up("db", 20);
  run.up("web", 21);
  run.end(exited(20, 1));
  deepEqual(run.wait(), ["start db"]);
  equal(run.phase("web"), "up");
});

Deno.test("200 services that fail at once all start again, at once", () => {
  const names = Array.from({ length: 200 }, (_, i) => `s${i}`);
  const run = serve(names.map((name) => service(name, { restart: ALWAYS })));
  names.forEach((name, i) => run.up(name, 100 + i));
  const looks = run.tell({ type: "reaped", children: names.map((_, i) => exited(100 + i, 1)) });
  deepEqual(looks, [`find leftovers of ${names.join(", ")}`], "one look for all");
  run.tell({ type: "leftovers-found", found: new Map(names.map((name) => [name, []])) });
  deepEqual(run.wait(), names.map((name) => `start ${name}`));
});

/** `web`, up as 20, whose end alone does not end the run: `other` is up as 19. */
function besideAnother(changes: Parameters<typeof service>[1]): ServicesPlay {
  const run = serve([service("other"), service("web", changes)]);
  run.up("other", 19);
  run.up("web", 20);
  return run;
}

function left(pid: number): { pid: number; parent: number; startTicks: string } {
  return { pid, parent: 1, startTicks: "100" };
}
