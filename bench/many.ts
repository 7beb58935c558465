/** The figures of many services at once. */

import type { Figure } from "./figure.ts";
import { type Contender, OTHERS } from "./inits.ts";
import { activityBetween, activityOf, initProcesses, memoryOf } from "./proc.ts";

const SERVICES = 200;
const SETTLED_MS = 2000;
const IDLE_MS = 5000;
const MEGABYTE = 1e6;

export function manyServices(denits: readonly Contender[], rounds: number): Figure[] {
  return [{
    key: "services",
    metrics: [
      { key: "up", title: "200 services: exec until all run", unit: "ms", better: "less" },
      {
        key: "upDirty",
        title: "200 services: private dirty memory of all the init's processes",
        unit: "MB",
        better: "less",
      },
      {
        key: "upSwitches",
        title: `200 services: context switches in ${IDLE_MS / 1000} s idle`,
        unit: "times",
        better: "less",
      },
      { key: "stop", title: "200 services: stop signal until all is over", unit: "ms", better: "less" },
    ],
    contenders: [...denits, ...OTHERS.filter(({ lacks }) => !lacks.includes("many"))],
    rounds,
    async measure(workshop, contender) {
      await using run = workshop.start(contender, ["park"], { count: SERVICES });
      await run.untilStarted(SERVICES);
      const up = run.stamps.ms("executed", "started");
      await pause(SETTLED_MS);
      const pids = initProcesses(run.pid, "child");
      const { privateDirty } = memoryOf(pids);
      const before = activityOf(pids);
      await pause(IDLE_MS);
      const { switches } = activityBetween(before, activityOf(pids));
      const begin = performance.now();
      await run.stop();
      return {
        up,
        upDirty: privateDirty / MEGABYTE,
        upSwitches: switches,
        stop: performance.now() - begin,
      };
    },
  }];
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
