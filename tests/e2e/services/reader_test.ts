/** The process in which the file of services is read: what becomes of a run when that process ends in the middle. */

import { deepEqual, equal, match, ok } from "../../assert.ts";
import { type Bench, inEachMode, inMode, type Running } from "../support/bench.ts";
import { commandOf, descendantsOf, kill, type Process } from "../support/processes.ts";
import { until } from "../support/until.ts";
import { perl, sh, writeFile } from "./support.ts";

const [SIGHUP, SIGKILL, SIGUSR1, SIGTERM, SIGSTOP] = [1, 9, 10, 15, 19] as const;

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

inEachMode(
  "asked to stop while it reads the file for the first time: it ends, and has started nothing",
  async (bench) => {
    const folder = bench.folder();
    await holdUp(bench, `${folder}/denit.yaml`);
    const denit = bench.denit(["up", "-v"], { cwd: folder });
    const { pid } = await reader(denit);
    await denit.signal(SIGUSR1); // it asks for nothing
    await denit.signal(SIGTERM);
    const { code, stdout, stderr } = await denit.ended();
    const told = "denit: info: asked to stop while ./denit.yaml was read: nothing was started\n";
    deepEqual([code, stdout, stderr], [0, "", told]);
    equal(commandOf(pid).length, 0, "who reads it has ended, too");
  },
);

inEachMode("while it waits for the file, signals and children do not wait", async (bench) => {
  const web = perl("signals", [String(SIGTERM), "web"], { forward_signals: ["USR1"], restart: "always" });
  const folder = writeFile(bench, { services: { web } });
  const denit = bench.denit(["up", "-v"], { cwd: folder });
  const [, inner] = await denit.stdout.next(/^web +\| web ready (\d+)$/);
  await Deno.remove(`${folder}/denit.yaml`);
  await holdUp(bench, `${folder}/denit.yaml`);
  await denit.signal(SIGHUP);
  const { pid } = await reader(denit);
  await denit.signal(SIGUSR1);
  await denit.stdout.next(new RegExp(`^web +\\| web ${SIGUSR1}$`));
  kill(bench.mode === "PID 1" ? await denit.pidOf(Number(inner)) : Number(inner), SIGKILL);
  await denit.stdout.next(/^web +\| web ready (\d+)$/);
  ok(commandOf(pid).length > 0, "it is still being read");

  await denit.signal(SIGTERM);
  const { code, stderr } = await denit.ended();
  equal(code, 0);
  ok(!/reaped|Cannot/.test(stderr), `nothing is told of who was reading: ${stderr}`);
});

inEachMode("KILL at the deadline: who still reads the file is nobody's business", async (bench) => {
  const folder = writeFile(bench, { services: { web: sh("trap '' TERM; echo ready; sleep 1000") } });
  const denit = bench.denit(["up", "-t", "300ms"], { cwd: folder });
  await denit.stdout.shows(/ready$/);
  await denit.signal(SIGHUP);
  kill((await reader(denit)).pid, SIGSTOP);
  await denit.signal(SIGTERM);
  const { code, stderr } = await denit.ended();
  equal(code, 0);
  match(stderr, /^denit: warning: killed web \d+ /m);
  ok(!stderr.includes("/proc/self/exe"), stderr);
});

inEachMode("HUP while it is being read has it read once more", async (bench) => {
  const folder = writeFile(bench, { services: { web: sh("exec sleep 1000") } });
  const denit = bench.denit(["up", "-v"], { cwd: folder });
  await denit.stderr.next(/^denit: info: started web /);
  await Deno.remove(`${folder}/denit.yaml`);
  await holdUp(bench, `${folder}/denit.yaml`);
  await denit.signal(SIGHUP);
  await reader(denit);
  await Deno.remove(`${folder}/denit.yaml`);
  writeFile(bench, { services: { web: sh("exec sleep 2000") } }, folder);
  await denit.signal(SIGHUP, SIGHUP);
  ok(await reader(denit), "the first reading still waits");
  kill((await reader(denit)).pid, SIGKILL);
  await denit.stderr.next(/^denit: error: Cannot reread /);
  await denit.stderr.next(/^denit: info: reread the file; changed: web$/);
  await denit.signal(SIGTERM);
  const { code, stderr } = await denit.ended();
  equal(code, 0);
  equal(stderr.match(/reread/g)?.length, 2, "once more, and not for each");
});

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
