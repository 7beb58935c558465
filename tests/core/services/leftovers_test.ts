/** What a service leaves behind when it ends, and that it is brought to its end before anything else is done. */

import type { Remaining } from "../../../src/core/model.ts";
import { LINGER_MS } from "../../../src/core/rest.ts";
import { reduceServices } from "../../../src/core/services/reduce.ts";
import type { Service } from "../../../src/core/services/project.ts";
import { deepEqual, equal, notEqual, ok } from "../../assert.ts";
import { killed, process } from "../play.ts";
import {
  ALWAYS,
  exited,
  found,
  health,
  NOBODY_LEFT,
  on,
  program,
  serve,
  service,
  type ServicesPlay,
  signal,
} from "./play.ts";

/** `web` has ended, and at 1000 ms these are what it left behind and do not end by themselves; `other` is up. */
function leftBehind(
  processes: readonly Remaining[],
  changes: Parameters<typeof service>[1] = {},
): { readonly run: ServicesPlay; readonly orders: readonly string[] } {
  const run = serve([service("other"), service("web", { restart: ALWAYS, stopGraceMs: 600, ...changes })]);
  run.up("other", 19);
  run.up("web", 20);
  const endMs = 1000 - Math.min(LINGER_MS, changes.stopGraceMs ?? LINGER_MS);
  deepEqual(run.tell({ type: "reaped", children: [exited(20, 0)] }, endMs), ["find leftovers of web"]);
  return { run, orders: run.firstLook(found("web", ...processes)) };
}

function asked(...pids: number[]): string[] {
  return pids.flatMap((pid) => [`send SIGTERM to process ${pid}`, `send SIGCONT to process ${pid}`]);
}

/** Waits for the next look, and tells what it finds. */
function look(run: ServicesPlay, ...processes: readonly Remaining[]): string[] {
  deepEqual(run.wait(), ["find leftovers of web"]);
  return run.tell(found("web", ...processes));
}

Deno.test("with nothing left behind the service is done with at once", () => {
  const { run, orders } = leftBehind([]);
  deepEqual(orders, ["warning: web ended with 0: starts again in 0.1s"]);
  equal(run.phase("web"), "backing-off");
});

Deno.test("whoever ends by himself within 100 ms is not asked to: he may read the last lines", () => {
  const run = serve([service("web", { restart: ALWAYS })]);
  run.up("web", 20);
  run.tell({ type: "reaped", children: [exited(20, 0)] }, 1000);
  deepEqual(run.tell(found("web", process(30), process(31))), []);
  deepEqual(run.tell({ type: "reaped", children: [exited(30, 0)] }, 1010), []);
  deepEqual(look(run, process(31)), []);
  equal(run.nowMs, 1030);
  deepEqual(run.tell({ type: "reaped", children: [exited(31, 0)] }, 1060), []);
  deepEqual(look(run), ["warning: web ended with 0: starts again in 0.1s"]);
  equal(run.nowMs, 1080);
});

Deno.test("what is left behind is asked by TERM, and CONT: a stopped process cannot die of TERM", () => {
  const { run, orders } = leftBehind([process(30), process(31)]);
  deepEqual(orders, asked(30, 31));
  equal(run.phase("web"), "clearing");
});

Deno.test("a daemon that a program which is well leaves behind is told: as a rule it was to be the server", () => {
  const daemon = { ...process(30, 1, "redis-server"), isDaemon: true };
  const told = "web has ended and left 30 (redis-server) behind: sent SIGTERM";
  deepEqual(leftBehind([daemon]).orders, [...asked(30), `warning: ${told}`]);

  const failed = serve([service("web", { restart: ALWAYS })]);
  failed.up("web", 20);
  failed.tell({ type: "reaped", children: [exited(20, 1)] });
  deepEqual(failed.firstLook(found("web", daemon)), asked(30), "its failure is told");

  const stopped = serve([service("web")]);
  stopped.up("web", 20);
  stopped.tell(signal("TERM"));
  stopped.tell({ type: "reaped", children: [exited(20, 0)] });
  deepEqual(stopped.firstLook(found("web", daemon)), asked(30), "it was to end");
});

Deno.test("it is looked for again until nothing is left, and only then the service starts again", () => {
  const { run } = leftBehind([process(30)]);
  deepEqual(run.wait(), ["find leftovers of web"]);
  deepEqual(
    reduceServices(run.state, { type: "time-came", atMs: 1020 }),
    [run.state, []],
    "an answer is awaited",
  );
  deepEqual(run.tell(found("web", process(30))), [], "asked once");
  equal(run.nowMs, 1020);
  deepEqual(look(run), ["warning: web ended with 0: starts again in 0.1s"]);
  equal(run.nowMs, 1060);
  deepEqual(run.wait(), ["start web"]);
});

Deno.test("who is new is asked, too", () => {
  const { run } = leftBehind([process(30)]);
  deepEqual(look(run, process(30), process(31)), asked(31));
});

Deno.test("another process under the same number is another process", () => {
  const { run } = leftBehind([process(30)]);
  deepEqual(look(run, process(30, 1, undefined, "200")), asked(30));
});

Deno.test("who is new below one that was asked is spared: it may be how that one cleans up", () => {
  const { run } = leftBehind([process(30)]);
  deepEqual(look(run, process(30), process(31, 30)), []);
  deepEqual(look(run, process(31)), asked(31), "asked once it is an orphan");
});

Deno.test("of a tree that is found at the first look each is asked", () => {
  deepEqual(leftBehind([process(30), process(31, 30)]).orders, asked(30, 31));
});

Deno.test("the looks come less and less often, the last one when the grace is over", () => {
  const { run } = leftBehind([process(30)]);
  const looks: number[] = [];
  while (run.nowMs < 1500) {
    look(run, process(30));
    looks.push(run.nowMs);
  }
  deepEqual(looks, [1020, 1060, 1140, 1300, 1500]);
});

Deno.test("after the death of an orphan it looks again soon, and once for several deaths", () => {
  const { run } = leftBehind([process(30), process(31), process(32)]);
  look(run, process(30), process(31), process(32));
  look(run, process(30), process(31), process(32));
  equal(run.nowMs, 1060);
  deepEqual(run.tell({ type: "reaped", children: [exited(30, 0)] }, 1070), []);
  deepEqual(run.tell({ type: "reaped", children: [exited(31, 0)] }, 1085), []);
  deepEqual(look(run, process(32)), []);
  equal(run.nowMs, 1090);
});

Deno.test("KILL once the grace is over, each named once; who comes late gets it too", () => {
  const { run } = leftBehind([process(30, 1, "daemon")]);
  while (run.nowMs < 1300) look(run, process(30, 1, "daemon"));
  deepEqual(look(run, process(30, 1, "daemon")), [
    "send SIGKILL to process 30",
    "warning: killed 30 (daemon), which web had left behind: it had not ended in time",
  ]);
  equal(run.nowMs, 1500);
  deepEqual(look(run, process(30, 1, "daemon"), process(31, 30, "late")), [
    "send SIGKILL to process 30",
    "send SIGKILL to process 31",
    "warning: killed 31 (late), which web had left behind: it had not ended in time",
  ]);
  equal(run.nowMs, 1520);
  deepEqual(look(run), ["warning: web ended with 0: starts again in 0.1s"]);
});

Deno.test("no grace: KILL at the first look", () => {
  deepEqual(leftBehind([process(30)], { stopGraceMs: 0 }).orders, [
    "send SIGKILL to process 30",
    "warning: killed 30, which web had left behind: it had not ended in time",
  ]);
});

Deno.test("a crowd is killed, but not named one by one", () => {
  const crowd = Array.from({ length: 100 }, (_, i) => process(30 + i));
  const { run, orders } = leftBehind(crowd, { stopGraceMs: 0 });
  equal(orders.filter((order) => order.startsWith("send SIGKILL")).length, 100);
  equal(orders.filter((order) => order.startsWith("warning")).length, 32);
  run.tell({ type: "time-came" }, 2999);
  run.tell(found("web", ...crowd));
  const last = run.tell({ type: "time-came" }, 3020);
  deepEqual(last, ["find leftovers of web"]);
  const stays = run.tell(found("web", ...crowd)).filter((order) => order.startsWith("warning: Cannot end"));
  equal(stays.length, 32);
});

Deno.test("what survives KILL is named, and the service goes on without waiting for it", () => {
  const { run } = leftBehind([process(30)], { stopGraceMs: 0 });
  while (run.nowMs < 2980) deepEqual(look(run, process(30)), ["send SIGKILL to process 30"]);
  deepEqual(look(run, process(30)), [
    "send SIGKILL to process 30",
    "warning: Cannot end 30, which web had left behind: it survived SIGKILL",
    "warning: web ended with 0: starts again in 0.1s",
  ]);
  equal(run.nowMs, 3000);
});

/** Nobody is seen, but somebody is left in the process group of `web`. */
const IN_ITS_GROUP: ReturnType<typeof found> = { type: "leftovers-found", found: new Map([["web", null]]) };

/** `web` has ended at 1000 ms, and somebody is left in its group. */
function groupLeft(): { readonly run: ServicesPlay; readonly orders: readonly string[] } {
  const { run, end } = beside({ stopGraceMs: 500 });
  deepEqual(end(), ["find leftovers of web"]);
  return { run, orders: run.firstLook(IN_ITS_GROUP) };
}

Deno.test("whom no look sees: the process group of a service that has ended is asked, once, and looked for again", () => {
  const { run, orders } = groupLeft();
  deepEqual(orders, ["SIGTERM to group 20", "SIGCONT to group 20"]);
  deepEqual(run.wait(), ["find leftovers of web"]);
  deepEqual(run.tell(IN_ITS_GROUP), []);
  deepEqual(look(run), ["warning: web ended with 0: starts again in 0.1s"]);
});

Deno.test("whom no look sees: KILL for the group once the grace is over, and an end of waiting", () => {
  const { run } = groupLeft();
  const orders: string[] = [];
  while (run.phase("web") === "clearing") {
    deepEqual(run.wait(), ["find leftovers of web"]);
    orders.push(...run.tell(IN_ITS_GROUP));
    if (orders.length === 2) equal(run.nowMs, 1500);
  }
  equal(run.nowMs, 3500);
  deepEqual(orders.filter((order) => order !== "SIGKILL to group 20"), [
    "warning: killed what web had left behind: it had not ended in time",
    "warning: Cannot end what web had left behind: it survived SIGKILL",
    "warning: web ended with 0: starts again in 0.1s",
  ]);
});

/** `web`, up as 20, of which a probe or a hook is sent KILL as 30 when it ends at 1000 ms; nothing is found then. */
const HIDING: Readonly<Record<string, () => ServicesPlay>> = {
  "probe": () => {
    const { run, end } = beside({ health: health({ intervalMs: 500 }) });
    run.tell({ type: "time-came" }, 500);
    run.up("web", 30, 500, "probe");
    deepEqual(end(), ["SIGKILL to group 30", "find leftovers of web"]);
    return run;
  },
  "post_start": () => {
    const { run, end } = beside({ postStart: [program("hook")] });
    run.up("web", 30, 500, "post_start");
    deepEqual(end(), ["SIGKILL to group 30", "find leftovers of web"]);
    return run;
  },
  "pre_stop": () => {
    const { run, end } = beside({ preStop: [program("hook")] });
    run.tell({ type: "reloaded", project: { services: [service("other")] } }, 500);
    run.up("web", 30, 500, "pre_stop");
    deepEqual(end(), ["SIGKILL to group 30", "find leftovers of web"]);
    return run;
  },
  "probe that is killed when it is stopped": () => {
    const { run, end } = beside({ health: health({ intervalMs: 500 }) });
    run.tell({ type: "time-came" }, 500);
    run.up("web", 30, 500, "probe");
    run.tell({ type: "reloaded", project: { services: [service("other")] } }, 990);
    deepEqual(end(), ["find leftovers of web"]);
    return run;
  },
  "probe that is started too late": () => {
    const { run, end } = beside({ health: health({ intervalMs: 1000 }) });
    run.tell({ type: "time-came" }, 1000);
    deepEqual(end(), ["find leftovers of web"]);
    deepEqual(run.up("web", 30, 1000, "probe"), ["SIGKILL to group 30"]);
    return run;
  },
};

function beside(changes: Partial<Service>): { readonly run: ServicesPlay; readonly end: () => string[] } {
  const run = serve([service("other"), service("web", { restart: ALWAYS, ...changes })]);
  run.up("other", 19);
  run.up("web", 20);
  return { run, end: () => run.tell({ type: "reaped", children: [exited(20, 0)] }, 1000) };
}

for (const [what, reach] of Object.entries(HIDING)) {
  Deno.test(`a ${what} may hide what it leaves behind until it is reaped: then it is looked again`, () => {
    const run = reach();
    deepEqual(run.tell(found("web")), []);
    equal(run.phase("web"), "clearing");
    deepEqual(run.tell({ type: "reaped", children: [killed(30, "KILL")] }, 1001), ["find leftovers of web"]);
    deepEqual(run.firstLook(found("web", process(31))), asked(31));
    look(run);
    notEqual(run.phase("web"), "clearing");
  });

  Deno.test(`a ${what} that KILL does not end is waited for no longer than 2 s`, () => {
    const run = reach();
    run.tell(found("web"));
    let looks = 0;
    for (; run.phase("web") === "clearing"; looks++) look(run);
    ok(run.nowMs >= 2990 && run.nowMs < 4000, `${run.nowMs} ms`);
    ok(looks <= 8, `${looks} looks: each time that none is found the next one is later`);
  });
}

Deno.test("several services that end at once are looked after by one look", () => {
  const run = serve([service("a", { restart: ALWAYS }), service("b", { restart: ALWAYS }), service("c")]);
  ["a", "b", "c"].forEach((name, i) => run.up(name, 20 + i));
  deepEqual(run.tell({ type: "reaped", children: [exited(21, 0), exited(20, 0)] }), [
    "find leftovers of b, a",
  ]);
  const both = new Map([["a", [process(30)]], ["b", [process(31)]]]);
  deepEqual(run.firstLook({ type: "leftovers-found", found: both }), asked(30, 31));
  deepEqual(run.wait(), ["find leftovers of a, b"]);
  deepEqual(run.tell({ type: "leftovers-found", found: new Map([["a", []], ["b", [process(31)]]]) }), [
    "warning: a ended with 0: starts again in 0.1s",
  ]);
});

Deno.test("TERM while it is cleared up: what is left keeps its grace, and the service does not start again", () => {
  const { run } = leftBehind([process(30)]);
  run.end(exited(19, 0));
  deepEqual(run.tell(signal("TERM")), []);
  equal(run.phase("web"), "clearing");
  deepEqual(look(run), ["count"]);
  deepEqual(run.tell(NOBODY_LEFT), ["exit with 0"]);
});

Deno.test("TERM while it is cleared up: the deadline cuts its grace", () => {
  const { run } = leftBehind([process(30)], { stopGraceMs: 60_000 });
  run.tell(signal("TERM"), 2000);
  while (run.nowMs < 10_500) {
    if (run.wait()[0] !== "find leftovers of web") break;
    run.tell(found("web", process(30)));
  }
  equal(run.nowMs, 11_000);
  equal(run.state.name, "killing");
});

Deno.test("TERM between the end and the first look: the grace is cut as well", () => {
  const run = serve([service("web")], { timeoutMs: 1000 });
  run.up("web", 20);
  run.tell({ type: "reaped", children: [exited(20, 0)] });
  run.tell(signal("TERM"));
  deepEqual(run.firstLook(found("web", process(30))), asked(30));
  while (run.state.name === "serving") if (run.wait().length > 0) run.tell(found("web", process(30)));
  equal(run.nowMs, 1000);
});

Deno.test("who waits for its success starts when what it left behind is gone", () => {
  const run = serve([
    service("migrate", { stopGraceMs: 500 }),
    service("web", { dependsOn: [on("migrate", "completed successfully")] }),
  ]);
  run.up("migrate", 20);
  run.tell({ type: "reaped", children: [exited(20, 0)] });
  run.tell(found("migrate", process(30)));
  run.wait();
  deepEqual(run.tell(found("migrate")), ["start web"]);
});

Deno.test("an answer after the fact changes nothing", () => {
  const { run } = leftBehind([]);
  deepEqual(run.tell(found("web", process(30))), []);
  deepEqual(run.tell(found("nobody", process(30))), []);
});
