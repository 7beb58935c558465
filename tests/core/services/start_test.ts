/** How services are started: in the order of their dependencies, side by side where these allow it. */

import { deepEqual, equal } from "../../assert.ts";
import { killed } from "../play.ts";
import { ALWAYS, answered, exited, health, notStarted, on, program, serve, service, signal } from "./play.ts";

Deno.test("services without dependencies are started at once, in the order of the file", () => {
  deepEqual(serve([service("b"), service("a")]).first, ["start b", "start a"]);
});

Deno.test("service_started: as soon as it is started, in whichever order they stand in the file", () => {
  const run = serve([service("web", { dependsOn: [on("db")] }), service("db")]);
  deepEqual(run.first, ["start db"]);
  equal(run.phase("web"), "waiting");
  deepEqual(run.up("db", 20), ["start web"]);
});

Deno.test("service_started: one that has started and ended meanwhile has been started", () => {
  const run = serve([
    service("web", { dependsOn: [on("init"), on("slow")] }),
    service("init"),
    service("slow"),
  ]);
  run.up("init", 20);
  run.end(exited(20, 0));
  deepEqual(run.up("slow", 21), ["start web"]);
});

Deno.test("service_started: behind the hooks of post_start, which run one after the other", () => {
  const db = service("db", { postStart: [program("first"), program("second")] });
  const run = serve([db, service("web", { dependsOn: [on("db")] })]);
  deepEqual(run.up("db", 20), ["start post_start of db: first"]);
  run.up("db", 21, 0, "post_start");
  deepEqual(run.end(exited(21, 0)), ["start post_start of db: second"]);
  run.up("db", 22, 0, "post_start");
  deepEqual(run.end(exited(22, 0)), ["start web"]);
});

Deno.test("who never became his program, which his end tells, could not be started", () => {
  const failure = { name: "not permitted", reason: "it may not", systemReason: "No" } as const;
  const run = serve([
    service("web", { restart: ALWAYS }),
    service("db", { essential: "never", health: health({ retries: 1 }) }),
  ]);
  run.up("web", 20);
  run.up("db", 21);
  deepEqual(run.end({ ...exited(20, 127), failure }, 300), [
    "error: Cannot start web (web): it may not",
    "warning: web could not be started: starts again in 0.1s",
  ]);
  run.wait();
  run.up("web", 22);
  run.wait();
  run.up("db", 23, 10_000, "probe");
  deepEqual(run.end({ ...exited(23, 127), failure }), [
    "kill leftovers of the probe of db",
    "warning: db is unhealthy: its probe could not be started: it may not",
  ]);
  run.end({ ...exited(21, 127), failure });
  deepEqual(run.tell(signal("TERM")), ["SIGTERM to group 22", "SIGCONT to group 22"]);
  deepEqual(run.end(exited(22, 0)), ["count"]);
  deepEqual(run.state.name === "stopping" && run.state.exitCode, 126);
});

Deno.test("a failing post_start stops its service, and that is a failure", () => {
  const run = serve([service("db", { postStart: [program("hook")] }), service("other")]);
  run.up("other", 19);
  run.up("db", 20);
  run.up("db", 21, 0, "post_start");
  deepEqual(run.end(exited(21, 4)), [
    "error: post_start of db ended with 4: db is stopped",
    "SIGTERM to group 20",
    "SIGCONT to group 20",
  ]);
  deepEqual(run.end(exited(20, 0)), [
    "warning: db was stopped: its post_start ended with 4",
    "warning: shutting down, to exit with 1: db was stopped: its post_start ended with 4",
    "SIGTERM to group 19",
    "SIGCONT to group 19",
  ]);
});

Deno.test("a post_start that cannot be started is a failing one", () => {
  const run = serve([service("db", { postStart: [program("hook")], restart: ALWAYS })]);
  run.up("db", 20);
  deepEqual(run.tell(notStarted("db", "post_start")), [
    "error: post_start of db could not be started: the reason: db is stopped",
    "SIGTERM to group 20",
    "SIGCONT to group 20",
  ]);
});

Deno.test("service_completed_successfully: when it has ended with 0", () => {
  const web = service("web", { dependsOn: [on("migrate", "completed successfully")] });
  const run = serve([web, service("migrate")]);
  deepEqual(run.up("migrate", 20), []);
  deepEqual(run.end(exited(20, 0)), ["start web"]);
});

Deno.test("service_healthy: when it is healthy", () => {
  const run = serve([
    service("web", { dependsOn: [on("db", "healthy")] }),
    service("db", { health: health() }),
  ]);
  deepEqual(run.up("db", 20), []);
  deepEqual(run.wait(), ["start probe of db: check"]);
  run.up("db", 21, run.nowMs, "probe");
  deepEqual(run.end(exited(21, 0)), ["kill leftovers of the probe of db", "start web"]);
});

Deno.test("a dependency that fails: who waited for it is told, and all is shut down with its code", () => {
  const web = service("web", { dependsOn: [on("migrate", "completed successfully")] });
  const run = serve([service("proxy", { dependsOn: [on("web")] }), web, service("migrate")]);
  run.up("migrate", 20);
  deepEqual(run.end(exited(20, 5)), [
    "warning: migrate ended with 5",
    "error: Cannot start web: migrate, which it depends on, ended with 5",
    "error: Cannot start proxy: web, which it depends on, could not be started: migrate, which it depends on, ended with 5",
    "warning: shutting down, to exit with 5: migrate ended with 5",
    "count",
  ]);
});

Deno.test("a dependency that fails and is not essential: who depends on it fails in its own right", () => {
  const web = service("web", { dependsOn: [on("cache")] });
  const run = serve([web, service("cache", { essential: "never" }), service("other")]);
  run.up("other", 19);
  deepEqual(run.tell(notStarted("cache")), [
    "error: Cannot start cache (cache): the reason",
    "warning: cache could not be started",
    "error: Cannot start web: cache, which it depends on, could not be started",
    "warning: shutting down, to exit with 127: web could not be started: cache, which it depends on, could not be started",
    "SIGTERM to group 19",
    "SIGCONT to group 19",
  ]);
});

Deno.test("required: false: it starts without what failed, and says so", () => {
  const web = service("web", { dependsOn: [on("cache", "healthy", { required: false })] });
  const run = serve([web, service("cache", { essential: "never", health: health() })]);
  run.up("cache", 20);
  deepEqual(run.end(exited(20, 1)), [
    "warning: cache ended with 1",
    "warning: web starts without cache, which ended with 1",
    "start web",
  ]);
});

Deno.test("service_healthy: one that turns out unhealthy, or ends before, has failed", () => {
  const web = service("web", { dependsOn: [on("db", "healthy")] });
  const unhealthy = serve([
    web,
    service("db", { health: health({ retries: 1, test: { name: "tcp", host: "localhost", port: 1 } }) }),
  ]);
  unhealthy.up("db", 20);
  deepEqual(unhealthy.wait(), ["probe db by tcp"]);
  deepEqual(unhealthy.tell(answered("db", "connection refused")), [
    "warning: db is unhealthy: connection refused",
    "error: Cannot start web: db, which it depends on, is unhealthy",
    "warning: shutting down, to exit with 1: web could not be started: db, which it depends on, is unhealthy",
    "SIGTERM to group 20",
    "SIGCONT to group 20",
  ]);
  const ended = serve([web, service("db", { health: health() })]);
  ended.up("db", 20);
  equal(
    ended.end(exited(20, 0))[0],
    "error: Cannot start web: db, which it depends on, ended before it was healthy",
  );
});

Deno.test("a dependency that backs off is waited for", () => {
  const run = serve([
    service("web", { dependsOn: [on("db", "healthy")] }),
    service("db", { restart: ALWAYS, health: health() }),
  ]);
  run.up("db", 20);
  deepEqual(run.end(exited(20, 1)), ["warning: db ended with 1: starts again in 0.1s"]);
  equal(run.phase("web"), "waiting");
  deepEqual(run.wait(), ["start db"]);
});

Deno.test("with no service at all the run ends with 0", () => {
  deepEqual(serve([]).first, ["count"]);
});

Deno.test("service_started: one that ends with 0 before its post_start has not been started", () => {
  const run = serve([
    service("web", { dependsOn: [on("db")] }),
    service("db", { postStart: [program("hook")] }),
  ]);
  run.up("db", 20);
  run.up("db", 21, 0, "post_start");
  deepEqual(run.end(exited(20, 0)), ["SIGKILL to group 21"]);
  deepEqual(run.end(killed(21, "KILL")), [
    "error: Cannot start web: db, which it depends on, ended before its post_start had",
    "warning: shutting down, to exit with 1: web could not be started: db, which it depends on, ended before its post_start had",
    "count",
  ]);
});

Deno.test("who waits for several fails as soon as one of them has failed", () => {
  const web = service("web", { dependsOn: [on("slow"), on("cache")] });
  const run = serve([web, service("slow"), service("cache", { essential: "never" })]);
  equal(
    run.tell(notStarted("cache"))[2],
    "error: Cannot start web: cache, which it depends on, could not be started",
  );
});

Deno.test("who waits for several is told of what it goes without when it starts, once", () => {
  const web = service("web", { dependsOn: [on("cache", "started", { required: false }), on("slow")] });
  const run = serve([web, service("slow"), service("cache", { essential: "never" })]);
  deepEqual(run.tell(notStarted("cache")).slice(2), []);
  deepEqual(run.up("slow", 20), [
    "warning: web starts without cache, which could not be started",
    "start web",
  ]);
});
