/** No descriptors left: at the start by a limit that is low, later by one that is lowered from outside. */

import { deepEqual, equal, fail, match, ok } from "../../assert.ts";
import { type Bench, inEachMode, type Running } from "../support/bench.ts";
import { type FileOfServices, lasting, sh, writeFile } from "../services/support.ts";
import { isIdle, runWhole, serveWhole, SIGHUP, stops } from "./support.ts";

/** More than denit has open at any time in these tests. */
const ENOUGH = 256;
/** What Deno exits with where it cannot start itself, in one way or another. */
const DENO_FAILED = [1, 127, 134];
/** Enough for Deno to start, from source too. */
const MOST = 64;
const NOT_STARTED =
  /^denit: error: Cannot start web\S* .*: .*\(too many open files\)$|there is no descriptor left/m;

inEachMode("few descriptors at the start: one program runs, or nothing is started", async (bench) => {
  const folder = bench.folder();
  let ran = 0;
  for (let limit = 4; limit <= MOST; limit += 4) {
    await Deno.writeTextFile(`${folder}/runs`, "");
    const main = ["sh", "-c", `echo > ${folder}/runs; exit 3`];
    const { code, stderr } = await bench.run(["--", ...main], { inside: limited(limit) });
    const started = (await Deno.stat(`${folder}/runs`)).size > 0;
    ok(started ? code === 3 : DENO_FAILED.includes(code), `${code} with ${limit}: ${stderr}`);
    if (started) ran++;
  }
  ok(ran > 0);
  await runWhole(bench, { inside: limited(MOST), words: ["-vw"] });
});

inEachMode("few descriptors at the start: services run, or denit says why not", async (bench) => {
  const cwd = writeFile(bench, { services: { web: sh("exit 3") } });
  let ran = 0;
  for (let limit = 16; limit <= MOST; limit++) {
    const { code, stderr } = await bench.run(["up"], { inside: limited(limit), cwd });
    ok(code === 3 || [125, ...DENO_FAILED].includes(code), `${code} with ${limit}: ${stderr}`);
    if (code === 125) match(stderr, /^(denit: \w+: .+\n)+$/);
    if (code === 3 && ++ran === 3) return;
  }
  fail(`It does not run with ${MOST}`);
});

inEachMode("more services than there are descriptors for: told, all are stopped, 125", async (bench) => {
  const cwd = writeFile(bench, { services: { web: lasting({ scale: MOST / 2 }) } });
  const { code, stderr } = await bench.run(["up"], { inside: limited(MOST), cwd });
  equal(code, 125, stderr);
  match(stderr, NOT_STARTED);
  match(stderr, /^denit: warning: shutting down, to exit with 125: web-\d+ could not be started$/m);
  deepEqual(bench.left(), []);
});

inEachMode("no descriptors from now on: one program is cared for and ends as usual, idly", async (bench) => {
  await runWhole(bench, {
    words: ["-vw"],
    async fault(denit): Promise<void> {
      await limit(denit, 0);
      await isIdle(await denit.denitPid());
    },
  });
});

inEachMode("no descriptors from now on: services are cared for and end as usual, idly", async (bench) => {
  await serveWhole(bench, {
    words: ["-vw"],
    async fault(denit): Promise<void> {
      await limit(denit, 0);
      await denit.stderr.shows(/^denit: error: Cannot start failing /);
      await isIdle(await denit.denitPid());
    },
  });
});

inEachMode("fewer descriptors than services have: what they write comes through", async (bench) => {
  const names = ["one", "two", "three"];
  const reader = (name: string): FileOfServices =>
    sh(`echo ready; ${untilThere(name)}; echo read word; exec sleep 1000`);
  const { denit, folder } = start(bench, Object.fromEntries(names.map((name) => [name, reader(name)])));
  for (const name of names) await denit.stdout.shows(new RegExp(`^${name} +\\| ready$`));
  await limit(denit, 3);
  for (const name of names) {
    await Deno.writeTextFile(`${folder}/${name}`, "");
    await denit.stdout.shows(new RegExp(`^${name} +\\| read word$`));
  }
  await isIdle(await denit.denitPid());
  equal((await stops(bench, denit)).code, 0);
});

inEachMode(
  "no descriptors for a while: services start again, rotate and are asked after it",
  async (bench) => {
    const { denit, folder } = start(bench, {
      web: sh("echo up; test -e well || exit 1; exec sleep 1000", { restart: "always" }),
      asked: lasting({ healthcheck: { tcp: "127.0.0.1:1", interval: "50ms", retries: 1 } }),
      filed: sh(`${untilThere("first")}; echo lost; ${untilThere("second")}; echo kept; exec sleep 1000`, {
        logging: { driver: "local" },
      }),
    });
    await denit.stderr.shows(/^denit: warning: asked is unhealthy.*refused/);
    await limit(denit, 3);
    await denit.stderr.shows(NOT_STARTED);
    await Deno.writeTextFile(`${folder}/first`, "");
    await denit.stderr.shows(
      /^denit: warning: Cannot write to .*\/filed.log: too many open files; lines of filed are lost$/,
    );
    await denit.signal(SIGHUP);
    await denit.stderr.shows(/^denit: error: Cannot reread .*: nothing was changed$/);
    await Deno.writeTextFile(`${folder}/well`, "");
    await limit(denit, ENOUGH);
    await denit.stdout.shows(/^web +\| up$/);
    await Deno.writeTextFile(`${folder}/second`, "");
    await denit.stderr.shows(/^denit: warning: Writing to .*\/filed.log again: 1 lines of filed were lost$/);
    equal((await stops(bench, denit)).code, 0);
    equal(await Deno.readTextFile(`${folder}/logs/filed.log`), "kept\n");
  },
);

/** Starts services, with what they do in their folder. */
function start(
  bench: Bench,
  services: Readonly<Record<string, FileOfServices>>,
): { readonly denit: Running; readonly folder: string } {
  const folder = writeFile(bench, { services });
  return { denit: bench.denit(["up", "--log-folder", `${folder}/logs`], { cwd: folder }), folder };
}

/** Words for sh that wait until there is a file of that name. */
function untilThere(name: string): string {
  return `until test -e ${name}; do sleep 0.02; done`;
}

/** Words in front of a command that let it, and what it starts, have so many descriptors open. */
function limited(limit: number): string[] {
  return ["prlimit", `--nofile=${limit}:${limit}`];
}

/** Lets denit, which runs, open no number from that up. What it has open stays so. */
async function limit(denit: Running, limit: number): Promise<void> {
  const args = ["--pid", `${await denit.denitPid()}`, `--nofile=${limit}:`];
  const { success, stderr } = await new Deno.Command("prlimit", { args }).output();
  ok(success, new TextDecoder().decode(stderr));
}
