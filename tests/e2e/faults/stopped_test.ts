/** denit itself stopped for a while: what has happened meanwhile is seen to, and is told as it was. */

import { deepEqual, doesNotMatch, equal, ok } from "../../assert.ts";
import { inEachMode, type Running } from "../support/bench.ts";
import { kill, readProcess, zombiesOf } from "../support/processes.ts";
import { program } from "../support/program.ts";
import { pause, until } from "../support/until.ts";
import { lasting, perl, sh, up, writeFile } from "../services/support.ts";
import { SIGCONT, SIGSTOP, SIGTERM, stops } from "./support.ts";

/** Longer than the times of these tests. */
const STOPPED_MS = 3000;

inEachMode("stopped for five seconds while a hundred children end: all are reaped", async (bench) => {
  const denit = bench.denit(["--", ...program("waiting_orphans", "100", "stay")], { input: true });
  await denit.stdout.shows(/^ready$/);
  const pid = await whileStopped(denit, async (pid) => {
    await denit.closeInput();
    await until(() => zombiesOf(pid).length >= 100, "a hundred zombies");
  }, 5000);
  await until(() => zombiesOf(pid).length === 0, "none of them to be left");
  equal((await stops(bench, denit)).code, 128 + SIGTERM);
});

inEachMode("stopped for longer than the grace: who has ended in time is not called killed", async (bench) => {
  const folder = bench.folder();
  // It leaves a hundred children, that end a moment after TERM.
  const rest =
    "for (1..100) { next if fork; $SIG{TERM} = sub { select(undef, undef, undef, 0.2); exit }; sleep 1000; exit } " +
    'open(F, ">ready"); sleep 1000';
  const denit = bench.denit([
    "-t",
    "2s",
    "--",
    "sh",
    "-c",
    `perl -e '${rest}' & until test -e go; do sleep 0.01; done; exit 3`,
  ], {
    cwd: folder,
  });
  await bench.file(`${folder}/ready`);
  const pid = await denit.denitPid();
  await Deno.writeTextFile(`${folder}/go`, "");
  await until(() => bench.left().length < 102 + 2, "main to end");
  kill(pid, SIGSTOP);
  await pause(STOPPED_MS);
  kill(pid, SIGCONT);
  const { code, stderr } = await denit.ended();
  deepEqual([code, stderr], [3, ""]);
});

inEachMode(
  "stopped for a while: services that have ended are started again, each in its back-off",
  async (bench) => {
    const cwd = writeFile(bench, {
      services: {
        web: sh(
          "echo >> runs; test $(wc -l < runs) -gt 40 && exec sleep 1000; until test -e go; do sleep 0.02; done; exit 5",
          {
            scale: 20,
            restart: "always",
          },
        ),
        other: lasting(),
      },
    });
    const denit = bench.denit(["up"], { cwd });
    const runs = (): number => Deno.readTextFileSync(`${cwd}/runs`).length;
    await bench.file(`${cwd}/runs`);
    await until(() => runs() === 20, "all to run");
    await whileStopped(denit, async (pid) => {
      await Deno.writeTextFile(`${cwd}/go`, "");
      await until(() => zombiesOf(pid).length >= 20, "twenty zombies");
    });
    for (let i = 1; i <= 20; i++) {
      await denit.stderr.shows(new RegExp(`^denit: warning: web-${i} ended with 5: starts again in 0.1s$`));
      await denit.stderr.shows(new RegExp(`^denit: warning: web-${i} ended with 5: starts again in 0.2s$`));
    }
    await until(() => runs() === 60, () => `each to run once more, and stay; runs: ${runs()}`);
    equal((await stops(bench, denit)).code, 0);
  },
);

inEachMode(
  "stopped for longer than a probe may take: one that has answered in time counts as it answered",
  async (bench) => {
    const healthcheck = { test: ["CMD", "sleep", "0.2"], interval: "50ms", timeout: "2s", retries: 1 };
    const services = {
      web: lasting({ scale: 20, healthcheck }),
      next: sh("echo healthy; exec sleep 1000", { depends_on: { web: { condition: "service_healthy" } } }),
    };
    const denit = up(bench, { services });
    await denit.stdout.shows(/^next +\| healthy$/);
    for (let i = 0; i < 2; i++) await whileStopped(denit, async () => {});
    await pause(500);
    const { code, stderr } = await stops(bench, denit);
    equal(code, 0);
    doesNotMatch(stderr, /unhealthy/);
  },
);

inEachMode(
  "stopped for longer than stop_grace_period: who has ended in time is not called killed",
  async (bench) => {
    const web = perl("signals", [`${SIGTERM}`, "web"], { scale: 20, stop_grace_period: "2s" });
    const last = sh("trap 'sleep 0.5; exit' TERM; echo ready; sleep 1000 & wait $!", {
      stop_grace_period: "2s",
      scale: 20,
    });
    const denit = up(bench, { services: { web, last } }, ["-t", "20s"]);
    for (let i = 0; i < 20; i++) await denit.stdout.next(/^last-\d+ +\| ready$/);
    for (let i = 1; i <= 20; i++) await denit.stdout.shows(new RegExp(`^web-${i} +\\| web ready`));
    await denit.signal(SIGTERM);
    await denit.stdout.shows(/^web-20 +\| web 15$/);
    const pid = await denit.denitPid();
    kill(pid, SIGSTOP);
    await pause(STOPPED_MS);
    ok(zombiesOf(pid).length > 0);
    kill(pid, SIGCONT);
    const { code, stderr } = await denit.ended();
    equal(code, 0);
    doesNotMatch(stderr, /^denit: warning: killed/m);
  },
);

/** Stops denit for as long, with something that happens meanwhile; returns its process id. */
async function whileStopped(
  denit: Running,
  what: (pid: number) => Promise<void>,
  forMs = STOPPED_MS,
): Promise<number> {
  const pid = await denit.denitPid();
  kill(pid, SIGSTOP);
  await until(() => readProcess(pid)?.state === "T", "denit to be stopped");
  const before = performance.now();
  await what(pid);
  await pause(Math.max(0, forMs - (performance.now() - before)));
  kill(pid, SIGCONT);
  return pid;
}
