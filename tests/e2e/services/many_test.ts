/** That many services, many restarts and many orphans keep nobody waiting. */

import { deepEqual, equal, ok } from "../../assert.ts";
import { inEachMode } from "../support/bench.ts";
import { zombiesOf } from "../support/processes.ts";
import { until } from "../support/until.ts";
import { type FileOfServices, lasting, perl, sh, up } from "./support.ts";

const SIGTERM = 15;

inEachMode("200 services start, and stop", async (bench) => {
  const denit = up(bench, { services: many(200, (i) => lasting(i === 0 ? {} : { depends_on: ["s0"] })) });
  await until(
    () => denit.stdout.lines.length === 200,
    () => `200 services; there are ${denit.stdout.lines.length}`,
  );
  await denit.signal(SIGTERM);
  const { code, stderr } = await denit.ended();
  deepEqual([code, stderr], [0, ""]);
  deepEqual(bench.left(), []);
});

inEachMode("a chain of 50 dependencies starts in its order and stops in the reverse", async (bench) => {
  const told = "trap 'echo ends; exit 0' TERM; echo runs; while :; do sleep 0.05; done";
  const denit = up(bench, {
    services: many(50, (i) => sh(told, i === 0 ? {} : { depends_on: [`s${i - 1}`] })),
  });
  await denit.stdout.shows(/^s49 +\| runs$/);
  await until(() => denit.stdout.text.match(/runs$/gm)?.length === 50, "all to run");
  await denit.signal(SIGTERM);
  const { code, stdout } = await denit.ended();
  equal(code, 0);
  const ends = [...stdout.matchAll(/^s(\d+) +\| ends$/gm)].map(([, i]) => Number(i));
  deepEqual(ends, Array.from({ length: 50 }, (_, i) => 49 - i));
});

inEachMode(
  "50 services that restart without end: one beside them works on, and all can be ended",
  async (bench) => {
    const flapping = sh("exit 1", { restart: "always", essential: false });
    const web = sh("i=0; while :; do i=$((i + 1)); echo $i; sleep 0.01; done");
    const denit = up(bench, { services: { ...many(50, () => flapping), web } });
    await denit.stdout.shows(/^web +\| 100$/);
    for (let i = 0; i < 50; i++) {
      await denit.stderr.shows(new RegExp(`^denit: warning: s${i} ended with 1: starts again in 0\\.4s$`));
    }
    await denit.signal(SIGTERM);
    const { code, stderr } = await denit.ended();
    equal(code, 0);
    ok(!/Cannot|killed/.test(stderr), stderr);
    deepEqual(bench.left(), []);
  },
);

inEachMode("1000 orphans at once are reaped while services run and restart", async (bench) => {
  const flapping = sh("exit 1", { restart: "always", essential: false });
  const denit = up(bench, {
    services: { ...many(10, () => flapping), breeder: perl("orphans", ["1000"]), web: lasting() },
  });
  await denit.stdout.shows(/^breeder +\| done$/);
  await denit.stdout.shows(/^web +\| ready$/);
  const pid = await denit.denitPid();
  await until(() => zombiesOf(pid).length === 0, () => `no zombie; there are ${zombiesOf(pid).length}`);
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 0);
  deepEqual(bench.left(), []);
});

function many(count: number, make: (i: number) => FileOfServices): Record<string, FileOfServices> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`s${i}`, make(i)]));
}
