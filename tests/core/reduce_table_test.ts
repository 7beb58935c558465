/** Every state by every fact: what follows, or that nothing does. */

import type { Fact, State, TimerName } from "../../src/core/model.ts";
import { reduce } from "../../src/core/reduce.ts";
import { deepEqual, equal } from "../assert.ts";
import {
  type Event,
  exited,
  fired,
  MAIN,
  type Play,
  play,
  playKilling,
  playRunning,
  playStopping,
  process,
  reaped,
  showOrder,
  signalled,
  SOMEBODY_LEFT,
  spawned,
  spawnFailed,
  stopped,
  surveyed,
} from "./play.ts";

type StateName = State["name"];
type FactName = Exclude<Fact["type"], "timer-fired"> | TimerName;

/** How each state is reached. Main is 7; `12`, which was there when main ended, was asked at 0 ms. */
const STATES: Record<StateName, () => Play> = {
  starting: () => play(),
  running: () => playRunning(),
  stopping: () => {
    const run = playStopping();
    run.tell(surveyed([process(12)]));
    return run;
  },
  killing: () => {
    const run = playKilling([process(12)]);
    run.tell(surveyed([process(12)]), 8000);
    return run;
  },
  ended: () => {
    const run = playRunning({ atEnd: "leave" });
    run.tell(reaped(exited(MAIN, 3)));
    return run;
  },
};

/** Each fact, all at 8000 ms. */
const FACTS: Record<FactName, Event> = {
  "spawned": spawned(),
  "spawn-failed": spawnFailed("not found"),
  "signalled": signalled("TERM"),
  "reaped": reaped(exited(12, 0)),
  "stopped": stopped(MAIN, "TSTP"),
  "counted": SOMEBODY_LEFT,
  "surveyed": surveyed([process(12), process(13)]),
  "kill-after": fired("kill-after"),
  "grace": fired("grace"),
  "survey": fired("survey"),
  "give-up": fired("give-up"),
};

/** The next state and the orders; `null` where a fact changes nothing. */
const TABLE: Record<StateName, Record<FactName, readonly [StateName, ...string[]] | null>> = {
  starting: {
    "spawned": ["running", "info: started 7 (web)"],
    "spawn-failed": ["ended", 'error: Cannot start "web": the reason', "exit with 127"],
    "signalled": ["starting"],
    "reaped": null,
    "stopped": null,
    "counted": null,
    "surveyed": null,
    "kill-after": null,
    "grace": null,
    "survey": null,
    "give-up": null,
  },
  running: {
    "spawned": null,
    "spawn-failed": null,
    "signalled": ["running", "send SIGTERM to group 7", "info: forwarded SIGTERM to group 7"],
    "reaped": null,
    "stopped": ["running", "info: main 7 (web) was stopped by SIGTSTP", "suspend with group 7"],
    "counted": null,
    "surveyed": null,
    "kill-after": null,
    "grace": null,
    "survey": null,
    "give-up": null,
  },
  stopping: {
    "spawned": null,
    "spawn-failed": null,
    "signalled": [
      "stopping",
      "send SIGTERM to everyone",
      "info: forwarded SIGTERM to whatever still runs",
    ],
    "reaped": ["stopping", "count"],
    "stopped": null,
    "counted": null, // a survey is due already
    "surveyed": [
      "stopping",
      "send SIGTERM to process 13",
      "send SIGCONT to process 13",
      "info: sent SIGTERM to whatever still runs (13)",
      "set survey to 40 ms",
    ],
    "kill-after": null,
    "grace": ["killing", "survey with commands", "set give-up to 2000 ms"],
    "survey": ["stopping", "survey"],
    "give-up": null,
  },
  killing: {
    "spawned": null,
    "spawn-failed": null,
    "signalled": null,
    "reaped": ["killing", "count"],
    "stopped": null,
    "counted": null, // a survey is due already
    "surveyed": [
      "killing",
      "warning: killed 13: it was started while the rest was being stopped",
      "send SIGKILL to everyone",
      "set survey to 20 ms",
    ],
    "kill-after": null,
    "grace": null,
    "survey": ["killing", "survey with commands"],
    "give-up": ["ended", "error: Cannot end everything: some processes survived SIGKILL", "exit with 3"],
  },
  ended: {
    "spawned": null,
    "spawn-failed": null,
    "signalled": null,
    "reaped": null,
    "stopped": null,
    "counted": null,
    "surveyed": null,
    "kill-after": null,
    "grace": null,
    "survey": null,
    "give-up": null,
  },
};

for (const [stateName, reach] of Object.entries(STATES)) {
  for (const [factName, event] of Object.entries(FACTS)) {
    const expected = TABLE[stateName as StateName][factName as FactName];
    const what = expected === null ? "nothing happens" : expected.join("; ");
    Deno.test(`${stateName}, ${factName}: ${what}`, () => {
      const { state } = reach();
      equal(state.name, stateName);
      const [next, orders] = reduce(state, { ...event, atMs: 8000 } as Fact);
      if (expected === null) {
        deepEqual(next, state);
        deepEqual(orders, []);
      } else deepEqual([next.name, ...orders.map(showOrder)], expected);
    });
  }
}
