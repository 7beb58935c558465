/** Which limits of a file reach the process, and what happens to those that may not be set. */

import { deepEqual, equal } from "../../assert.ts";
import { inEachMode, type Setting } from "../support/bench.ts";
import { until } from "../support/until.ts";
import { type FileOfServices, runUp, sh, untilIs, writeFile } from "./support.ts";

const SIGTERM = 15;

interface Case {
  readonly ulimits: FileOfServices;
  /** What of `ulimit` is asked for, and what it says: the soft limit and the hard one. */
  readonly asks: string;
  readonly soft: string;
  readonly hard: string;
  /**
   * Whether denit could not bear the soft limit itself while it starts the program: then it is given once that runs, as
   * each hard limit is.
   */
  readonly soon?: true;
}

/** `ulimit` tells of memory in KiB. */
const LIMITS: Readonly<Record<string, Case>> = {
  "nofile, soft and hard": {
    ulimits: { nofile: { soft: 64, hard: 128 } },
    asks: "n",
    soft: "64",
    hard: "128",
  },
  "nofile, one number for both": { ulimits: { nofile: 100 }, asks: "n", soft: "100", hard: "100" },
  "nofile, fewer than denit has open": { ulimits: { nofile: 8 }, asks: "n", soft: "8", hard: "8" },
  "nproc": {
    ulimits: { nproc: { soft: 3000, hard: 4000 } },
    asks: "u",
    soft: "3000",
    hard: "4000",
    soon: true,
  },
  "core": { ulimits: { core: 0 }, asks: "c", soft: "0", hard: "0" },
  "stack": {
    ulimits: { stack: { soft: 4194304, hard: 16777216 } },
    asks: "s",
    soft: "4096",
    hard: "16384",
    soon: true,
  },
  "as, less than denit has": {
    ulimits: { as: 268435456 },
    asks: "v",
    soft: "262144",
    hard: "262144",
    soon: true,
  },
  "cpu": { ulimits: { cpu: { soft: 5, hard: 9 } }, asks: "t", soft: "5", hard: "9", soon: true },
  "fsize, with a number as a text": { ulimits: { fsize: "0" }, asks: "f", soft: "0", hard: "0" },
};

for (const [name, { ulimits, asks, soft, hard, soon }] of Object.entries(LIMITS)) {
  inEachMode(`the limit ${name}`, async (bench) => {
    const holds = untilIs(`ulimit -S${asks}; ulimit -H${asks}`, `${soft}\n${hard}`);
    const script = `${soon ? holds : ":"}; ulimit -S${asks}; ${holds}; ulimit -H${asks}`;
    const file = { services: { web: { command: ["bash", "-c", script.replaceAll("$", "$$$$")], ulimits } } };
    const { code, stdout, stderr } = await runUp(bench, file, ["--no-log-prefix"]);
    deepEqual([code, stdout, stderr], [0, `${soft}\n${hard}\n`, ""]);
  });
}

inEachMode("-1 is no limit, where the hard limit leaves room", async (bench) => {
  const file = { services: { web: sh("ulimit -Sc; ulimit -Hc", { ulimits: { core: -1 } }) } };
  const setting: Setting = { inside: ["sh", "-c", 'ulimit -Sc 0; exec "$@"', "sh"] };
  const { stdout, stderr } = await runUp(bench, file, ["--no-log-prefix"], setting);
  deepEqual([stdout, stderr], ["unlimited\nunlimited\n", ""]);
});

inEachMode(
  "a limit is this service's alone, and denit's own is as before, also after a start that failed",
  async (bench) => {
    const see = "ulimit -Sn";
    const file = {
      services: {
        low: sh(see, { ulimits: { nofile: 50 } }),
        broken: sh(see, { ulimits: { nofile: 60 }, working_dir: "/no/such/folder", essential: false }),
        other: sh(see, { depends_on: { low: { condition: "service_completed_successfully" } } }),
      },
    };
    const setting: Setting = { inside: ["sh", "-c", 'ulimit -n 500; exec "$@"', "sh"] };
    const { stdout } = await runUp(bench, file, ["--no-log-prefix"], setting);
    equal(stdout, "50\n500\n");
  },
);

/** Root without what it would take. */
const POWERLESS: Setting = {
  inside: ["sh", "-c", 'ulimit -n 500; exec setpriv --bounding-set=-sys_resource,-sys_nice "$@"', "sh"],
};

inEachMode("what may not be set is a warning each, and the program runs without it", async (bench) => {
  const file = {
    services: {
      web: sh("ulimit -Sn; ulimit -Sc; nice; cat /proc/self/oom_score_adj", {
        ulimits: { nofile: 1000, core: 0 },
        nice: -5,
        oom_score_adj: -500,
      }),
    },
  };
  const { code, stdout, stderr } = await runUp(bench, file, ["--no-log-prefix"], POWERLESS);
  deepEqual([code, stdout.split("\n")], [0, ["500", "0", "0", "0", ""]]);
  deepEqual(stderr.trimEnd().split("\n"), [
    "denit: warning: web: Cannot set nofile to 1000: operation not permitted",
    "denit: warning: web: Cannot set nice to -5: permission denied",
    "denit: warning: web: Cannot set oom_score_adj to -500: permission denied",
  ]);
});

inEachMode(
  "what may not be set is told once, however often the service and its probe start",
  async (bench) => {
    const web = sh('echo >> runs; test "$(wc -l < runs)" -lt 3 || exec sleep 1000; sleep 0.2; exit 1', {
      nice: -5,
      restart: "always",
      healthcheck: { test: ["CMD-SHELL", "echo >> probes"], interval: "50ms" },
    });
    const cwd = writeFile(bench, { services: { web } });
    const denit = bench.denit(["up"], { ...POWERLESS, cwd });
    const lines = (name: string): number => Deno.readTextFileSync(`${cwd}/${name}`).length;
    for (const name of ["runs", "probes"]) {
      await bench.file(`${cwd}/${name}`);
      await until(() => lines(name) >= 3, `three ${name}`);
    }
    await denit.signal(SIGTERM);
    const { code, stderr } = await denit.ended();
    equal(code, 0);
    equal(stderr.match(/Cannot set nice to -5: permission denied$/gm)?.length, 1, stderr);
  },
);
