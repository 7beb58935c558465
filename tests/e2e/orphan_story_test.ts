/** The story of examples/orphan-story, with its own programs. */

import { deepEqual, equal, match } from "../assert.ts";
import { type Bench, inEachMode, inMode, type Running } from "./support/bench.ts";
import { childrenOf, descendantsOf, readProcess, zombiesOf } from "./support/processes.ts";
import { AS_FIRST, nsenter, program, REPOSITORY, unshare } from "./support/program.ts";
import { until } from "./support/until.ts";

const SERVER = ["perl", "/srv/server.pl"];
/** The example's files where its container has them, and a network of its own for its port. */
const AS_IN_ITS_CONTAINER = [
  ...unshare("--mount", "--net"),
  ...["sh", "-c", `mount --bind ${REPOSITORY}examples/orphan-story /srv && exec "$@"`, "sh"],
  ...program("loopback"),
];
const ENVIRONMENT = { REPORT_SECONDS: "0.5" };

inMode(
  "PID 1",
  "a web server as first process leaves a zombie for each report that is canceled",
  async (bench) => {
    const running = bench.start([...AS_FIRST, ...AS_IN_ITS_CONTAINER, ...SERVER], { env: ENVIRONMENT });
    const server = await until(
      () => childrenOf(running.pid).find(({ name }) => name === "perl")?.pid,
      "the server",
    );
    for (const zombies of [1, 2]) {
      const helper = await cancelReport(bench, running, server);
      await until(() => readProcess(helper)?.state === "Z", "the helper to end");
      match(await get(bench, server, "help"), /^GET/); // the server works, and reaps nothing
      equal(zombiesOf(server).length, zombies);
    }
  },
);

inEachMode("under denit it leaves none", async (bench) => {
  const running = bench.denit(["-w", "--", ...SERVER], { inside: AS_IN_ITS_CONTAINER, env: ENVIRONMENT });
  const denit = await running.denitPid();
  const server = await until(() => childrenOf(denit)[0]?.pid, "the server");
  for (const canceled of [1, 2]) {
    const helper = await cancelReport(bench, running, server);
    equal(readProcess(helper)?.parent, denit);
    await until(() => readProcess(helper) === null, "the helper to be reaped");
    await until(() => running.stderr.lines.length === canceled, "that to be told");
    match(running.stderr.lines.at(-1)!, /^denit: warning: reaped \d+ \(sleep\), which ended with 0$/);
  }
  deepEqual(descendantsOf(denit).map(({ pid }) => pid), [server]);
  await running.signal(15);
  equal((await running.ended()).code, 0);
}, "namespaces");

/** Has a report started and canceled; returns the helper that goes on, an orphan now. */
async function cancelReport(bench: Bench, running: Running, server: number): Promise<number> {
  match(await get(bench, server, "start"), /^started/);
  const isHelper = ({ name, state }: { name: string; state: string }): boolean =>
    name === "sleep" && state !== "Z";
  const helper = await until(
    () => descendantsOf(running.pid).find(isHelper)?.pid,
    "the script to call its helper",
  );
  match(await get(bench, server, "cancel"), /^canceled/);
  return helper;
}

/** What the server answers. */
async function get(bench: Bench, server: number, path: string): Promise<string> {
  const client = [...nsenter(server, ["--net", "--mount"]), "perl", "/srv/get.pl", path];
  return (await until(async () => {
    const { code, stdout } = await bench.start(client).ended();
    return code === 0 && stdout; // it may not listen yet
  }, `the server to answer ${path}`)).trim();
}
