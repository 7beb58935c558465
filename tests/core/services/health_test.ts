/** When a service is asked for its health, and what follows from the answers. */

import type { Health } from "../../../src/core/services/health.ts";
import { beginHealth, probeAnswered, probeBegins } from "../../../src/core/services/health.ts";
import type { HealthPlan } from "../../../src/core/services/project.ts";
import { deepEqual, equal } from "../../assert.ts";
import { killed } from "../play.ts";
import {
  ALWAYS,
  answered,
  exited,
  health,
  notStarted,
  program,
  serve,
  service,
  type ServicesPlay,
  signal,
} from "./play.ts";

const TCP: HealthPlan = health({ test: { name: "tcp", host: "localhost", port: 80 } });

/** A service that is up as 20, and a healthcheck of it. */
function checked(plan: HealthPlan, changes: Parameters<typeof service>[1] = {}): ServicesPlay {
  const run = serve([service("web", { health: plan, ...changes })]);
  run.up("web", 20);
  return run;
}

function statusOf(run: ServicesPlay): Health["status"] | undefined {
  const phase = run.state.name === "serving" ? run.state.services.get("web")?.phase : undefined;
  return phase?.name === "up" ? phase.health?.status : undefined;
}

Deno.test("the first probe comes an interval after the start, the next an interval after its answer", () => {
  const run = checked(TCP);
  equal(statusOf(run), "starting");
  deepEqual(run.wait(), ["probe web by tcp"]);
  equal(run.nowMs, 10_000);
  run.tell(answered("web", null), 11_500);
  equal(statusOf(run), "healthy");
  deepEqual(run.wait(), ["probe web by tcp"]);
  equal(run.nowMs, 21_500);
});

Deno.test("while a probe is under way there is no other", () => {
  const run = checked({ ...TCP, intervalMs: 100, timeoutMs: 5000 });
  run.wait();
  deepEqual(run.tell({ type: "time-came" }, 4999), []);
});

Deno.test("each is asked at its own times, not at another's", () => {
  const run = serve([
    service("web", { health: TCP }),
    service("db", { health: { ...TCP, intervalMs: 4000 } }),
  ]);
  run.up("web", 20);
  run.up("db", 21);
  deepEqual(run.wait(), ["probe db by tcp"]);
  equal(run.nowMs, 4000);
});

Deno.test("a service is unhealthy after so many failures in a row; a success begins anew", () => {
  const run = checked({ ...TCP, retries: 3 });
  const story = [false, false, true, false, false, false, false, true].map((isWell) => {
    run.wait();
    const lines = run.tell(answered("web", isWell ? null : "connection refused"));
    return [statusOf(run), ...lines];
  });
  deepEqual(story, [
    ["starting"],
    ["starting"],
    ["healthy"],
    ["healthy"],
    ["healthy"],
    ["unhealthy", "warning: web is unhealthy: connection refused (3 failures in a row)"],
    ["unhealthy"],
    ["healthy", "warning: web is healthy again"],
  ]);
});

Deno.test("an unhealthy service is only told of: it goes on running", () => {
  const run = checked({ ...TCP, retries: 1 }, { restart: ALWAYS });
  run.wait();
  deepEqual(run.tell(answered("web", "status 500")), ["warning: web is unhealthy: status 500"]);
  equal(run.phase("web"), "up");
});

Deno.test("in the start period it is asked at another interval, and failures do not count", () => {
  const run = checked({ ...TCP, retries: 1, startPeriodMs: 2500, startIntervalMs: 1000 });
  run.wait();
  equal(run.nowMs, 1000);
  deepEqual(run.tell(answered("web", "not yet")), []);
  run.wait();
  deepEqual(run.tell(answered("web", "not yet"), 2499), []);
  run.wait();
  equal(run.nowMs, 3499);
  deepEqual(run.tell(answered("web", "not yet")), ["warning: web is unhealthy: not yet"]);
});

Deno.test("the first success ends the start period", () => {
  const plan = { ...TCP, retries: 1, startPeriodMs: 60_000 };
  const well = probeAnswered(plan, probeBegins(plan, beginHealth(plan, 0), 1000), null, 1000);
  equal(well.turned, "healthy");
  deepEqual(well.health.probe, { name: "none", nextAtMs: 11_000 });
  equal(probeAnswered(plan, probeBegins(plan, well.health, 11_000), "no", 11_000).turned, "unhealthy");
});

Deno.test("a program is well if it ends with 0; whatever it leaves behind is killed", () => {
  const run = checked(health());
  deepEqual(run.wait(), ["start probe of web: check"]);
  run.up("web", 30, run.nowMs, "probe");
  deepEqual(run.end(exited(30, 0)), ["kill leftovers of the probe of web"]);
  equal(statusOf(run), "healthy");
});

for (
  const [what, child, words] of [
    ["another code", exited(30, 2), "its probe ended with 2"],
    ["a signal", killed(30, "SEGV"), "its probe ended with 139 (SIGSEGV)"],
  ] as const
) {
  Deno.test(`a program is not well if it ends by ${what}`, () => {
    const run = checked(health({ retries: 1 }));
    run.wait();
    run.up("web", 30, run.nowMs, "probe");
    deepEqual(run.end(child), [
      "kill leftovers of the probe of web",
      `warning: web is unhealthy: ${words}`,
    ]);
  });
}

Deno.test("a probe that cannot be started is a failure", () => {
  const run = checked(health({ retries: 1 }));
  run.wait();
  deepEqual(run.tell(notStarted("web", "probe")), [
    "warning: web is unhealthy: its probe could not be started: the reason",
  ]);
  deepEqual(run.wait(), ["start probe of web: check"]);
});

Deno.test("a program that hangs is killed at its timeout, and its end is the failure, whatever it ends with", () => {
  const run = checked(health({ retries: 1 }));
  run.wait();
  run.up("web", 30, run.nowMs, "probe");
  deepEqual(run.wait(), ["SIGKILL to group 30"]);
  equal(run.nowMs, 12_000);
  equal(statusOf(run), "starting", "not counted before it has ended");
  deepEqual(run.tell({ type: "time-came" }, 60_000), [], "neither killed again nor asked again meanwhile");
  deepEqual(run.end(exited(30, 0)), [
    "kill leftovers of the probe of web",
    "warning: web is unhealthy: its probe had no answer after 2s",
  ]);
  deepEqual(run.wait(), ["start probe of web: check"]);
  equal(run.nowMs, 70_000);
});

Deno.test("a program's time is counted from when it was started, however late that was", () => {
  const run = checked(health({ retries: 1 }));
  run.wait();
  equal(run.nowMs, 10_000);
  run.up("web", 30, 15_000, "probe");
  deepEqual(run.wait(), ["SIGKILL to group 30"]);
  equal(run.nowMs, 17_000);
});

Deno.test("an answer from the network that does not come in time is a failure, and not waited for", () => {
  const run = checked({ ...TCP, retries: 1 });
  run.wait();
  deepEqual(run.wait(), [
    "cancel the probe of web",
    "warning: web is unhealthy: its probe had no answer after 2s",
  ]);
  deepEqual(run.tell(answered("web", null)), [], "an answer after the fact changes nothing");
  equal(statusOf(run), "unhealthy");
});

Deno.test("when the service ends its probe ends with it, and its answer changes nothing", () => {
  const network = checked(TCP, { restart: ALWAYS });
  network.wait();
  deepEqual(network.end(exited(20, 1)), [
    "cancel the probe of web",
    "warning: web ended with 1: starts again in 0.1s",
  ]);
  deepEqual(network.tell(answered("web", "connection refused")), []);

  const local = checked(health(), { restart: ALWAYS });
  local.wait();
  local.up("web", 30, local.nowMs, "probe");
  deepEqual(local.end(exited(20, 1)), ["SIGKILL to group 30"]);
  deepEqual(local.end(killed(30, "KILL")), ["warning: web ended with 1: starts again in 0.1s"]);
});

Deno.test("when the service is stopped its probe ends at once", () => {
  const network = checked(TCP);
  network.wait();
  deepEqual(network.tell(signal("TERM")), [
    "cancel the probe of web",
    "SIGTERM to group 20",
    "SIGCONT to group 20",
  ]);
  const local = checked(health());
  local.wait();
  local.up("web", 30, local.nowMs, "probe");
  deepEqual(local.tell(signal("TERM")), [
    "SIGKILL to group 30",
    "SIGTERM to group 20",
    "SIGCONT to group 20",
  ]);
  deepEqual(local.tell({ type: "time-came" }, local.nowMs + 1000), [], "and there is no other");
  deepEqual(local.tell({ type: "reaped", children: [killed(30, "KILL")] }), [], "nor a look behind it yet");
});

Deno.test("a probe that is started for a service that was told to end meanwhile is ended at once", () => {
  const run = checked(health());
  deepEqual(run.wait(), ["start probe of web: check"]);
  deepEqual(run.tell(signal("TERM")), ["SIGTERM to group 20", "SIGCONT to group 20"]);
  deepEqual(run.up("web", 30, run.nowMs, "probe"), ["SIGKILL to group 30"]);
});

Deno.test("a service and its probe that end in the same instant: nobody signals who was reaped", () => {
  for (const pids of [[20, 30], [30, 20]]) {
    const run = checked(health(), { restart: ALWAYS });
    run.wait();
    run.up("web", 30, run.nowMs, "probe");
    deepEqual(run.tell({ type: "reaped", children: pids.map((pid) => exited(pid, 1)) }), [
      "find leftovers of web",
    ]);
  }
});

Deno.test("a restarted service starts with no health, and its probes begin anew", () => {
  const run = checked(TCP, { restart: ALWAYS });
  run.wait();
  run.tell(answered("web", null));
  run.end(exited(20, 1));
  run.wait();
  const upAtMs = run.nowMs;
  run.up("web", 21);
  equal(statusOf(run), "starting");
  deepEqual(run.wait(), ["probe web by tcp"]);
  equal(run.nowMs, upAtMs + 10_000);
});

Deno.test("probes begin with the program, not behind its post_start", () => {
  const run = serve([service("web", { health: health(), postStart: [program("hook")] })]);
  run.up("web", 20);
  run.up("web", 21, 0, "post_start");
  deepEqual(run.wait(), ["start probe of web: check"]);
});
