/** How all services are brought to their end, and which exit code the run has. */

import type { ServicesFact, ServicesState } from "../../../src/core/services/model.ts";
import { reduceServices } from "../../../src/core/services/reduce.ts";
import { deepEqual, equal } from "../../assert.ts";
import { killed, process } from "../play.ts";
import {
  ALWAYS,
  type Event,
  exited,
  found,
  NOBODY_LEFT,
  notStarted,
  on,
  ON_FAILURE,
  program,
  serve,
  serveUp,
  service,
  type ServicesPlay,
  showOrder,
  signal,
  SOMEBODY_LEFT,
} from "./play.ts";

/** What stops a process group. */
function ask(pid: number, stopSignal = "SIGTERM"): string[] {
  return [`${stopSignal} to group ${pid}`, `SIGCONT to group ${pid}`];
}

/** The orders without what is told. */
function deeds(orders: readonly string[]): string[] {
  return orders.filter((order) => !/^(info|warning|error): /.test(order));
}

/** Lets the rest of the run pass with nobody left; the exit code. */
function exitOf(run: ServicesPlay): string {
  equal(run.state.name, "stopping");
  return run.tell(NOBODY_LEFT).join("; ");
}

Deno.test("services that do not depend on each other are stopped side by side", () => {
  const run = serveUp([service("a"), service("b")]);
  deepEqual(run.tell(signal("TERM")), [...ask(20), ...ask(21)]);
});

Deno.test("who is depended on is stopped after all who depend on it have ended", () => {
  const run = serveUp([
    service("db"),
    service("logs"),
    service("web", { dependsOn: [on("db"), on("logs")] }),
    service("worker", { dependsOn: [on("db")] }),
  ]);
  deepEqual(run.tell(signal("TERM")), [...ask(22), ...ask(23)]);
  deepEqual(run.end(exited(22, 0)), ask(21));
  deepEqual(run.end(exited(23, 0)), ask(20));
  deepEqual(run.end(exited(21, 0)), []);
  deepEqual(run.end(exited(20, 0)), ["count"]);
});

Deno.test("also after what they left behind is gone", () => {
  const run = serveUp([service("db"), service("web", { dependsOn: [on("db")] })]);
  run.tell(signal("TERM"));
  deepEqual(run.tell({ type: "reaped", children: [exited(21, 0)] }), ["find leftovers of web"]);
  deepEqual(deeds(run.firstLook(found("web", process(30)))), [
    "send SIGTERM to process 30",
    "send SIGCONT to process 30",
  ]);
  deepEqual(run.wait(), ["find leftovers of web"]);
  deepEqual(run.tell(found("web")), ask(20));
});

Deno.test("who ends before its turn is not asked", () => {
  const run = serveUp([service("db"), service("web", { dependsOn: [on("db")] })]);
  run.tell(signal("TERM"));
  deepEqual(run.end(exited(20, 1)), []);
  deepEqual(run.end(exited(21, 0)), ["count"]);
});

Deno.test("an exit in the very moment of the stop: nothing more is sent to it", () => {
  const run = serveUp([service("web"), service("other")]);
  run.tell(signal("TERM"));
  deepEqual(run.tell({ type: "reaped", children: [exited(20, 0), exited(21, 0)] }), [
    "find leftovers of web, other",
  ]);
  const nothing = new Map([["web", []], ["other", []]]);
  deepEqual(run.tell({ type: "leftovers-found", found: nothing }), ["count"]);
});

Deno.test("each is sent its own stop signal; KILL needs no CONT", () => {
  const run = serveUp([service("quit", { stopSignal: 3 }), service("kill", { stopSignal: 9 })]);
  deepEqual(run.tell(signal("TERM")), [...ask(20, "SIGQUIT"), "SIGKILL to group 21"]);
});

Deno.test("its stop signal goes to its program alone where it says so, KILL to all of its group", () => {
  const run = serveUp([service("web", { signalTo: "main", stopGraceMs: 2000 })]);
  deepEqual(run.tell(signal("TERM"), 1000), ["send SIGTERM to process 20", "send SIGCONT to process 20"]);
  deepEqual(run.wait(), [
    "SIGKILL to group 20",
    "warning: killed web 20 (web): it had not ended 2s after SIGTERM",
  ]);
});

Deno.test("KILL at the end of its grace, once, and named", () => {
  const run = serveUp([service("web", { stopGraceMs: 2000 }), service("other")]);
  run.tell(signal("TERM"), 1000);
  deepEqual(run.wait(), [
    "SIGKILL to group 20",
    "warning: killed web 20 (web): it had not ended 2s after SIGTERM",
  ]);
  equal(run.nowMs, 3000);
  deepEqual(run.tell({ type: "time-came" }, 4000), []);
  deepEqual(run.end(killed(20, "KILL")), []);
});

Deno.test("one deadline for all: graces are cut to what is left, and then KILL for whatever still runs", () => {
  const run = serveUp([service("db"), service("web", { dependsOn: [on("db")], stopGraceMs: 5000 })]);
  run.tell(signal("TERM"), 1000);
  run.wait();
  equal(run.nowMs, 6000);
  deepEqual(run.end(killed(21, "KILL")), ask(20));
  deepEqual(run.wait(), [
    "warning: killing whatever still runs: the 9s for the shutdown are over",
    "survey with commands",
    "set give-up to 2000 ms",
  ]);
  equal(run.nowMs, 10_000, "not db's 10 s");
  deepEqual(run.tell({ type: "surveyed", remaining: [process(20, 1, "postgres"), process(31, 20, "sh")] }), [
    "warning: killed db 20 (postgres): it had not ended in time",
    "warning: killed 31 (sh), which still ran",
    "send SIGKILL to everyone",
    "set survey to 20 ms",
  ]);
  deepEqual(run.tell({ type: "surveyed", remaining: [] }), ["exit with 0"]);
});

/** A chain of services: of each, its own grace, and when it is asked to end if all above are deaf. */
const CHAINS: readonly (readonly [
  title: string,
  timeoutMs: number,
  chain: readonly { readonly graceMs: number; readonly askedAtMs: number }[],
])[] = [
  ["a third of the time is kept for who is depended on", 9000, [
    { graceMs: 10_000, askedAtMs: 0 },
    { graceMs: 10_000, askedAtMs: 6000 },
  ]],
  ["of a short time, too", 600, [
    { graceMs: 10_000, askedAtMs: 0 },
    { graceMs: 10_000, askedAtMs: 400 },
  ]],
  ["an equal part of it for each step down", 9000, [
    { graceMs: 10_000, askedAtMs: 0 },
    { graceMs: 10_000, askedAtMs: 6000 },
    { graceMs: 10_000, askedAtMs: 7000 },
    { graceMs: 10_000, askedAtMs: 8000 },
  ]],
  ["no more than who is depended on has as its grace", 9000, [
    { graceMs: 10_000, askedAtMs: 0 },
    { graceMs: 500, askedAtMs: 8500 },
  ]],
  ["whoever has a shorter grace gets KILL behind that", 9000, [
    { graceMs: 2000, askedAtMs: 0 },
    { graceMs: 2000, askedAtMs: 2000 },
    { graceMs: 2000, askedAtMs: 4000 },
  ]],
  ["with no time at all each is asked all the same", 0, [
    { graceMs: 10_000, askedAtMs: 0 },
    { graceMs: 10_000, askedAtMs: 0 },
    { graceMs: 10_000, askedAtMs: 0 },
  ]],
];

for (const [title, timeoutMs, chain] of CHAINS) {
  Deno.test(`${title}: deaf services use nobody's time up, ${JSON.stringify(chain)}`, () => {
    const run = serveUp(
      chain.map(({ graceMs: stopGraceMs }, i) =>
        service(`s${i}`, { stopGraceMs, dependsOn: i + 1 < chain.length ? [on(`s${i + 1}`)] : [] })
      ).toReversed(),
      { timeoutMs },
    );
    const asked: number[] = [];
    const orders = run.tell(signal("TERM"));
    while (asked.length < chain.length) {
      if (orders.length === 0) orders.push(...run.wait());
      const [, sent, pid] = /^SIG(TERM|KILL) to group (\d+)$/.exec(orders.shift()!) ?? [];
      if (sent === "TERM") asked.push(run.nowMs);
      if (sent === "KILL") orders.push(...run.end(killed(Number(pid), "KILL")));
    }
    deepEqual(asked, chain.map(({ askedAtMs }) => askedAtMs));
  });
}

Deno.test("who has ended has no part in that: no time is kept for it, and it makes no step", () => {
  const web = service("web", { dependsOn: [on("db")] });
  const alone = serveUp([service("db"), web]);
  alone.end(exited(20, 0));
  alone.tell(signal("TERM"));
  alone.wait();
  equal(alone.nowMs, 9000);

  const below = serveUp([service("db"), web, service("top", { dependsOn: [on("web")] })]);
  below.end(exited(22, 0));
  below.tell(signal("TERM"));
  equal(below.wait()[0], "SIGKILL to group 21");
  equal(below.nowMs, 6000);
});

Deno.test("neither what survives KILL nor what it left behind holds others up for longer", () => {
  for (const isKept of [true, false]) {
    const run = serveUp([service("db"), service("web", { dependsOn: [on("db")], stopGraceMs: 5700 })]);
    run.tell(signal("TERM"));
    run.wait();
    if (!isKept) {
      run.tell({ type: "reaped", children: [killed(21, "KILL")] });
      run.tell(found("web", process(30)));
    }
    const orders = run.wait();
    while (orders.at(-1) === "find leftovers of web") {
      run.tell(found("web", process(30)));
      orders.splice(0, orders.length, ...run.wait());
    }
    equal(run.nowMs, 6000);
    deepEqual(orders, ask(20));
  }
});

Deno.test("a pre_stop that hangs is cut as well, and its time told", () => {
  const web = service("web", { dependsOn: [on("db")], preStop: [program("hook")] });
  const run = serveUp([service("db", { preStop: [program("bye")] }), web]);
  run.tell(signal("TERM"));
  run.up("web", 30, 0, "pre_stop");
  deepEqual(run.wait(), [
    "SIGKILL to group 30",
    "SIGKILL to group 21",
    "warning: killed web 21 (web): its pre_stop had not ended after 6s",
    "start pre_stop of db: bye",
  ]);
});

Deno.test("a time that is over before the clock is looked at: who was not asked is not said to be late", () => {
  const run = serveUp([service("db"), service("web", { dependsOn: [on("db")] })]);
  run.tell(signal("TERM"));
  run.tell({ type: "time-came" }, 9000);
  deepEqual(
    run.tell({ type: "surveyed", remaining: [process(20), process(21), process(30)] }).slice(0, 3),
    [
      "warning: killed db 20: it had not been asked to end",
      "warning: killed web 21: it had not ended in time",
      "warning: killed 30, which still ran",
    ],
  );
});

Deno.test("as subreaper without /proc KILL goes to the groups of the services, that are known", () => {
  const run = serveUp([service("web")], { role: "subreaper" });
  run.tell(signal("TERM"));
  run.wait();
  deepEqual(run.tell({ type: "surveyed", remaining: null }), [
    "warning: killed whatever still ran 9s after SIGTERM; there is no /proc to name it",
    "send SIGKILL to everyone",
    "set survey to 20 ms",
  ]);
});

Deno.test("the grace of one that was being stopped already is cut too", () => {
  const run = serveUp([service("web", { postStart: [program("hook")] }), service("other")], {
    timeoutMs: 3000,
  });
  run.tell(notStarted("web", "post_start"), 1000);
  equal(run.phase("web"), "stopping");
  run.tell(signal("TERM"), 2000);
  run.wait();
  equal(run.nowMs, 5000);
});

Deno.test("one that was sent KILL before the shutdown is not sent it again", () => {
  const run = serveUp([service("web", { postStart: [program("hook")], stopGraceMs: 500 }), service("other")]);
  run.tell(notStarted("web", "post_start"));
  equal(run.wait()[0], "SIGKILL to group 20");
  deepEqual(run.tell(signal("TERM")), ask(21));
  deepEqual(run.tell({ type: "time-came" }, 600), []);
});

Deno.test("also for who is depended on", () => {
  const web = service("web", { postStart: [program("hook")], dependsOn: [on("db")] });
  const run = serveUp([service("db"), web], { timeoutMs: 3000 });
  run.tell(notStarted("web", "post_start"), 1000);
  run.tell(signal("TERM"), 2000);
  equal(run.wait()[0], "SIGKILL to group 21");
  equal(run.nowMs, 4000);
});

Deno.test("what survives KILL does not hold the container for ever", () => {
  const run = serveUp([service("web")]);
  run.tell(signal("TERM"));
  run.wait();
  run.tell({ type: "surveyed", remaining: [process(20)] });
  deepEqual(run.tell({ type: "timer-fired", timer: "give-up" }), [
    "error: Cannot end everything: some processes survived SIGKILL",
    "exit with 0",
  ]);
});

Deno.test("after the last service: whatever else runs is asked, with what is left of the time", () => {
  const run = serveUp([service("web")]);
  run.tell(signal("TERM"));
  deepEqual(run.end(exited(20, 0), 4000), ["count"]);
  deepEqual(run.tell(SOMEBODY_LEFT), ["set survey to 100 ms"]);
  deepEqual(run.tell({ type: "timer-fired", timer: "survey" }, 4100), ["survey"]);
  deepEqual(run.tell({ type: "surveyed", remaining: [process(30)] }), [
    "send SIGTERM to everyone",
    "send SIGCONT to everyone",
    "set grace to 4900 ms",
    "set survey to 20 ms",
  ]);
  deepEqual(run.tell({ type: "reaped", children: [exited(30, 0)] }), ["count"]);
  deepEqual(run.tell(NOBODY_LEFT), ["exit with 0"]);
});

Deno.test("a shutdown that comes of the last service leaves all of its time to the rest", () => {
  const run = serveUp([service("web", { essential: "never" })], { timeoutMs: 3000 });
  run.end(exited(20, 0), 60_000);
  run.tell(SOMEBODY_LEFT);
  equal(
    run.tell({ type: "surveyed", remaining: [process(30)] }).find((order) => order.startsWith("set grace")),
    "set grace to 2900 ms",
  );
});

Deno.test("pre_stop: its hooks run one after the other, then the stop signal is sent", () => {
  const run = serveUp([service("web", { preStop: [program("first"), program("second")] })]);
  deepEqual(run.tell(signal("TERM")), ["start pre_stop of web: first"]);
  run.up("web", 30, 0, "pre_stop");
  deepEqual(run.end(exited(30, 0)), ["start pre_stop of web: second"]);
  run.up("web", 31, 0, "pre_stop");
  deepEqual(run.end(exited(31, 0)), ask(20));
});

Deno.test("pre_stop: one that fails is told of, and the stop goes on", () => {
  const run = serveUp([service("web", { preStop: [program("first"), program("second")] })]);
  run.tell(signal("TERM"));
  deepEqual(run.tell(notStarted("web", "pre_stop")), [
    "warning: pre_stop of web could not be started: the reason",
    "start pre_stop of web: second",
  ]);
  run.up("web", 31, 0, "pre_stop");
  deepEqual(run.end(exited(31, 2)), ["warning: pre_stop of web ended with 2", ...ask(20)]);
});

Deno.test("pre_stop: one that hangs is killed with its service at the end of the grace", () => {
  const run = serveUp([service("web", { preStop: [program("hook"), program("next")], stopGraceMs: 2000 })]);
  run.tell(signal("TERM"), 1000);
  run.up("web", 30, 1500, "pre_stop");
  deepEqual(run.wait(), [
    "SIGKILL to group 30",
    "SIGKILL to group 20",
    "warning: killed web 20 (web): its pre_stop had not ended after 2s",
  ]);
  deepEqual(run.end(killed(30, "KILL")), [], "its end is nothing to tell of, and no other hook runs");
  deepEqual(run.end(killed(20, "KILL")), ["count"], "nor is it killed again, now that it was reaped");
});

Deno.test("pre_stop: a service that ends meanwhile needs it no more", () => {
  const run = serveUp([service("web", { preStop: [program("hook")] }), service("other")]);
  run.tell(signal("TERM"));
  run.up("web", 30, 0, "pre_stop");
  deepEqual(run.end(exited(20, 0)), ["SIGKILL to group 30"]);
});

Deno.test("pre_stop: a hook and its service that end in the same instant: nobody signals who was reaped", () => {
  for (const pids of [[20, 30], [30, 20]]) {
    const run = serveUp([service("web", { preStop: [program("hook"), program("next")] }), service("other")]);
    run.tell(signal("TERM"));
    run.up("web", 30, 0, "pre_stop");
    deepEqual(run.tell({ type: "reaped", children: pids.map((pid) => exited(pid, 0)) }), [
      "find leftovers of web",
    ]);
  }
});

Deno.test("pre_stop does not run for a service that has ended by itself", () => {
  const run = serveUp([service("web", { preStop: [program("hook")] }), service("other")]);
  deepEqual(run.end(exited(20, 0)), []);
});

Deno.test("post_start: one that is being started when its service is stopped is ended at once", () => {
  const run = serve([service("web", { postStart: [program("hook")], preStop: [program("last")] })]);
  deepEqual(run.up("web", 20), ["start post_start of web: hook"]);
  deepEqual(run.tell(signal("TERM")), ["start pre_stop of web: last"]);
  deepEqual(run.up("web", 30, 0, "post_start"), ["SIGKILL to group 30"]);
  deepEqual(run.up("web", 31, 0, "pre_stop"), []);
  deepEqual(run.end(exited(31, 0)), ask(20), "and is not taken for the other");
});

Deno.test("post_start: one that runs when its service is stopped or ends is ended with it", () => {
  for (const [event, after] of [[signal("TERM"), ask(20)], [endOf(20), ["find leftovers of web"]]] as const) {
    const run = serve([service("web", { postStart: [program("hook")] })]);
    run.up("web", 20);
    run.up("web", 30, 0, "post_start");
    deepEqual(run.tell(event), ["SIGKILL to group 30", ...after]);
  }
});

Deno.test("post_start: one that has ended is nobody's when its service is stopped: its number may be another's", () => {
  const run = serve([service("web", { postStart: [program("hook")] })]);
  run.up("web", 20);
  run.up("web", 30, 0, "post_start");
  run.end(exited(30, 0));
  deepEqual(run.tell(signal("TERM")), ask(20));
});

Deno.test("post_start: hooks and services that end in the same instant: no other hook is started", () => {
  for (const code of [0, 1]) {
    const run = serve([service("web", { postStart: [program("hook"), program("next")] }), service("other")]);
    run.up("web", 20);
    run.up("web", 30, 0, "post_start");
    deepEqual(run.tell({ type: "reaped", children: [exited(30, code), exited(20, 0)] }), [
      "find leftovers of web",
    ]);
  }
});

Deno.test("TERM while a service is starting: it is stopped once it is started, and its post_start does not run", () => {
  const run = serve([service("web", { postStart: [program("hook")] })]);
  deepEqual(run.tell(signal("TERM")), []);
  deepEqual(run.up("web", 20), ask(20));
});

Deno.test("TERM while a service is starting that then cannot be started", () => {
  const run = serve([service("web", { restart: ALWAYS })]);
  run.tell(signal("TERM"));
  deepEqual(run.tell(notStarted("web")), ["error: Cannot start web (web): the reason", "count"]);
  equal(exitOf(run), "exit with 0");
});

Deno.test("TERM while who needs another is starting: the other is stopped after it", () => {
  const run = serve([service("db"), service("web", { dependsOn: [on("db")] })]);
  run.up("db", 20);
  deepEqual(run.tell(signal("TERM")), []);
  deepEqual(run.up("web", 21), ask(21));
  deepEqual(run.end(exited(21, 0)), ask(20));
});

Deno.test("who waits for the success of an essential service, which ends the run, is not started", () => {
  const run = serve([
    service("main", { essential: "any end" }),
    service("next", { dependsOn: [on("main", "completed successfully")] }),
  ]);
  run.up("main", 20);
  deepEqual(run.end(exited(20, 0)), ["count"]);
});

Deno.test("a hook or a probe that is started for a service that has ended meanwhile is ended at once", () => {
  for (const part of ["post_start", "pre_stop", "probe"] as const) {
    const run = serveUp([service("web"), service("other")]);
    run.tell({ type: "reaped", children: [exited(20, 0)] });
    deepEqual(run.up("web", 30, 0, part), ["SIGKILL to group 30"]);
  }
});

Deno.test("TERM while others wait: they are not started", () => {
  const run = serve([service("db"), service("web", { dependsOn: [on("db")] })]);
  run.tell(signal("TERM"));
  deepEqual(run.up("db", 20), ask(20));
  deepEqual(run.end(exited(20, 0)), ["count"]);
});

for (const name of ["TERM", "INT", "QUIT"]) {
  Deno.test(`${name} shuts down; a second one does not want to wait: KILL at once`, () => {
    const run = serveUp([service("web"), service("db")]);
    deepEqual(run.tell(signal(name)), [...ask(20), ...ask(21)]);
    deepEqual(run.tell(signal(name), 1000), [
      "warning: killing whatever still runs: asked to stop a second time",
      "survey with commands",
      "set give-up to 2000 ms",
    ]);
    deepEqual(run.tell(signal(name)), [], "a third changes nothing");
  });
}

Deno.test("what comes within a second of the first is the same request: timeout(1), Ctrl-C and who passes it on", () => {
  const run = serveUp([service("web")]);
  run.tell(signal("INT"), 5000);
  for (const [name, atMs] of [["INT", 5000], ["TERM", 5001], ["QUIT", 5999]] as const) {
    deepEqual(run.tell(signal(name), atMs), []);
  }
  equal(run.tell(signal("TERM"), 6000)[1], "survey with commands");
});

Deno.test("a second TERM: who had not been asked is not said to be late", () => {
  const run = serveUp([service("db"), service("web", { dependsOn: [on("db")] })]);
  run.tell(signal("TERM"));
  run.tell(signal("TERM"), 1000);
  deepEqual(run.tell({ type: "surveyed", remaining: [process(20), process(21)] }).slice(0, 2), [
    "warning: killed db 20: it had not been asked to end",
    "warning: killed web 21: it had not ended in time",
  ]);
});

Deno.test("a second TERM once only the rest runs: KILL at once", () => {
  const run = serveUp([service("web")]);
  run.tell(signal("TERM"));
  run.end(exited(20, 0));
  run.tell(SOMEBODY_LEFT);
  run.tell({ type: "surveyed", remaining: [process(30)] });
  deepEqual(run.tell(signal("TERM"), 999), []);
  deepEqual(run.tell(signal("TERM"), 1000), ["survey with commands", "set give-up to 2000 ms"]);
  const [drains] = reduceServices(run.state, { type: "surveyed", remaining: [], atMs: 1000 });
  const drained = { type: "drained", left: ["stdout"], moved: true, atMs: 1500 } as const;
  const [, orders] = reduceServices(drains, drained);
  equal(orders.map(showOrder).at(-1), "exit with 0", "nor is a slow reader waited for");
});

Deno.test("TERM in a shutdown that began by itself is the first: all keep their time", () => {
  const run = serveUp([service("web"), service("db")]);
  deepEqual(run.end(exited(20, 3)).slice(-2), ask(21));
  deepEqual(run.tell(signal("TERM"), 2000), []);
  equal(run.phase("db"), "stopping");
  equal(
    run.tell(signal("INT"), 3000)[0],
    "warning: killing whatever still runs: asked to stop a second time",
  );
});

Deno.test("TERM in the rest of a run that ended by itself is the first, too", () => {
  const run = serveUp([service("web")]);
  run.end(exited(20, 0));
  run.tell(SOMEBODY_LEFT);
  run.tell({ type: "surveyed", remaining: [process(30)] });
  deepEqual(run.tell(signal("TERM"), 2000), []);
  deepEqual(run.tell(signal("TERM"), 3000), ["survey with commands", "set give-up to 2000 ms"]);
});

Deno.test("the exit code is 0 when TERM ended the run, whatever its services then end with", () => {
  const run = serveUp([service("web", { essential: "any end" }), service("db")]);
  run.tell(signal("TERM"));
  run.end(killed(20, "TERM"));
  run.end(exited(21, 1));
  equal(exitOf(run), "exit with 0");
});

Deno.test("the exit code is 0 when all services have ended with 0", () => {
  const run = serveUp([service("a"), service("b")]);
  run.end(exited(20, 0));
  equal(run.state.name, "serving");
  run.end(exited(21, 0));
  equal(exitOf(run), "exit with 0");
});

Deno.test("essential: true: any end of it ends the run with its code", () => {
  for (const code of [0, 4]) {
    const run = serveUp([service("web", { essential: "any end" }), service("db", { essential: "never" })]);
    run.tell({ type: "reaped", children: [exited(21, 9)] });
    run.tell(found("db"));
    const lines = run.end(exited(20, code));
    deepEqual(
      lines,
      code === 0 ? ["count"] : [
        "warning: web ended with 4",
        "warning: shutting down, to exit with 4: web, which is essential, ended with 4",
        "count",
      ],
    );
    equal(exitOf(run), `exit with ${code}`);
  }
});

Deno.test("essential unset: a success ends nothing, a failure without a restart the run, with its code", () => {
  const run = serveUp([service("job"), service("web", { restart: ON_FAILURE }), service("db")]);
  deepEqual(run.end(exited(20, 0)), []);
  deepEqual(deeds(run.end(exited(21, 6))), []);
  deepEqual(run.end(exited(22, 5)), [
    "warning: db ended with 5",
    "warning: shutting down, to exit with 5: db ended with 5",
    "count",
  ]);
  equal(exitOf(run), "exit with 5");
});

Deno.test("essential: false: its failure ends nothing, and is the exit code if nothing else ended the run", () => {
  const services = [
    service("a", { essential: "never" }),
    service("b", { essential: "never" }),
    service("web"),
  ];
  for (const [last, exit] of [[endOf(22), "exit with 6"], [signal("TERM"), "exit with 6"]] as const) {
    const run = serveUp(services);
    deepEqual(deeds(run.end(exited(21, 6))), []);
    deepEqual(deeds(run.end(exited(20, 5))), []);
    run.tell(last);
    if (last.type === "signalled") run.tell(endOf(22));
    run.tell(found("web"));
    equal(exitOf(run), exit);
  }
});

Deno.test("several fail in the same instant: the first in the order of the file ended the run", () => {
  const run = serveUp([service("a"), service("b")]);
  run.tell({ type: "reaped", children: [exited(20, 3), exited(21, 4)] });
  run.tell({ type: "leftovers-found", found: new Map([["a", []], ["b", []]]) });
  equal(exitOf(run), "exit with 3");
});

Deno.test("TERM while a failed service is cleared up: its code is the exit code, unless it would be restarted", () => {
  for (const [restart, exit] of [[undefined, "exit with 3"], [ON_FAILURE, "exit with 0"]] as const) {
    const run = serveUp([service("web", restart && { restart }), service("db")]);
    run.tell({ type: "reaped", children: [exited(20, 3)] });
    run.tell(signal("TERM"));
    run.tell(found("web"));
    run.end(exited(21, 0));
    equal(exitOf(run), exit);
  }
});

Deno.test("TERM while several are cleared up: the code of the first in the order of the file that has failed", () => {
  const run = serveUp([service("job"), service("a"), service("b"), service("db")]);
  run.tell({ type: "reaped", children: [exited(20, 0), exited(22, 4), exited(21, 3)] });
  run.tell(signal("TERM"));
  run.tell({ type: "leftovers-found", found: new Map([["job", []], ["a", []], ["b", []]]) });
  run.end(exited(23, 0));
  equal(exitOf(run), "exit with 3");
});

Deno.test("TERM while a service is stopped for its failing post_start: that is the exit code", () => {
  const run = serve([service("web", { postStart: [program("hook")] })]);
  run.up("web", 20);
  run.tell(notStarted("web", "post_start"));
  run.tell(signal("TERM"));
  run.end(exited(20, 0));
  equal(exitOf(run), "exit with 1");
});

Deno.test("an essential service that cannot be started: the codes of shells", () => {
  const run = serve([service("web", { essential: "any end", restart: ALWAYS })]);
  run.tell(notStarted("web"));
  equal(exitOf(run), "exit with 127");
});

Deno.test("the end of a service is told by its signal: never 0", () => {
  const run = serveUp([service("web")]);
  deepEqual(run.end(killed(20, "SEGV")).slice(0, 2), [
    "warning: web ended with 139 (SIGSEGV)",
    "warning: shutting down, to exit with 139: web ended with 139 (SIGSEGV)",
  ]);
  equal(exitOf(run), "exit with 139");
});

Deno.test("a timer after an exit changes nothing", () => {
  const run = serveUp([service("web", { stopGraceMs: 1000 }), service("other")]);
  run.tell(signal("TERM"));
  run.end(exited(20, 0), 999);
  deepEqual(run.tell({ type: "time-came" }, 1000), []);
  run.end(exited(21, 0));
  deepEqual(run.tell({ type: "time-came" }, 9000), [], "not even the deadline");
});

Deno.test("a timer that fires early is set again", () => {
  const run = serveUp([service("web", { stopGraceMs: 1000 })]);
  run.tell(signal("TERM"));
  const [next, orders] = reduceServices(run.state, { type: "time-came", atMs: 999 });
  deepEqual([next, orders], [run.state, [{ type: "wake-at", atMs: 1000 }]]);
  equal(run.wait()[0], "SIGKILL to group 20");
  equal(run.nowMs, 1000);
});

Deno.test("a timer that is set already is not set again", () => {
  const run = serveUp([service("web")]);
  run.tell(signal("TERM"));
  deepEqual(reduceServices(run.state, { type: "signalled", signal: 28, atMs: 1 }), [run.state, []]);
});

Deno.test("signals for a program go to itself if it has left its group, for as long as it was not reaped", () => {
  const targetsOf = (run: ServicesPlay, event: Event): unknown[] => {
    const [, orders] = reduceServices(run.state, { ...event, atMs: 2000 } as ServicesFact);
    return orders.flatMap((order) => order.type === "send-signal" ? [order.target] : []);
  };
  const group = { name: "group", id: 20, orLeader: true };
  const run = serveUp([service("web", { forwardSignals: [10], stopGraceMs: 2000 })]);
  deepEqual(targetsOf(run, signal("USR1")), [group]);
  deepEqual(targetsOf(run, signal("TERM")), [group, group]);
  run.tell(signal("TERM"));
  deepEqual(targetsOf(run, { type: "time-came" }), [group]);
});

Deno.test("the story of a run: who starts, ends and gets signals, and why all is shut down", () => {
  const run = serve([
    service("web", { essential: "any end", forwardSignals: [10] }),
    service("job", { dependsOn: [on("web")] }),
  ]);
  run.up("web", 20);
  run.up("job", 21);
  run.tell(signal("USR1"));
  run.tell({ type: "reaped", children: [exited(21, 0)] });
  run.tell(found("job", process(30, 1, "daemon")));
  run.wait();
  run.tell(found("job", process(30, 1, "daemon"))); // it was told of already
  run.wait();
  run.tell(found("job"));
  run.end(exited(20, 0));
  deepEqual(run.story, [
    "started web as 20 (web)",
    "started job as 21 (job)",
    "forwarded SIGUSR1 to web",
    "job has ended and left 30 (daemon) behind: sent SIGTERM",
    "job ended with 0",
    "web ended with 0",
    "shutting down, to exit with 0: web, which is essential, ended with 0",
  ]);
  const stopped = serveUp([service("web")]);
  stopped.tell(signal("TERM"));
  stopped.end(killed(20, "TERM"));
  deepEqual(stopped.story.slice(1), [
    "shutting down, to exit with 0: got SIGTERM",
    "web ended with 143 (SIGTERM)",
  ]);
});

Deno.test("200 services are stopped at once", () => {
  const names = Array.from({ length: 200 }, (_, i) => `s${i}`);
  const run = serveUp(names.map((name) => service(name)));
  equal(run.tell(signal("TERM")).length, 400);
});

function endOf(pid: number): Event {
  return { type: "reaped", children: [exited(pid, 0)] };
}

/** A run of which nobody is left, 1 s into its shutdown. */
function draining(): ServicesState {
  const run = serveUp([service("web")]);
  run.tell(signal("TERM"));
  run.end(exited(20, 0), 1000);
  return reduceServices(run.state, { ...NOBODY_LEFT, atMs: 1000 } as ServicesFact)[0];
}

const TO_STDOUT = "warning: Cannot write the rest of the output to stdout: ";

for (
  const [title, atMs, left, moved, expected] of [
    ["all is written: the exit", 1010, [], true, ["exit with 0"]],
    ["some was taken: who reads slowly is waited for", 1500, ["stdout"], true, ["drain"]],
    ["none was taken: nobody reads", 1500, ["stdout"], false, [`${TO_STDOUT}nobody takes it`, "exit with 0"]],
    ["the deadline is over", 9000, ["stdout"], true, [
      `${TO_STDOUT}it is taken too slowly, and the time for the shutdown is over`,
      "exit with 0",
    ]],
    ["more than one place", 1500, ["stderr", "/var/log/web.log"], false, [
      "warning: Cannot write the rest of the output to stderr and /var/log/web.log: nobody takes it",
      "exit with 0",
    ]],
  ] as const
) {
  Deno.test(`the last output: ${title}`, () => {
    const [next, orders] = reduceServices(draining(), { type: "drained", left, moved, atMs });
    deepEqual(orders.map(showOrder), expected);
    equal(next.name, expected.at(-1) === "drain" ? "draining" : "ended");
  });
}

Deno.test("the last output: whoever asks to stop once more does not want to wait for who reads slowly", () => {
  const drained = { type: "drained", left: ["stdout"], moved: true, atMs: 1500 } as const;
  for (const [askedAtMs, last] of [[999, "drain"], [1000, "exit with 0"]] as const) {
    const [state] = reduceServices(draining(), { type: "signalled", signal: 15, atMs: askedAtMs });
    const [, orders] = reduceServices(state, drained);
    equal(orders.map(showOrder).at(-1), last);
  }
});
