/** What the tests of faults share: runs with all that denit has to care for, and the limits of the kernel. */

import { deepEqual, equal, ok } from "../../assert.ts";
import { type Bench, type Ended, inEachMode, inMode, type Running, type Setting } from "../support/bench.ts";
import { childrenOf, kill } from "../support/processes.ts";
import { type Mode, MODES, program, unshare } from "../support/program.ts";
import { pause, until } from "../support/until.ts";
import { type FileOfServices, namesIn, perl, sh, writeFile } from "../services/support.ts";

export const [SIGHUP, SIGKILL, SIGUSR1, SIGTERM, SIGCONT, SIGSTOP] = [1, 9, 10, 15, 18, 19] as const;

/** Longer than any of these runs takes to end, and as long as Docker waits. */
export const DOCKER_STOPS_MS = 10_000;

/** Registers a test for both modes that needs something of its machine; `lacking` says why there is none of that. */
export function inEachModeWith(
  lacking: string | null,
  name: string,
  body: (bench: Bench) => Promise<void>,
): void {
  for (const mode of MODES) inModeWith(lacking, mode, name, body);
}

/** As {@linkcode inEachModeWith}, for one mode. */
export function inModeWith(
  lacking: string | null,
  mode: Mode,
  name: string,
  body: (bench: Bench) => Promise<void>,
): void {
  if (lacking === null || Deno.env.get("CI") === "true") return inMode(mode, name, body);
  Deno.test({ name: `as ${mode}: ${name} (cannot run here: ${lacking})`, ignore: true, fn() {} });
}

/** Whether denit is run from its source, for which Deno itself needs more than for the other forms. */
export const fromSource = Deno.env.get("DENIT_UNDER_TEST") === undefined;

/** Registers a test for both modes that mounts something. */
export function inEachModeMounted(name: string, body: (bench: Bench) => Promise<void>): void {
  inEachMode(name, body, "namespaces");
}

/** Words in front of a command that run a script of sh in a mount namespace of their own first. */
export function mounted(script: string): string[] {
  return [...unshare("--mount"), "sh", "-c", `${script}\nexec "$@"`, "sh"];
}

/** How a run of all that there is goes. */
interface Whole extends Setting {
  /** Options of denit. */
  readonly words?: readonly string[];
  /** What goes wrong once it is under way. */
  readonly fault?: (denit: Running) => void | Promise<void>;
}

/** As {@linkcode Whole}, of services. */
interface WholeOfServices extends Whole {
  /** Whether some of them write without end: for where the test does not keep what they write. */
  readonly loud?: boolean;
  /** Keys for all of them. */
  readonly keys?: FileOfServices;
}

/**
 * Runs one program with all that denit has to care for: its orphan is reaped, a signal is forwarded, and after TERM
 * its child has TERM too, and the exit code is its own.
 */
export async function runWhole(bench: Bench, { words = [], fault, ...setting }: Whole = {}): Promise<Ended> {
  const folder = bench.folder();
  const denit = bench.denit([...words, "--", ...program("whole", folder)], setting);
  await bench.file(`${folder}/ready`);
  await fault?.(denit);
  await carriesOn(bench, denit, folder);
  const ended = await stops(bench, denit);
  deepEqual([ended.code, namesIn(folder)], [6, ["child", "ready", "term", "usr1"]]);
  return ended;
}

/** Runs services in which the same happens, and of which one fails and is started again and again. */
export async function serveWhole(
  bench: Bench,
  { words = [], fault, loud = false, keys = {}, ...setting }: WholeOfServices = {},
): Promise<Ended> {
  const folder = bench.folder();
  const noise = { scale: 2, restart: "always", ...keys }; // where nobody takes what they write they may end
  const services = {
    web: perl("whole", [folder], { forward_signals: ["USR1"], ...keys }),
    failing: sh(
      `echo >> ${folder}/runs; test $(wc -l < ${folder}/runs) -lt 3 || echo > ${folder}/thrice; exit 3`,
      { restart: "always", ...keys },
    ),
    ...loud && { loud: sh("exec yes out", noise), louder: sh("exec yes err >&2", noise) },
  };
  const denit = bench.denit(["up", ...words], { cwd: writeFile(bench, { services }), ...setting });
  for (const name of ["ready", "thrice"]) await bench.file(`${folder}/${name}`);
  await fault?.(denit);
  await carriesOn(bench, denit, folder);
  const ended = await stops(bench, denit);
  deepEqual([ended.code, namesIn(folder)], [0, ["child", "ready", "runs", "term", "thrice", "usr1"]]);
  return ended;
}

/** That a running `whole.pl` has its orphan reaped, and is forwarded a signal. */
async function carriesOn(bench: Bench, denit: Running, folder: string): Promise<void> {
  const pid = await denit.denitPid();
  await until(
    () => childrenOf(pid).every(({ name, state }) => name !== "perl" || state !== "Z"),
    () => `the orphan to be reaped: ${JSON.stringify(childrenOf(pid))}`,
  );
  await denit.signal(SIGUSR1);
  await bench.file(`${folder}/usr1`);
}

/** Sends TERM, and sees that all is over before `docker stop` would kill. */
export async function stops(bench: Bench, denit: Running): Promise<Ended> {
  await denit.signal(SIGTERM);
  return await endsInTime(bench, denit);
}

/** As {@linkcode stops}, of one that has been asked. */
export async function endsInTime(bench: Bench, denit: Running): Promise<Ended> {
  const before = performance.now();
  const ended = await denit.ended();
  const tookMs = performance.now() - before;
  equal(tookMs < DOCKER_STOPS_MS, true, `the end took ${Math.round(tookMs)} ms`);
  deepEqual(bench.left(), []);
  return ended;
}

/** That denit, by its process id, waits and does not spin. */
export async function isIdle(pid: number): Promise<void> {
  const before = cpuTicks(pid);
  await pause(1000); // a time is what is measured here
  const ticks = cpuTicks(pid) - before; // of which there are 100 a second
  ok(ticks < 20, `denit spins: ${ticks} ticks in a second`);
}

function cpuTicks(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]!.split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/** A kernel's limit for a group of processes, in both versions of cgroups; cgroups(7). */
type Controller = "pids" | "memory";

/** Why there can be no group with limits of this kind here; `null` where there can. */
export function noCgroup(controller: Controller): string | null {
  try {
    const { path } = placeFor(controller);
    const probe = `${path}/denit-probe-${crypto.randomUUID()}`;
    Deno.mkdirSync(probe);
    Deno.removeSync(probe);
    return null;
  } catch (error) {
    return `no cgroup for ${controller}: ${String(error)}`;
  }
}

/** A cgroup, with limits that hold for all that is in it. */
export class Cgroup implements AsyncDisposable {
  readonly #path: string;
  readonly version: 1 | 2;

  constructor(controller: Controller) {
    const { path, version } = placeFor(controller);
    this.#path = `${path}/denit-e2e-${crypto.randomUUID()}`;
    this.version = version;
    Deno.mkdirSync(this.#path);
  }

  /** Words in front of a command that put it in. */
  get words(): string[] {
    return ["sh", "-c", `echo 0 > ${this.#path}/cgroup.procs && exec "$@"`, "sh"];
  }

  set(file: string, value: string | number): void {
    Deno.writeTextFileSync(`${this.#path}/${file}`, String(value));
  }

  get(file: string): string {
    return Deno.readTextFileSync(`${this.#path}/${file}`).trim();
  }

  /** Ends who is in it, and removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await until(() => {
      for (const pid of this.get("cgroup.procs").split("\n")) if (pid !== "") kill(Number(pid), SIGKILL);
      try {
        Deno.removeSync(this.#path);
        return true;
      } catch {
        return false; // who was killed is not quite gone
      }
    }, `${this.#path} to be empty`);
  }
}

/** Where a group can be made: below our own, or with version 2, where only a group without processes has others, beside it. */
function placeFor(controller: Controller): { readonly path: string; readonly version: 1 | 2 } {
  const own = Deno.readTextFileSync("/proc/self/cgroup").trim().split("\n").map((line) => line.split(":"));
  const [, , first] = own.find(([, names]) => names!.split(",").includes(controller)) ?? [];
  if (first !== undefined) {
    return { path: `/sys/fs/cgroup/${controller}${first}`.replace(/\/$/, ""), version: 1 };
  }
  let [, , path = ""] = own.find(([number]) => number === "0") ?? [];
  do {
    path = path.replace(/\/[^/]*$/, "");
    const passed = Deno.readTextFileSync(`/sys/fs/cgroup${path}/cgroup.subtree_control`).trim().split(" ");
    if (passed.includes(controller)) return { path: `/sys/fs/cgroup${path}`, version: 2 };
  } while (path !== "");
  throw new Error("none has that controller");
}
