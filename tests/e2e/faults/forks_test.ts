/** A system that gives no process: cgroups' limit of pids, and the limit of processes of a user. */

import { deepEqual, equal, match, ok } from "../../assert.ts";
import type { Bench, Ended, Running, Setting } from "../support/bench.ts";
import { type FileOfServices, lasting, perl, sh, writeFile } from "../services/support.ts";
import {
  Cgroup,
  fromSource,
  inEachModeWith,
  noCgroup,
  runWhole,
  serveWhole,
  SIGTERM,
  stops,
} from "./support.ts";

/** What Deno exits with where it gets no thread of its own; denit has not been run then. */
const DENO_FAILED = [1, 101, 134];
const REFUSED = "the system has no room for another process \\(resource temporarily unavailable\\)";
const UNLIMITED = "max";

const noPids = noCgroup("pids");
const noUser = Deno.uid() === 0 ? null : "only root can become another user";

inEachModeWith(noPids, "no process at the start: one program, one line, 125", async (bench) => {
  await using group = new Cgroup("pids");
  const { stderr } = await runWithLess(bench, ["--", "sh", "-c", "exit 3"], (limit) => {
    group.set("pids.max", limit);
    return { inside: group.words };
  });
  match(stderr, new RegExp(`^denit: error: Cannot start "sh": ${REFUSED}\n$`));
});

inEachModeWith(
  noPids,
  "no process at the start: services, told, those that run are stopped, 125",
  async (bench) => {
    await using group = new Cgroup("pids");
    // More than threads that Deno may have had to start with, and has no longer.
    const cwd = writeFile(bench, { services: { others: lasting({ scale: 16 }), web: sh("exit 3") } });
    const { stderr } = await runWithLess(bench, ["up"], (limit) => {
      group.set("pids.max", limit);
      return { inside: group.words, cwd };
    });
    match(stderr, new RegExp(`^denit: error: Cannot start \\S+ \\(sh -c .*\\): ${REFUSED}$`, "m"));
    match(stderr, /^denit: warning: shutting down, to exit with 125: \S+ could not be started$/m);
    for (const line of stderr.trimEnd().split("\n")) match(line, /^denit: (error|warning): /);
  },
);

// From source another user would have to fetch the packages for himself.
if (!fromSource) {
  inEachModeWith(noUser, "no process of this user at the start: one line, 125", async (bench) => {
    // Of nobody else, and without the capabilities that would lift the limit; it may read what is root's.
    const user = `${300_000 + Deno.pid}`;
    const kept = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"];
    const inside = ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups", ...kept];
    const { stderr } = await runWithLess(
      bench,
      ["--", "sh", "-c", "exit 3"],
      (limit) => ({ inside: [...inside, "prlimit", `--nproc=${limit}`] }),
    );
    match(stderr, new RegExp(`^denit: error: Cannot start "sh": ${REFUSED}\n$`));
  });
}

inEachModeWith(
  noPids,
  "no process for restarts: the back-off goes on, and then it comes up",
  async (bench) => {
    await using group = new Cgroup("pids");
    const { denit, folder } = start(bench, group, {
      web: sh("echo >> runs; test -e well || exit 1; echo up; exec sleep 1000", { restart: "always" }),
      other: lasting(),
    });
    await denit.stderr.shows(/^denit: warning: web ended with 1: starts again in 0.1s$/);
    group.set("pids.max", 1);
    for (const seconds of ["0.2", "0.4", "0.8"]) await startsAgainIn(denit, seconds);
    const runs = (): number => Deno.readTextFileSync(`${folder}/runs`).length;
    const before = runs();
    await Deno.writeTextFile(`${folder}/well`, "");
    group.set("pids.max", UNLIMITED);
    await denit.stdout.shows(/^web +\| up$/);
    equal(runs(), before + 1);
    const { code, stderr } = await stops(bench, denit);
    equal(code, 0);
    match(stderr, new RegExp(`^denit: error: Cannot start web \\(sh -c .*\\): ${REFUSED}$`, "m"));
  },
);

inEachModeWith(
  noPids,
  "no process for the last restarts that are allowed: it ends with 125",
  async (bench) => {
    await using group = new Cgroup("pids");
    const { denit, folder } = start(bench, group, {
      web: sh("echo up; read -r _ < fifo; exit 1", { restart: "on-failure:2" }),
    });
    await denit.stdout.shows(/^web +\| up$/);
    group.set("pids.max", 1);
    await Deno.writeTextFile(`${folder}/fifo`, "\n");
    const { code, stderr } = await denit.ended();
    equal(code, 125);
    deepEqual(stderr.match(/starts again in .*/g), ["starts again in 0.1s", "starts again in 0.2s"]);
    match(stderr, /^denit: warning: shutting down, to exit with 125: web could not be started$/m);
  },
);

inEachModeWith(noPids, "no process for a probe: unhealthy, and healthy again", async (bench) => {
  await using group = new Cgroup("pids");
  const { denit } = start(bench, group, {
    web: lasting({ healthcheck: { test: ["CMD", "true"], interval: "50ms", retries: 2 } }),
    next: sh("echo healthy; exec sleep 1000", { depends_on: { web: { condition: "service_healthy" } } }),
  }, ["-v"]);
  await denit.stdout.shows(/^next +\| healthy$/);
  group.set("pids.max", 1);
  await denit.stderr.shows(
    new RegExp(`^denit: warning: web is unhealthy.*its probe could not be started: ${REFUSED}`),
  );
  group.set("pids.max", UNLIMITED);
  await denit.stderr.next(/web is unhealthy/);
  await denit.stderr.next(/^denit: warning: web is healthy again$/);
  equal((await stops(bench, denit)).code, 0);
});

inEachModeWith(
  noPids,
  "no process from now on: one program is cared for and ends as usual",
  async (bench) => {
    await using group = new Cgroup("pids");
    await runWhole(bench, { inside: group.words, fault: () => group.set("pids.max", 1) });
    equal(/^max (\d+)$/m.exec(group.get("pids.events"))?.[1], "0", "denit wanted one");
  },
);

inEachModeWith(noPids, "no process from now on: services are cared for and end as usual", async (bench) => {
  await using group = new Cgroup("pids");
  await serveWhole(bench, {
    inside: group.words,
    async fault(denit): Promise<void> {
      group.set("pids.max", 1);
      await denit.stderr.shows(new RegExp(`^denit: error: Cannot start failing \\(sh -c .*\\): ${REFUSED}$`));
    },
  });
});

inEachModeWith(noPids, "no process for pre_stop: the service is stopped without", async (bench) => {
  await using group = new Cgroup("pids");
  const web = perl("signals", [`${SIGTERM}`, "web"], { pre_stop: [{ command: ["true"] }] });
  const { denit } = start(bench, group, { web });
  await denit.stdout.shows(/^web +\| web ready/);
  group.set("pids.max", 1);
  const { code, stdout, stderr } = await stops(bench, denit);
  equal(code, 0);
  match(stdout, /^web {2}\| web 15$/m);
  match(stderr, new RegExp(`^denit: warning: .*pre_stop.*could not be started: ${REFUSED}\n$`));
});

/** Starts services in the group, with what they do in their folder. */
function start(
  bench: Bench,
  group: Cgroup,
  services: Readonly<Record<string, FileOfServices>>,
  words: readonly string[] = [],
): { readonly denit: Running; readonly folder: string } {
  const folder = writeFile(bench, { services });
  new Deno.Command("mkfifo", { args: [`${folder}/fifo`] }).outputSync();
  return { denit: bench.denit(["up", ...words], { cwd: folder, inside: group.words }), folder };
}

async function startsAgainIn(denit: Running, seconds: string): Promise<void> {
  await denit.stderr.next(new RegExp(`^denit: warning: web .*: starts again in ${seconds}s$`));
}

/**
 * Runs denit with a limit of one, two, three, ... until its program runs. Before that either Deno says that it cannot
 * start, or denit exits with 125; returns the first end of the second kind, which there must be. How many threads Deno
 * has at a time is not always the same.
 */
async function runWithLess(
  bench: Bench,
  words: readonly string[],
  withLimit: (limit: number) => Setting,
): Promise<Ended> {
  let refused: Ended | null = null;
  for (let limit = 1;; limit++) {
    ok(limit < 64, "it needs more than anybody would give");
    const ended = await bench.run(words, withLimit(limit));
    if (ended.code === 3) break;
    if (DENO_FAILED.includes(ended.code)) continue;
    equal(ended.code, 125, ended.stderr);
    refused ??= ended;
  }
  ok(refused !== null, "denit was never the one that was refused");
  deepEqual(bench.left(), []);
  return refused;
}
