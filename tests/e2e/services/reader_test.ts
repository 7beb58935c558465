/** The process in which the file of services is read: what becomes of a run when that process ends in the middle. */

import { equal, match, ok } from "../../assert.ts";
import { type Bench, inEachMode, inMode, type Running } from "../support/bench.ts";
import { commandOf, descendantsOf, kill, type Process } from "../support/processes.ts";
import { until } from "../support/until.ts";
import { sh, writeFile } from "./support.ts";

const [SIGHUP, SIGKILL, SIGTERM] = [1, 9, 15] as const;

/** Where the file of services is, what reads it has to wait for a second: a pipe that is open and empty. */
async function holdUp(bench: Bench, path: string): Promise<void> {
  const mkfifo = bench.start(["mkfifo", path]);
  equal((await mkfifo.ended()).code, 0);
  const writer = bench.start(["sh", "-c", `exec 3<> "$0"; echo open; exec sleep 1000`, path]);
  await writer.stdout.shows(/open/);
}

function reader(denit: Running): Promise<Process> {
  const isReader = ({ pid }: Process): boolean => commandOf(pid).includes("--print-project");
  return until(() => descendantsOf(denit.pid).find(isReader), "the process that reads the file to be there");
}

inEachMode(
  "killed while it reads the file anew: nothing is changed, and the next one reads it",
  async (bench) => {
    const file = { services: { web: sh("echo web is $$; exec sleep 1000") } };
    const folder = writeFile(bench, file);
    const denit = bench.denit(["up", "-v"], { cwd: folder });
    await denit.stdout.shows(/web is \d+$/);
    await Deno.remove(`${folder}/denit.yaml`);
    await holdUp(bench, `${folder}/denit.yaml`);
    await denit.signal(SIGHUP);
    kill((await reader(denit)).pid, SIGKILL);
    await denit.stderr.next(
      /^denit: error: \.\/denit\.yaml: Cannot load it: the process that reads it was ended by SIGKILL; /,
    );
    await denit.stderr.next(/^denit: error: Cannot reread \.\/denit\.yaml: nothing was changed$/);
    await Deno.remove(`${folder}/denit.yaml`);
    writeFile(bench, file, folder);
    await denit.signal(SIGHUP);
    await denit.stderr.next(/^denit: info: reread the file; nothing has changed$/);
    await denit.signal(SIGTERM);
    const { code, stdout, stderr } = await denit.ended();
    equal(code, 0);
    equal(stdout.match(/web is/g)?.length, 1, "it is the same process all the time");
    ok(!/reaped/.test(stderr), "it is no stranger");
  },
);

inEachMode("killed at the start: that is told, and nothing was started", async (bench) => {
  const folder = bench.folder();
  await holdUp(bench, `${folder}/denit.yaml`);
  const denit = bench.denit(["up", "--file", `${folder}/denit.yaml`]);
  kill((await reader(denit)).pid, SIGKILL);
  const { code, stdout, stderr } = await denit.ended();
  equal(code, 125);
  equal(stdout, "");
  match(stderr, /^denit: error: \S+\/denit\.yaml: Cannot load it: [^\n]* was ended by SIGKILL; [^\n]*\n$/);
});

inMode("subreaper", "the word for it is of no use to anybody else", async (bench) => {
  for (const words of [[], ["{"]]) {
    const { code, stdout, stderr } = await bench.run(["--print-project", ...words]);
    equal(code, 125);
    equal(stdout, "");
    match(stderr, /^denit: error: Cannot print a project: only denit itself asks for that\n$/);
  }
});
