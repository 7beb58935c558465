/** Hard work for a long time, and what denit holds meanwhile: no zombie may stay, and neither memory nor descriptors grow. */

import { equal, ok } from "../../assert.ts";
import { type FileOfServices, lasting, perl, sh, writeFile } from "../services/support.ts";
import type { Bench, Running, Setting } from "./bench.ts";
import { Growth } from "./growth.ts";
import { childrenOf, kill } from "./processes.ts";
import { denitWith, program } from "./program.ts";
import { until } from "./until.ts";

const [SIGHUP, SIGUSR1, SIGTERM] = [1, 10, 15] as const;
/** A real-time signal: of these none may be lost. */
const REAL_TIME = 40;
const LIMIT_MS = 120_000;
const MEMORY = ["anonymousKb", "privateKb"] as const;

/**
 * Little room, so that V8 collects what it can: it would let tens of megabytes stand before it does, and what is kept
 * for ever would not be seen among them.
 */
const SOAKED = denitWith("--v8-flags=--max-semi-space-size=1,--max-old-space-size=16");

/** How long a soak is. */
export interface Soak {
  /** How much is done in all, and between two samples. */
  readonly work: number;
  readonly round: number;
  /** By how many kB of memory a thousand may grow, once warm: as much as chance can make of so long a soak. */
  readonly mayGrowKb: number;
  /** Tells of how it went. */
  readonly tell: (line: string) => void;
}

/** Runs a program that makes orphans as fast as it can, and looks at denit whenever it has reaped a round of them. */
export async function soakOrphans(bench: Bench, soak: Soak): Promise<void> {
  const denit = bench.denit(["--", ...program("breeder", String(soak.round), "50")], {
    input: true,
    denit: SOAKED,
  });
  const pid = await denit.denitPid();
  await until(() => childrenOf(pid).length === 1, "the breeder to run");
  const growth = new Growth(pid);
  const { descriptors } = growth.sample(0);
  for (let work = soak.round; work <= soak.work; work += soak.round) {
    await denit.type("\n");
    await until(() => denit.stdout.text.endsWith(`${work}\n`), () => `${work} orphans`, LIMIT_MS);
    await untilNoneButThe(1, pid);
    growth.sample(work);
  }
  tellGrowth("orphans", growth, soak);
  await denit.closeInput();
  const { code, stderr } = await denit.ended();
  equal(code, 0);
  equal(stderr, "");
  assertFlat(growth, descriptors, soak);
}

const FLAPPING = 20;
/** What comes and goes at each round: real-time signals to denit, in a burst. */
const BURST = 20;

/**
 * Runs services that end at once and always, some with an orphan behind them, some with a log file that is rotated;
 * beside them others are probed, get signals, and are changed by a reload in each round. Counts restarts.
 */
export async function soakServices(bench: Bench, soak: Soak): Promise<void> {
  const port = freePort();
  const folder = writeFile(bench, { services: quiet() });
  await Deno.writeTextFile(`${folder}/status`, "204");
  await Deno.writeTextFile(`${folder}/runs`, "");
  const denit = startIn(bench, folder);
  const pid = await denit.denitPid();
  await until(() => read(folder, "out").includes("main ready"), "the services to run");
  const growth = new Growth(pid);
  const { descriptors } = growth.sample(0);
  const children = childrenOf(pid).length;

  const runs = (): number => Deno.statSync(`${folder}/runs`).size;
  const rounds = soak.work / soak.round;
  const signals = rounds * BURST;
  for (let version = 1; version <= rounds; version++) {
    writeFile(bench, { services: { ...quiet(), ...busy(port, version) } }, folder);
    kill(pid, SIGHUP);
    for (let i = 0; i < BURST; i++) kill(pid, REAL_TIME);
    kill(pid, SIGUSR1);
    await until(
      () => read(folder, "version").trim() === String(version),
      () => `reload ${version}`,
      LIMIT_MS,
    );
    const goal = version * soak.round;
    await until(() => runs() >= goal, () => `${goal} runs; there are ${runs()}`, LIMIT_MS);
    growth.sample(runs());
  }
  await untilProbed(folder);
  writeFile(bench, { services: quiet() }, folder);
  kill(pid, SIGHUP);
  await untilNoneButThe(children, pid);
  const last = growth.sample(runs() + 1);
  tellGrowth("restarts", growth, soak);
  soak.tell(`${probesIn(folder)} probes by http, ${signals} real-time signals`);

  kill(pid, SIGTERM);
  equal((await denit.ended()).code, 0);
  equal(
    countOf(folder, new RegExp(`main ${REAL_TIME}$`, "gm")),
    signals,
    "each real-time signal is forwarded",
  );
  ok(rotated(folder), "log files are rotated");
  equal(last.zombies, 0);
  assertFlat(growth, descriptors, soak);
}

/** The services that are there from the beginning to the end. */
function quiet(): Record<string, FileOfServices> {
  return {
    told: perl("signals", [String(SIGTERM), "main"], { forward_signals: ["USR1", String(REAL_TIME)] }),
  };
}

/** The services that make work; a new version changes one of them. */
function busy(port: number, version: number): Record<string, FileOfServices> {
  const often = { interval: "100ms" };
  const flapping = (i: number): FileOfServices =>
    sh(
      `printf x >>runs; echo ${"a line to be rotated ".repeat(4)}; ${
        i % 4 === 0 ? "sleep 0.05 &" : ""
      } exit 1`,
      {
        deploy: { restart_policy: { condition: "any", delay: "100ms" } },
        essential: false,
        ...i % 2 === 0 &&
          { logging: { driver: "json-file", options: { "max-size": "1k", "max-file": "3" } } },
      },
    );
  return {
    ...Object.fromEntries(Array.from({ length: FLAPPING }, (_, i) => [`flapping${i}`, flapping(i)])),
    web: perl("http_server", [String(port)], {
      healthcheck: { http: `http://127.0.0.1:${port}/`, ...often },
    }),
    asked: lasting({ healthcheck: { test: ["CMD", "true"], ...often } }),
    changed: sh(`echo ${version} >version; exec sleep 1000`),
  };
}

/** With files for its output: what it writes in so long a time is much. */
function startIn(bench: Bench, folder: string): Running {
  const setting: Setting = {
    denit: SOAKED,
    cwd: folder,
    outside: ["sh", "-c", 'exec "$@" >out 2>err', "sh"],
  };
  return bench.denit(["up", "--log-folder", `${folder}/logs`], setting);
}

async function untilNoneButThe(count: number, pid: number): Promise<void> {
  await until(
    () => childrenOf(pid).length === count,
    () => `denit to have ${count} children, not ${JSON.stringify(childrenOf(pid))}`,
    LIMIT_MS,
  );
}

/** Waits for one more probe than there has been. */
async function untilProbed(folder: string): Promise<void> {
  const before = probesIn(folder);
  await until(() => probesIn(folder) > before, () => `another probe than ${before}`);
}

function tellGrowth(what: string, growth: Growth, soak: Soak): void {
  const { work, cpuSeconds } = growth.samples.at(-1)!;
  for (const line of growth.table()) soak.tell(line);
  for (const kind of MEMORY) {
    const slope = (growth.slope(kind) * 1000).toFixed(2);
    soak.tell(
      `${kind} grows by ${slope} per 1000 ${what} in the second half; up to ${soak.mayGrowKb} is allowed`,
    );
  }
  soak.tell(`${work} ${what}: ${(cpuSeconds / work * 1e6).toFixed(0)} us of processor time each`);
}

function assertFlat(growth: Growth, descriptors: number, soak: Soak): void {
  for (const kind of MEMORY) {
    const slope = growth.slope(kind) * 1000;
    ok(slope <= soak.mayGrowKb, `${kind} grows by ${slope} per 1000\n${growth.table().join("\n")}`);
  }
  const last = growth.samples.at(-1)!;
  equal(last.zombies, 0);
  equal(last.descriptors, descriptors);
  ok(last.threads <= growth.samples[0]!.threads, growth.table().join("\n")); // the runtime ends some that are idle
}

function rotated(folder: string): boolean {
  const names = new Set(Array.from(Deno.readDirSync(`${folder}/logs`), ({ name }) => name));
  return names.has("flapping0.log.2") && !names.has("flapping0.log.3");
}

function probesIn(folder: string): number {
  return countOf(folder, /^web +\| asked /gm);
}

/** How often denit's output has that. */
function countOf(folder: string, pattern: RegExp): number {
  return read(folder, "out").match(pattern)?.length ?? 0;
}

function read(folder: string, name: string): string {
  try {
    return Deno.readTextFileSync(`${folder}/${name}`);
  } catch {
    return ""; // not written yet
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
