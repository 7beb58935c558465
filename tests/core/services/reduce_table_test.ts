/** Every phase of a service by every fact: what follows, or that nothing does. */

import type { Phase, ServicesFact } from "../../../src/core/services/model.ts";
import { reduceServices } from "../../../src/core/services/reduce.ts";
import { deepEqual, equal } from "../../assert.ts";
import { process } from "../play.ts";
import {
  ALWAYS,
  answered,
  type Event,
  exited,
  found,
  health,
  NOBODY_LEFT,
  notStarted,
  on,
  program,
  serve,
  service,
  type ServicesPlay,
  showOrder,
  signal,
} from "./play.ts";

type RunName = Phase["name"] | "resting" | "killing" | "draining";
type FactName = Exclude<ServicesFact["type"], "signalled"> | "TERM" | "HUP" | "USR1";

const USR1 = 10;

/** The service of the table, as 20; `other`, as 19, keeps the run going. */
const WEB = service("web", {
  restart: ALWAYS,
  stopGraceMs: 4000,
  forwardSignals: [USR1],
  health: health({ test: { name: "tcp", host: "localhost", port: 80 }, intervalMs: 3000, timeoutMs: 1000 }),
  preStop: [program("bye")],
});

function serveBeside(web: Parameters<typeof service>[1] = {}): ServicesPlay {
  const run = serve([service("other"), { ...WEB, ...web }]);
  run.up("other", 19);
  return run;
}

/** `web` has ended. */
function ended(web: Parameters<typeof service>[1], ...left: Parameters<typeof process>[0][]): ServicesPlay {
  const run = serveBeside(web);
  run.up("web", 20);
  run.tell({ type: "reaped", children: [exited(20, 0)] });
  run.tell(found("web", ...left.map((pid) => process(pid))));
  return run;
}

/** Only jobs were left, and they have ended. */
function resting(): ServicesPlay {
  const run = serve([service("other", { essential: "never" })]);
  run.up("other", 19);
  run.end(exited(19, 0));
  return run;
}

/** How each phase is reached, at 0 ms. */
const RUNS: Record<RunName, () => Pick<ServicesPlay, "state">> = {
  "waiting": () => serve([service("other"), { ...WEB, dependsOn: [on("other")] }]),
  "planned": () => serveBeside({ schedule: "0 3 * * *" }),
  "starting": () => serveBeside(),
  "up": () => {
    const run = serveBeside();
    run.up("web", 20);
    run.tell({ type: "time-came" }, 3000);
    return run;
  },
  "stopping": () => {
    const run = serveBeside();
    run.up("web", 20);
    run.tell({ type: "reloaded", project: { services: [service("other")] } });
    run.up("web", 30, 0, "pre_stop");
    return run;
  },
  "clearing": () => ended({}, 40),
  "backing-off": () => ended({}),
  "down": () => ended({ restart: { ...ALWAYS, when: "never" } }),
  "resting": resting,
  "killing": () => {
    const run = serveBeside();
    run.up("web", 20);
    run.tell(signal("TERM"));
    run.tell(signal("TERM"), 1000);
    return run;
  },
  "draining": () => {
    const [state] = reduceServices(resting().state, { type: "counted", anyone: false, atMs: 0 });
    return { state };
  },
};

/** Each fact, all at 4000 ms. */
const FACTS: Record<FactName, Event> = {
  "TERM": signal("TERM"),
  "HUP": signal("HUP"),
  "USR1": signal("USR1"),
  "reaped": { type: "reaped", children: [exited(20, 0)] },
  "stopped": { type: "stopped", pid: 20, signal: 19 },
  "counted": NOBODY_LEFT,
  "surveyed": { type: "surveyed", remaining: [process(20)] },
  "timer-fired": { type: "timer-fired", timer: "give-up" },
  "started": { type: "started", service: "web", part: "main", pid: 20 },
  "not-started": notStarted("web"),
  "probe-answered": answered("web", "connection refused"),
  "leftovers-found": found("web", process(40)),
  "time-came": { type: "time-came" },
  "job-due": { type: "job-due", service: "web" },
  "reloaded": {
    type: "reloaded",
    project: { services: [service("other"), { ...WEB, dependsOn: [on("other")] }] },
  },
  "drained": { type: "drained", left: ["stdout"], moved: true },
};

const STOP_OTHER = ["SIGTERM to group 19", "SIGCONT to group 19"];

/** Where a row says nothing of a fact, it changes nothing. HUP rereads the file in each phase. */
const TABLE: Record<RunName, Partial<Record<FactName, readonly [RunName | "ended", ...string[]]>>> = {
  "waiting": {
    "TERM": ["down"], // other is starting
  },
  "planned": {
    "TERM": ["down", ...STOP_OTHER],
    "job-due": ["starting", "start web"],
    "reloaded": ["starting", "plan web no more", "start web"],
  },
  "starting": {
    "TERM": ["starting", ...STOP_OTHER],
    "started": ["up"],
    "not-started": [
      "backing-off",
      "error: Cannot start web (web): the reason",
      "warning: web could not be started: starts again in 0.1s",
    ],
    "reloaded": ["starting"], // to be started anew once it is started
  },
  "up": {
    "TERM": ["stopping", ...STOP_OTHER, "cancel the probe of web", "start pre_stop of web: bye"],
    "USR1": ["up", "SIGUSR1 to group 20"],
    "reaped": ["clearing", "cancel the probe of web", "find leftovers of web"],
    "probe-answered": ["up"], // the first of three failures
    "time-came": ["up", "cancel the probe of web"],
    "reloaded": ["stopping", "cancel the probe of web", "start pre_stop of web: bye"],
  },
  "stopping": {
    "TERM": ["stopping", ...STOP_OTHER],
    "USR1": ["stopping", "SIGUSR1 to group 20"],
    "reaped": ["clearing", "SIGKILL to group 30", "find leftovers of web"],
    "time-came": [
      "stopping",
      "SIGKILL to group 30",
      "SIGKILL to group 20",
      "warning: killed web 20 (web): its pre_stop had not ended after 4s",
    ],
    "reloaded": ["stopping"], // to be started anew, in place of leaving
  },
  "clearing": {
    "TERM": ["clearing", ...STOP_OTHER],
    "reaped": ["clearing"], // a stranger: looks again soon
    "leftovers-found": [
      "clearing",
      "send SIGKILL to process 40",
      "warning: killed 40, which web had left behind: it had not ended in time",
    ],
    "time-came": ["clearing", "find leftovers of web"],
    "reloaded": ["clearing"],
  },
  "backing-off": {
    "TERM": ["down", ...STOP_OTHER],
    "time-came": ["starting", "start web"],
    "reloaded": ["starting", "start web"],
  },
  "down": {
    "TERM": ["down", ...STOP_OTHER],
    "reloaded": ["starting", "start web"],
  },
  "resting": {
    "TERM": ["resting"], // the first: the second does not want to wait
    "reaped": ["resting", "count"],
    "counted": ["draining", "drain"],
    "surveyed": [
      "resting",
      "send SIGTERM to everyone",
      "send SIGCONT to everyone",
      "set grace to 8900 ms",
      "set survey to 20 ms",
    ],
  },
  "killing": {
    "reaped": ["killing", "count"],
    "counted": ["draining", "drain"],
    "surveyed": [
      "killing",
      "warning: killed web 20: its pre_stop had not ended in time",
      "send SIGKILL to everyone",
      "set survey to 20 ms",
    ],
    "timer-fired": [
      "draining",
      "error: Cannot end everything: some processes survived SIGKILL",
      "drain",
    ],
  },
  "draining": {
    "TERM": ["draining"], // the first: the second does not want to wait
    "drained": ["draining", "drain"],
  },
};

function nameOf(run: ServicesPlay["state"]): RunName | "ended" {
  if (run.name === "serving") return run.services.get("web")!.phase.name;
  return run.name === "stopping" ? "resting" : run.name;
}

for (const [runName, reach] of Object.entries(RUNS) as [RunName, () => Pick<ServicesPlay, "state">][]) {
  for (const [factName, event] of Object.entries(FACTS) as [FactName, Event][]) {
    const listed = TABLE[runName][factName];
    const serves = !["resting", "killing", "draining"].includes(runName);
    const expected = listed ?? (factName === "HUP" && serves ? [runName, "reload"] as const : null);
    const what = expected === null ? "nothing happens" : expected.join("; ");
    Deno.test(`${runName}, ${factName}: ${what}`, () => {
      const { state } = reach();
      equal(nameOf(state), runName);
      const [next, orders] = reduceServices(state, { ...event, atMs: 4000 } as ServicesFact);
      const shown = orders.filter((order) =>
        order.type !== "wake-at" &&
        !((order.type === "tell" || order.type === "log") && order.level === "info")
      ).map(showOrder);
      if (expected === null) {
        deepEqual(shown, []);
        deepEqual(
          next,
          factName === "time-came" && state.name === "serving" ? { ...state, wakeAtMs: null } : state,
        );
      } else {
        deepEqual([nameOf(next), ...shown], expected);
      }
    });
  }
}
