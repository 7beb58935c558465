/** The examples of the repository are what they say: right, and run to the end that they tell of. */

import { deepEqual, equal } from "../../assert.ts";
import { type Bench, inEachMode, type Running, type Setting } from "../support/bench.ts";
import { REPOSITORY } from "../support/program.ts";
import { namesIn } from "./support.ts";

const SIGTERM = 15;
const EXAMPLES = `${REPOSITORY}examples/services`;

/** What an example reads that only a container has. */
const CANNOT_BE_READ = /^denit: error: \S+: services\.\w+\.env_file\[0\]: Cannot read \/run\/secrets\/\S+: /;

for (const name of namesIn(EXAMPLES).filter((name) => name.endsWith(".yaml"))) {
  inEachMode(`${name} is right, as far as all that it reads is there`, async (bench) => {
    const { code, stdout, stderr } = await bench.run(["config", "-q", "-f", `${EXAMPLES}/${name}`]);
    const problems = stderr.split("\n").filter((line) => line !== "");
    const unread = problems.filter((line) => CANNOT_BE_READ.test(line));
    deepEqual([problems, stdout], [unread, ""]);
    equal(code, unread.length === 0 ? 0 : 125);
  });
}

inEachMode("app-with-log-shipper: what the app says is shipped, and its end is denit's", async (bench) => {
  const { code, stdout, stderr } = await up(bench, "app-with-log-shipper").ended();
  deepEqual([code, stderr], [0, ""]);
  deepEqual(linesOf(stdout, "shipper"), ["app: request 1", "app: request 2", "app: request 3", "app: done"]);
});

inEachMode("app-with-log-shipper: what the app says when it is stopped is shipped too", async (bench) => {
  const denit = up(bench, "app-with-log-shipper");
  await denit.stdout.shows(/app: request 1$/);
  await denit.signal(SIGTERM);
  const { code, stdout } = await denit.ended();
  equal(code, 0);
  equal(linesOf(stdout, "shipper").at(-1), "app: stopping");
});

inEachMode("migrate-then-serve: the migration fails twice, then the server is started", async (bench) => {
  const { code, stdout, stderr } = await up(bench, "migrate-then-serve", { SECONDS_TO_SERVE: "0.1" }).ended();
  equal(code, 0);
  deepEqual(stdout.trimEnd().split("\n"), [
    "migrate  | no database yet",
    "migrate  | no database yet",
    "migrate  | migrated",
    "serve    | serving with a password of 19 letters",
  ]);
  deepEqual(stderr.trimEnd().split("\n"), [
    "denit: warning: migrate ended with 1: starts again in 0.1s",
    "denit: warning: migrate ended with 1: starts again in 0.2s",
  ]);
});

inEachMode("migrate-then-serve: a server that is stopped ends well", async (bench) => {
  const denit = up(bench, "migrate-then-serve", { SECONDS_TO_SERVE: "1000" });
  await denit.stdout.shows(/^serve +\| serving/);
  await denit.signal(SIGTERM);
  const { code, stdout } = await denit.ended();
  deepEqual([code, linesOf(stdout, "serve").at(-1)], [0, "bye"]);
});

inEachMode("nightly-job: the server runs, and the job is not run before its time", async (bench) => {
  const denit = up(bench, "nightly-job", { SCHEDULE: "0 0 29 2 *" });
  await denit.stdout.shows(/^server +\| up$/);
  await denit.signal(SIGTERM);
  const { code, stdout, stderr } = await denit.ended();
  deepEqual([code, stdout, stderr], [0, "server  | up\n", ""]);
});

/** Starts an example, with what it writes in a folder of the test. */
function up(bench: Bench, example: string, env: Setting["env"] = {}): Running {
  const folder = bench.folder();
  return bench.denit(["up", "-f", `${EXAMPLES}/${example}.yaml`, "--log-folder", `${folder}/logs`], {
    env: { LOG: `${folder}/app.log`, DATA: `${folder}/data`, ...env },
  });
}

/** What one service wrote. */
function linesOf(stdout: string, service: string): string[] {
  return [...stdout.matchAll(/^(\S+) +\| (.*)$/gm)].flatMap(([, name, line = ""]) =>
    name === service ? [line] : []
  );
}
