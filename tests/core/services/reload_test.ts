/** How a new version of the file is put in the place of the one that runs: what has not changed is left alone. */

import type { Service } from "../../../src/core/services/project.ts";
import { describeServiceNote } from "../../../src/core/services/words.ts";
import { reduceServices } from "../../../src/core/services/reduce.ts";
import { deepEqual, equal } from "../../assert.ts";
import { process } from "../play.ts";
import {
  ALWAYS,
  type Event,
  exited,
  found,
  health,
  on,
  program,
  serve,
  serveUp,
  service,
  type ServicesPlay,
  signal,
} from "./play.ts";

function reloaded(...services: readonly Service[]): Event {
  return { type: "reloaded", project: { services } };
}

function ask(pid: number): string[] {
  return [`SIGTERM to group ${pid}`, `SIGCONT to group ${pid}`];
}

/** The same service, changed. */
function changed(before: Service, version = "v2"): Service {
  return { ...before, program: program(before.name, version) };
}

/** What is told of a reload. */
function toldOf(run: ServicesPlay, ...services: readonly Service[]): string {
  const [, orders] = reduceServices(run.state, {
    type: "reloaded",
    project: { services },
    atMs: run.nowMs,
  });
  return orders.flatMap((order) => order.type === "tell" ? [describeServiceNote(order.note)] : []).join("; ");
}

const A = service("a");
const B = service("b");

Deno.test("nothing has changed: nothing is done", () => {
  const run = serveUp([A, B]);
  deepEqual(run.tell(reloaded(service("a"), service("b"))), []);
  deepEqual(run.tell(reloaded(B, A)), [], "nor if the order has changed");
  equal(toldOf(run, A, B), "reread the file; nothing has changed");
});

Deno.test("variables and dependencies in another order are no change, other values are", () => {
  const web = (environment: Record<string, string>, ...names: string[]): Service => {
    const alone = service("web", { dependsOn: names.map((name) => on(name)) });
    return { ...alone, program: { ...alone.program, environment } };
  };
  const run = serveUp([A, B, web({ X: "1", Y: "2" }, "a", "b")]);
  equal(toldOf(run, A, B, web({ Y: "2", X: "1" }, "b", "a")), "reread the file; nothing has changed");
  for (
    const other of [
      web({ Y: "1", X: "2" }, "a", "b"),
      web({ X: "1" }, "a", "b"),
      web({ X: "1", Y: "2" }, "a"),
    ]
  ) {
    equal(toldOf(run, A, B, other), "reread the file; changed: web");
  }
});

Deno.test("one line tells what is new, changed and gone", () => {
  equal(
    toldOf(serveUp([A, B]), changed(A), service("c"), service("d")),
    "reread the file; new: c, d; changed: a; gone: b",
  );
});

Deno.test("a new service is started, when it may", () => {
  const run = serve([A]);
  deepEqual(run.tell(reloaded(A, service("c", { dependsOn: [on("a")] }))), []);
  deepEqual(run.up("a", 20), ["start c"]);
});

Deno.test("a service that is gone is stopped, and nothing is left of it", () => {
  const run = serveUp([A, B]);
  deepEqual(run.tell(reloaded(A)), ask(21));
  run.end(exited(21, 1));
  equal(run.phase("b"), "gone");
  equal(run.state.name, "serving", "its failure is nobody's");
});

Deno.test("a service that has changed is stopped, and then started as it is now", () => {
  const run = serveUp([A, B]);
  deepEqual(run.tell(reloaded(A, changed(B))), ask(21));
  deepEqual(run.end(exited(21, 0)), ["start b"]);
  equal(run.phase("a"), "up");
});

Deno.test("also where what it left behind must end first", () => {
  const run = serveUp([A, B]);
  run.tell(reloaded(A, changed(B)));
  run.tell({ type: "reaped", children: [exited(21, 0)] });
  run.tell(found("b", process(30)));
  equal(run.phase("b"), "clearing");
  run.wait();
  deepEqual(run.tell(found("b")), ["start b"]);
});

Deno.test("a changed service begins anew: health, restarts, hooks", () => {
  const flaky = service("b", { restart: ALWAYS, postStart: [program("hook")] });
  const run = serve([A, flaky]);
  run.up("a", 20);
  run.up("b", 21);
  run.end(exited(21, 1));
  deepEqual(run.tell(reloaded(A, changed(flaky))), ["start b"], "out of its back-off, at once");
  deepEqual(run.up("b", 22), ["start post_start of b: hook"]);
  deepEqual(run.end(exited(22, 1)), ["warning: b ended with 1: starts again in 0.1s"]);
});

Deno.test("a changed service that waits still waits, one that has ended starts, as it is now", () => {
  const waits = service("b", { dependsOn: [on("a")] });
  const run = serve([A, waits, service("c")]);
  run.up("c", 22);
  run.end(exited(22, 0));
  deepEqual(run.tell(reloaded(A, changed(waits), changed(service("c")))), ["start c"]);
  equal(run.phase("b"), "waiting");
  deepEqual(run.up("a", 20), ["start b"]);
});

Deno.test("a service that has ended and has not changed stays down", () => {
  const run = serveUp([A, B]);
  run.end(exited(21, 0));
  deepEqual(run.tell(reloaded(A, B)), []);
  equal(run.phase("b"), "down");
});

Deno.test("a change while it is starting: it is started, stopped, and started as it is now", () => {
  const run = serve([A, B]);
  run.up("a", 20);
  deepEqual(run.tell(reloaded(A, changed(B))), []);
  deepEqual(run.up("b", 21), ask(21));
  deepEqual(run.end(exited(21, 0)), ["start b"]);
});

Deno.test("changed and gone ones are stopped in the reverse order of their dependencies", () => {
  const db = service("db");
  const web = service("web", { dependsOn: [on("db")] });
  const run = serveUp([db, web]);
  deepEqual(run.tell(reloaded(changed(db), changed(web))), ask(21));
  deepEqual(run.end(exited(21, 0)), ask(20));
  deepEqual(run.end(exited(20, 0)), ["start db"]);
  deepEqual(run.up("db", 22), ["start web"]);
});

Deno.test("who depends on a changed one and has not changed goes on without it", () => {
  const db = service("db");
  const web = service("web", { dependsOn: [on("db")] });
  const run = serveUp([db, web]);
  deepEqual(run.tell(reloaded(changed(db), web)), ask(20));
  equal(run.phase("web"), "up");
});

Deno.test("restart: true: who depends on a changed one is started anew with it, and so on", () => {
  const db = service("db");
  const web = service("web", { dependsOn: [on("db", "started", { restart: true })] });
  const proxy = service("proxy", { dependsOn: [on("web", "started", { restart: true })] });
  const run = serveUp([db, web, proxy]);
  deepEqual(run.tell(reloaded(proxy, web, changed(db))), ask(22), "in whichever order they stand");
  deepEqual(run.end(exited(22, 0)), ask(21));
  deepEqual(run.end(exited(21, 0)), ask(20));
  deepEqual(run.end(exited(20, 0)), ["start db"]);
  deepEqual(run.up("db", 30), ["start web"]);
  deepEqual(run.up("web", 31), ["start proxy"]);
});

Deno.test("restart: true: only with what it is said of", () => {
  const [db, cache] = [service("db"), service("cache")];
  const web = service("web", { dependsOn: [on("db", "started", { restart: true }), on("cache")] });
  const run = serveUp([db, cache, web]);
  deepEqual(run.tell(reloaded(db, changed(cache), web)), ask(21));
  equal(run.phase("web"), "up");
});

Deno.test("restart: true: who has ended, or is between its times, is left as it is", () => {
  const db = service("db");
  const changes = { dependsOn: [on("db", "started", { restart: true })] };
  const once = service("once", changes);
  const job = service("job", { ...changes, schedule: "0 3 * * *" });
  const run = serve([db, once, job]);
  run.up("db", 20);
  run.up("once", 21);
  run.end(exited(21, 0));
  deepEqual(run.tell(reloaded(changed(db), once, job)), ask(20));
  deepEqual([run.phase("once"), run.phase("job")], ["down", "planned"]);
});

Deno.test("restart: true: nobody is started anew for one that is new", () => {
  const web = service("web", { dependsOn: [on("db", "started", { restart: true })] });
  const run = serveUp([service("db"), web]);
  deepEqual(run.tell(reloaded(service("db"), web, service("cache"))), ["start cache"]);
});

Deno.test("who waits for a changed one waits for it as it is now", () => {
  const db = service("db", { health: health({ test: { name: "tcp", host: "localhost", port: 1 } }) });
  const web = service("web", { dependsOn: [on("db", "healthy")] });
  const run = serve([db, web]);
  run.up("db", 20);
  run.tell(reloaded(changed(db), web));
  deepEqual(run.end(exited(20, 1)), ["start db"], "the end of the old one is no failure");
  equal(run.phase("web"), "waiting");
});

Deno.test("several versions in a row while it is being stopped: it is started as the last one says", () => {
  const run = serveUp([A, B]);
  run.tell(reloaded(A, changed(B)));
  equal(toldOf(run, A, changed(B)), "reread the file; nothing has changed");
  equal(toldOf(run, A, changed(B, "v3")), "reread the file; changed: b");
  deepEqual(run.tell(reloaded(A, changed(B, "v3"))), []);
  deepEqual(run.tell(reloaded(A)), []);
  deepEqual(run.tell(reloaded(A, changed(B, "v4"))), []);
  run.end(exited(21, 0));
  const state = run.state.name === "serving" ? run.state.services.get("b") : undefined;
  deepEqual(state?.service.program.command, ["b", "v4"]);
  equal(run.phase("b"), "starting");
});

Deno.test("gone while it is being stopped for a change: it is not started again", () => {
  const run = serveUp([A, B]);
  run.tell(reloaded(A, changed(B)));
  run.tell(reloaded(A));
  deepEqual(run.end(exited(21, 0)), []);
  equal(run.phase("b"), "gone");
});

Deno.test("back while it is being stopped as gone: it is started again", () => {
  const run = serveUp([A, B]);
  run.tell(reloaded(A));
  equal(toldOf(run, A), "reread the file; nothing has changed", "it is gone already");
  deepEqual(run.tell(reloaded(A, B)), []);
  deepEqual(run.end(exited(21, 0)), ["start b"]);
});

Deno.test("back to what it was while it is being stopped: it is started anew all the same", () => {
  const run = serveUp([A, B]);
  run.tell(reloaded(A, changed(B)));
  run.tell(reloaded(A, B));
  deepEqual(run.end(exited(21, 0)), ["start b"]);
});

Deno.test("gone while it is cleared up, or backs off: it leaves", () => {
  const run = serveUp([A, service("b", { restart: ALWAYS })]);
  run.tell({ type: "reaped", children: [exited(21, 0)] });
  run.tell(found("b", process(30)));
  run.tell(reloaded(A));
  equal(run.phase("b"), "clearing");
  run.wait();
  deepEqual(run.tell(found("b")), []);
  equal(run.phase("b"), "gone");

  const other = serveUp([A, service("b", { restart: ALWAYS })]);
  other.end(exited(21, 0));
  deepEqual(other.tell(reloaded(A)), []);
  equal(other.phase("b"), "gone");
});

Deno.test("dependencies turned round: each is stopped and started in its own version's order", () => {
  const run = serveUp([A, service("b", { dependsOn: [on("a")] })]);
  deepEqual(run.tell(reloaded(service("a", { dependsOn: [on("b")] }), B)), ask(21));
  deepEqual(run.end(exited(21, 0)), [...ask(20), "start b"]);
  run.up("b", 30);
  deepEqual(run.end(exited(20, 0)), ["start a"]);
});

Deno.test("services of different versions that need each other in a circle do not hold each other up", () => {
  const x = service("x", { dependsOn: [on("y")], restart: ALWAYS });
  const y = service("y");
  const z = service("z", { dependsOn: [on("x")] });
  const slow = service("slow", { dependsOn: [on("x")] });
  const run = serveUp([y, x, z, slow]);
  const yNow = service("y", { dependsOn: [on("z")] });
  deepEqual(
    run.tell(reloaded(service("x"), yNow, z)),
    ask(23),
    "slow is gone: x, which it needs, waits for it",
  );
  deepEqual(run.end(exited(20, 0)), ["start y"], "y has ended by itself: as it is now it needs z");
  run.up("y", 30);
  deepEqual(run.tell(signal("TERM")), [], "z needs x, x needs y, and y needs z");
  deepEqual(run.end(exited(23, 0)), [...ask(30), ...ask(21), ...ask(22)]);
});

Deno.test("a new version in the middle of a shutdown changes nothing", () => {
  const run = serveUp([A, B]);
  run.tell(signal("HUP"));
  run.tell(signal("TERM"));
  const { state } = run;
  deepEqual(run.tell(reloaded(changed(A), service("c"))), []);
  deepEqual(run.state, state);
  run.end(exited(20, 0));
  deepEqual(run.end(exited(21, 0)), ["count"]);
  deepEqual(run.tell(reloaded(service("c"))), [], "nor when only the rest runs");
});

Deno.test("TERM while services are stopped for a new version: they are not started again", () => {
  const run = serveUp([A, B]);
  run.tell(reloaded(changed(A), changed(B)));
  run.tell(signal("TERM"));
  deepEqual(run.end(exited(20, 0)), []);
  deepEqual(run.end(exited(21, 0)), ["count"]);
});

Deno.test("all are gone and none is new: that is the end", () => {
  const run = serveUp([A]);
  run.tell(reloaded());
  deepEqual(run.end(exited(20, 0)), ["count"]);
});

Deno.test("a changed schedule is planned anew, a dropped one no more", () => {
  const job = service("job", { schedule: "0 3 * * *" });
  const run = serve([A, job]);
  run.up("a", 20);
  deepEqual(run.tell(reloaded(A, { ...job, schedule: "0 4 * * *" })), ["plan job at 0 4 * * *"]);
  deepEqual(run.tell(reloaded(A, service("job"))), ["plan job no more", "start job"]);
  run.up("job", 21);
  deepEqual(run.tell(reloaded(A, job)), ask(21));
  deepEqual(run.end(exited(21, 0)), ["plan job at 0 3 * * *"]);
  deepEqual(run.tell(reloaded(A)), ["plan job no more"]);
});
