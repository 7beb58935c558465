/** How a run of services ends, and with which code. */

import { deepEqual, equal, match } from "../../assert.ts";
import { inEachMode } from "../support/bench.ts";
import { lasting, runUp, sh, up } from "./support.ts";

const SIGTERM = 15;

inEachMode("all have ended with 0: so does denit, without a word", async (bench) => {
  const ended = await runUp(bench, { services: { a: sh("exit 0"), b: sh("sleep 0.1") } });
  deepEqual([ended.code, ended.stdout, ended.stderr], [0, "", ""]);
});

inEachMode("one that fails ends the others, and its code is denit's", async (bench) => {
  const denit = up(bench, { services: { web: lasting(), job: sh("sleep 0.2; exit 7") } });
  const { code, stderr } = await denit.ended();
  equal(code, 7);
  match(
    stderr,
    /^denit: warning: job ended with 7\ndenit: warning: shutting down, to exit with 7: job ended with 7\n$/,
  );
  deepEqual(bench.left(), []);
});

inEachMode("TERM ends all, in the reverse order of their dependencies, with 0", async (bench) => {
  const told = (name: string): string =>
    `trap 'echo ${name} ends; exit 0' TERM; echo ready; while :; do sleep 0.05; done`;
  const denit = up(bench, {
    services: {
      web: sh(told("web"), { depends_on: ["db", "cache"] }),
      db: sh(told("db"), { depends_on: ["disk"] }),
      cache: sh(told("cache")),
      disk: sh(told("disk")),
    },
  });
  await denit.stdout.shows(/^web +\| ready$/);
  await denit.signal(SIGTERM);
  const { code, stdout } = await denit.ended();
  equal(code, 0);
  const ends = [...stdout.matchAll(/\| (\w+) ends$/gm)].map(([, name]) => name);
  equal(ends[0], "web");
  equal(ends.length, 4);
  equal(ends.indexOf("db") < ends.indexOf("disk"), true);
});
