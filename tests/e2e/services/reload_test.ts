/** What HUP changes, and what it leaves as it is. */

import { deepEqual, equal, match, ok } from "../../assert.ts";
import { inEachMode } from "../support/bench.ts";
import { lasting, sh, writeFile } from "./support.ts";

const [SIGHUP, SIGTERM] = [1, 15] as const;
const NOTHING_CHANGED = /^denit: error: Cannot reread \.\/denit\.yaml: nothing was changed$/;

inEachMode(
  "a file with an error, or none at all: nothing is changed, and the next one is read again",
  async (bench) => {
    const right = { services: { web: sh("echo web is $$; exec sleep 1000") } };
    const folder = writeFile(bench, right);
    const denit = bench.denit(["up", "-v"], { cwd: folder });
    await denit.stdout.shows(/web is \d+$/);
    const faults: readonly (readonly [file: string | null, told: RegExp])[] = [
      ["services: {web: {comand: a}}", /comand: unknown key; did you mean "command"\?$/],
      ["services: {web: {command: a, depends_on: [web]}}", /^denit: error: .*web/],
      ["services: [", /^denit: error: \.\/denit\.yaml:1:/],
      [null, /^denit: error: .*denit\.yaml/],
    ];
    for (const [file, told] of faults) {
      if (file === null) await Deno.remove(`${folder}/denit.yaml`);
      else writeFile(bench, file, folder);
      await denit.signal(SIGHUP);
      await denit.stderr.next(told);
      await denit.stderr.next(NOTHING_CHANGED);
    }
    writeFile(bench, right, folder);
    await denit.signal(SIGHUP);
    await denit.stderr.next(/^denit: info: reread the file; nothing has changed$/);
    await denit.signal(SIGTERM);
    const { code, stdout } = await denit.ended();
    equal(code, 0);
    equal(stdout.match(/web is/g)?.length, 1, "it is the same process all the time");
  },
);

inEachMode("a changed service ends before it is started anew", async (bench) => {
  const told = (version: number): string =>
    `trap 'sleep 0.1; echo ${version} ends; exit' TERM; echo ${version} runs; while :; do sleep 0.01; done`;
  const folder = writeFile(bench, { services: { web: sh(told(1)) } });
  const denit = bench.denit(["up"], { cwd: folder });
  await denit.stdout.shows(/1 runs$/);
  writeFile(bench, { services: { web: sh(told(2)) } }, folder);
  await denit.signal(SIGHUP);
  await denit.stdout.shows(/2 runs$/);
  await denit.signal(SIGTERM);
  const { code, stdout, stderr } = await denit.ended();
  deepEqual([code, stderr.match(/^denit: .*$/gm)], [0, null]);
  deepEqual(stdout.match(/\d \w+$/gm), ["1 runs", "1 ends", "2 runs", "2 ends"]);
});

inEachMode("who depends on what has changed is started anew only where it asks for that", async (bench) => {
  const told = (name: string): string => `echo ${name} runs; exec sleep 1000`;
  const file = (version: string): Record<string, unknown> => ({
    services: {
      db: sh(told(version)),
      follows: sh(told("follows"), { depends_on: { db: { condition: "service_started", restart: true } } }),
      stays: sh(told("stays"), { depends_on: ["db"] }),
    },
  });
  const folder = writeFile(bench, file("old"));
  const denit = bench.denit(["up", "-v"], { cwd: folder });
  for (const name of ["follows", "stays"]) await denit.stdout.shows(new RegExp(`${name} runs$`));
  writeFile(bench, file("new"), folder);
  await denit.signal(SIGHUP);
  await denit.stdout.shows(/new runs$[^]*follows runs$/);
  await denit.stderr.shows(/^denit: info: reread the file; changed: db, follows$/);
  await denit.signal(SIGTERM);
  const { code, stdout } = await denit.ended();
  equal(code, 0);
  equal(stdout.match(/stays runs/g)?.length, 1);
});

inEachMode(
  "one that had failed is left alone if it is the same, and started if it has changed",
  async (bench) => {
    const keep = lasting();
    const failed = sh("echo failed; exit 1", { essential: false });
    const folder = writeFile(bench, { services: { keep, same: failed, changed: failed } });
    const denit = bench.denit(["up", "-v"], { cwd: folder });
    for (const name of ["same", "changed"]) {
      await denit.stderr.shows(new RegExp(`^denit: warning: ${name} ended with 1$`));
    }
    writeFile(
      bench,
      { services: { keep, same: failed, changed: sh("echo better; exec sleep 1000") } },
      folder,
    );
    await denit.signal(SIGHUP);
    await denit.stdout.shows(/^changed +\| better$/);
    await denit.signal(SIGTERM);
    const { stdout } = await denit.ended();
    equal(stdout.match(/^same +\| failed$/gm)?.length, 1);
  },
);

inEachMode("HUP in the middle of a shutdown starts nothing", async (bench) => {
  const slow = "trap 'echo asked; until test -e go; do sleep 0.01; done; exit' TERM; echo ready; " +
    "while :; do sleep 0.01; done";
  const folder = writeFile(bench, { services: { web: sh(slow) } });
  const denit = bench.denit(["up", "-v"], { cwd: folder });
  await denit.stdout.shows(/ready$/);
  await denit.signal(SIGTERM);
  await denit.stdout.shows(/asked$/);
  writeFile(bench, { services: { web: sh("echo again"), fresh: lasting() } }, folder);
  await denit.signal(SIGHUP, SIGHUP);
  await Deno.writeTextFile(`${folder}/go`, "");
  const { code, stdout, stderr } = await denit.ended();
  equal(code, 0);
  ok(!/again|fresh/.test(stdout), stdout);
  ok(!stderr.includes("reread"), stderr);
});

inEachMode("many HUPs, one after the other: each file is what runs at the end", async (bench) => {
  const version = (n: number): Record<string, unknown> => ({
    services: { keep: lasting(), [`extra${n}`]: sh(`echo version ${n}; exec sleep 1000`) },
  });
  const folder = writeFile(bench, version(0));
  const denit = bench.denit(["up", "-v"], { cwd: folder });
  for (let n = 1; n <= 5; n++) {
    await denit.stdout.shows(new RegExp(`version ${n - 1}$`));
    writeFile(bench, version(n), folder);
    await denit.signal(SIGHUP);
  }
  await denit.stdout.shows(/version 5$/);
  await denit.stderr.shows(/^denit: info: extra4 ended with 143 \(SIGTERM\)$/);
  equal(bench.left().filter(({ name }) => name === "sleep").length, 2);
  await denit.signal(SIGTERM);
  const { code, stderr } = await denit.ended();
  equal(code, 0);
  match(stderr, /^denit: info: reread the file; new: extra5; gone: extra4$/m);
  deepEqual(bench.left(), []);
});
