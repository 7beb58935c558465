/** What denit keeps of memory when nothing happens any more. */

import { equal, ok } from "../assert.ts";
import { inEachMode, type Running } from "./support/bench.ts";
import { statusOf } from "./support/processes.ts";
import { denitWith, program } from "./support/program.ts";
import { until } from "./support/until.ts";
import { lasting, up } from "./services/support.ts";

const [SIGUSR1, SIGTERM] = [10, 15] as const;
/** In kB. The start alone needs more than twice that of the runtime's file. */
const KEPT = 15_000;
/** In kB. Services at work have half of it. */
const ANONYMOUS = 50_000;

async function givesBack(denit: Running): Promise<void> {
  const pid = await denit.denitPid();
  const kilobytes = (field: string): number => Number.parseInt(statusOf(pid, field) ?? "");
  await until(
    () => kilobytes("RssFile") < KEPT,
    () => `most of the file's pages to be given back; there are ${kilobytes("RssFile")} kB`,
  );
  ok(kilobytes("VmHWM") > kilobytes("VmRSS") + KEPT, "there were more before");
}

inEachMode("one program: the runtime's pages are given back, and denit works on", async (bench) => {
  const denit = bench.denit(["--", ...program("signals", `${SIGTERM}`, "main")]);
  await denit.stdout.shows(/^main ready/);
  await givesBack(denit);
  await denit.signal(SIGUSR1);
  await denit.stdout.shows(/^main 10$/);
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 40);
});

inEachMode("services: the runtime's pages are given back, and denit works on", async (bench) => {
  const denit = up(bench, { services: { web: lasting() } });
  await denit.stdout.shows(/ready/);
  await givesBack(denit);
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 0);
});

/** As README's images run it. */
const WITH_COLLECTION = denitWith("--v8-flags=--expose-gc,--max-semi-space-size=1");

inEachMode("where V8 offers it, what the start has left behind is collected", async (bench) => {
  const denit = up(bench, { services: { web: lasting({ scale: 100 }) } }, [], { denit: WITH_COLLECTION });
  const pid = await denit.denitPid();
  const kilobytes = (): number => Number.parseInt(statusOf(pid, "RssAnon") ?? "");
  await denit.stdout.shows(/^web-100 +\| ready$/);
  const before = kilobytes();
  await until(
    () => kilobytes() < before - 1000,
    () => `a megabyte to be given back; ${before}, ${kilobytes()}`,
  );
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 0);
});

inEachMode("what a probe writes without end takes no room", async (bench) => {
  const healthcheck = { test: ["CMD", "yes"], interval: "20ms", timeout: "2s", retries: 1 };
  const denit = up(bench, { services: { web: lasting({ healthcheck }) } });
  const pid = await denit.denitPid();
  let most = 0;
  await until(() => {
    most = Math.max(most, Number.parseInt(statusOf(pid, "RssAnon") ?? ""));
    return /^denit: warning: web is unhealthy: .*: y$/m.test(denit.stderr.text);
  }, "the probe to be late");
  ok(most < ANONYMOUS, `${most} kB`);
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 0);
});
