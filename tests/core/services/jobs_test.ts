/** Services with a schedule: they run at their times, and not at the start. */

import { deepEqual, equal } from "../../assert.ts";
import { process } from "../play.ts";
import { type Event, exited, found, notStarted, on, ON_FAILURE, serve, service, signal } from "./play.ts";

const DUE: Event = { type: "job-due", service: "backup" };
const BACKUP = service("backup", { schedule: "0 3 * * *" });

Deno.test("a job is planned, and not started at the start", () => {
  const run = serve([BACKUP]);
  deepEqual(run.first, ["plan backup at 0 3 * * *"]);
  equal(run.phase("backup"), "planned");
});

Deno.test("a job is started at each of its times", () => {
  const run = serve([BACKUP]);
  for (const pid of [20, 21]) {
    deepEqual(run.tell(DUE), ["start backup"]);
    run.up("backup", pid);
    deepEqual(run.end(exited(pid, 0)), []);
    equal(run.phase("backup"), "planned");
  }
});

Deno.test("a run with nothing but jobs goes on", () => {
  const run = serve([BACKUP]);
  run.tell(DUE);
  run.up("backup", 20);
  run.end(exited(20, 0));
  equal(run.state.name, "serving");
});

Deno.test("a time at which it still runs is passed over, and told", () => {
  const run = serve([BACKUP]);
  run.tell(DUE);
  deepEqual(run.tell(DUE), ["warning: backup still runs: this time is passed over"], "starting");
  run.up("backup", 20);
  deepEqual(run.tell(DUE), ["warning: backup still runs: this time is passed over"], "up");
  run.tell({ type: "reaped", children: [exited(20, 0)] });
  run.tell(found("backup", process(30)));
  deepEqual(run.tell(DUE), ["warning: backup still runs: this time is passed over"], "being cleared up");
});

Deno.test("its failure ends the run with its code, as that of any service", () => {
  const run = serve([BACKUP]);
  run.tell(DUE);
  run.up("backup", 20);
  deepEqual(run.end(exited(20, 4)), [
    "warning: backup ended with 4",
    "warning: shutting down, to exit with 4: backup ended with 4",
    "count",
  ]);
});

Deno.test("essential: false: after a failure it is started at its next time", () => {
  const run = serve([{ ...BACKUP, essential: "never" }]);
  run.tell(DUE);
  deepEqual(run.tell(notStarted("backup")), [
    "error: Cannot start backup (backup): the reason",
    "warning: backup could not be started",
  ]);
  deepEqual(run.tell(DUE), ["start backup"]);
});

Deno.test("a failed job is tried again, by its policy, and anew at each of its times", () => {
  const run = serve([{ ...BACKUP, restart: { ...ON_FAILURE, attempts: 1 }, essential: "never" }]);
  for (const pid of [20, 30]) {
    run.tell(DUE);
    run.up("backup", pid);
    deepEqual(run.end(exited(pid, 1)), ["warning: backup ended with 1: starts again in 0.1s"]);
    deepEqual(run.wait(), ["start backup"]);
    run.up("backup", pid + 1);
    deepEqual(run.end(exited(pid + 1, 1)), ["warning: backup ended with 1"]);
    equal(run.phase("backup"), "planned");
  }
});

Deno.test("a time that comes in its back-off starts it, once", () => {
  const run = serve([{ ...BACKUP, restart: ON_FAILURE }]);
  run.tell(DUE);
  run.up("backup", 20);
  run.end(exited(20, 1), 1000);
  deepEqual(run.tell(DUE, 1050), ["start backup"]);
  deepEqual(run.tell({ type: "time-came" }, 1100), []);
});

Deno.test("a job waits for what it depends on", () => {
  const run = serve([service("db"), { ...BACKUP, dependsOn: [on("db")] }]);
  deepEqual(run.tell(DUE), []);
  deepEqual(run.tell(DUE), [
    "warning: backup still waits for what it depends on: this time is passed over",
  ]);
  deepEqual(run.up("db", 20), ["start backup"]);
});

Deno.test("in a shutdown no time comes any more", () => {
  const run = serve([BACKUP, service("web")]);
  run.up("web", 20);
  run.tell(signal("TERM"));
  equal(run.phase("backup"), "down");
  deepEqual(run.tell(DUE), []);
  deepEqual(run.end(exited(20, 0)), ["count"]);
  deepEqual(run.tell(DUE), [], "nor when only the rest runs");
});

Deno.test("a job that runs is stopped as any service", () => {
  const run = serve([BACKUP]);
  run.tell(DUE);
  run.up("backup", 20);
  deepEqual(run.tell(signal("TERM")), ["SIGTERM to group 20", "SIGCONT to group 20"]);
});

Deno.test("a time of a schedule that a new version of the file has dropped changes nothing", () => {
  const run = serve([BACKUP, service("db")]);
  run.up("db", 19);
  const now = service("backup", { restart: ON_FAILURE });
  run.tell({ type: "reloaded", project: { services: [now, service("db")] } });
  run.up("backup", 20);
  run.end(exited(20, 1));
  deepEqual(run.tell(DUE), []);
  equal(run.phase("backup"), "backing-off");
});
