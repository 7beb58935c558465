/** A terminal that hangs up while denit runs on it. */

import { deepEqual } from "../../assert.ts";
import { type Bench, inEachMode, type Running } from "../support/bench.ts";
import { kill } from "../support/processes.ts";
import { until } from "../support/until.ts";
import { namesIn, sh, writeFile } from "../services/support.ts";
import { isIdle, SIGKILL, SIGTERM } from "./support.ts";

/** Starts denit as leader of a terminal's session, below a shell without one, which tells in a file how it has ended. */
function onTerminal(bench: Bench, words: readonly string[], cwd: string): Running {
  const denit = bench.command(words, { inside: ["setsid", "--ctty"] });
  return bench.onTerminal(["sh", "-c", '"$@"; echo $? > code', "sh", ...denit], { cwd });
}

inEachMode(
  "it hangs up while main runs: main gets HUP, is cared for, and its status is denit's",
  async (bench) => {
    const folder = bench.folder();
    const main =
      'trap "echo > hung-up" HUP; trap "echo > term; exit 6" TERM; echo ready; while :; do sleep 0.05 & wait $!; done';
    const denit = onTerminal(bench, ["-vw", "--", "sh", "-c", main], folder);
    await denit.stdout.next(/^ready$/);
    const pid = await denit.denitPid();
    kill(denit.pid, SIGKILL); // who holds the terminal
    await bench.file(`${folder}/hung-up`);
    await isIdle(pid);
    kill(pid, SIGTERM);
    await bench.file(`${folder}/code`);
    await until(() => Deno.readTextFileSync(`${folder}/code`) === "6\n", "the code");
    await until(() => bench.left().length === 0, "nobody to be left");
    deepEqual(namesIn(folder), ["code", "hung-up", "term"]);
  },
);

inEachMode(
  "it hangs up while services run: they go on, and TERM ends all",
  async (bench) => {
    const cwd = writeFile(bench, {
      services: {
        web: sh(
          'trap "echo > term; exit" TERM; echo ready; while :; do echo line; sleep 0.05 & wait $!; done',
        ),
        failing: sh("echo >> runs; exit 3", { restart: "always" }),
      },
    });
    const denit = onTerminal(bench, ["up", "-vw"], cwd);
    await denit.stdout.next(/ready$/);
    const pid = await denit.denitPid();
    kill(denit.pid, SIGKILL);
    const runs = (): number => Deno.readTextFileSync(`${cwd}/runs`).length;
    const before = runs();
    await until(() => runs() > before, "failing to be started again");
    await isIdle(pid);
    kill(pid, SIGTERM);
    await bench.file(`${cwd}/code`);
    await until(() => Deno.readTextFileSync(`${cwd}/code`) === "0\n", "the code");
    await until(() => bench.left().length === 0, "nobody to be left");
    deepEqual(namesIn(cwd), ["code", "denit.yaml", "runs", "term"]);
  },
);
