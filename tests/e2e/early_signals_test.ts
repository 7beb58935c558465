import { deepEqual, ok } from "../assert.ts";
import { type Bench, inEachMode, type Running } from "./support/bench.ts";
import { catches, childrenOf, kill } from "./support/processes.ts";
import { program } from "./support/program.ts";
import { forEach, pause, until } from "./support/until.ts";

const MOMENTS = 16;
const ENDED_BY_SIGNAL = 40; // what signals.pl ends with

const RTMAX = 64;

/**
 * What becomes of a signal that comes while denit starts. Before denit's first line it is the kernel's: it ends any
 * process but a PID 1, for which it is dropped. Such a one it ends too, rarely: while glibc makes a thread it blocks
 * all signals on the thread that it makes it from, and if another does not the kernel (complete_signal) forgets whom it
 * deals with. Nothing has been started then.
 */
type Outcome = "reached main" | "ended denit" | "dropped by the kernel";

for (
  const [name, signal] of Object.entries({
    HUP: 1,
    INT: 2,
    TERM: 15,
    USR1: 10,
    USR2: 12,

    RTMIN: 34,
  })
) {
  inEachMode(`${name} at any moment of the start is kept for main, once it can be caught`, async (bench) => {
    const startMs = await measureStart(bench);
    const outcomes = new Map<number, Outcome>();
    await forEach(Array(MOMENTS).keys(), async (i) => {
      const delayMs = 1.3 * startMs * i / MOMENTS;
      outcomes.set(Math.round(delayMs), await sendWhileStarting(bench, signal, delayMs));
    });
    const told = JSON.stringify([...outcomes].sort(([a], [b]) => a - b));
    const seen = new Set(outcomes.values());
    ok(seen.has("reached main"), told);
    ok(bench.mode === "PID 1" || !seen.has("dropped by the kernel"), told);
  });
}

for (const [name, signal] of Object.entries({ HUP: 1, INT: 2, TERM: 15 })) {
  inEachMode(`${name} in the moment in which it can first be caught reaches main`, async (bench) => {
    for (let shot = 0; shot < 8; shot++) {
      const { denit, pid } = await start(bench, signal);
      for (const since = performance.now(); !catches(pid, signal) && performance.now() - since < 5000;);
      kill(pid, signal);
      await finish(denit, signal);
    }
  });
}

inEachMode("signals that come together at any moment of the start crash nothing", async (bench) => {
  const SIGNALS = { HUP: 1, INT: 2, TERM: 15, QUIT: 3, USR2: 12, RTMIN: 34 };
  const startMs = await measureStart(bench);
  await forEach(Array(MOMENTS).keys(), async (i) => {
    const { denit, pid } = await start(bench, RTMAX);
    await pause(1.3 * startMs * i / MOMENTS);
    for (const signal of Object.values(SIGNALS)) kill(pid, signal);
    await until(() => denit.over || denit.stdout.text.includes("ready"), "main to start, or the end");
    kill(pid, RTMAX);
    const { code, signal } = await denit.ended();
    if (signal === null) {
      ok([ENDED_BY_SIGNAL, ...Object.values(SIGNALS).map((it) => 128 + it)].includes(code), `${code}`);
    } else ok([...Object.keys(SIGNALS).map((it) => `SIG${it}`), "signal 34"].includes(signal), signal);
  });
});

async function sendWhileStarting(bench: Bench, signal: number, delayMs: number): Promise<Outcome> {
  const { denit, pid } = await start(bench, signal);
  await pause(delayMs);
  const caught = catches(pid, signal);
  kill(pid, signal);

  const isReady = (): boolean => denit.stdout.text.includes("ready");
  await until(() => denit.over || isReady(), "main to start, or the end");
  if (!caught && bench.mode === "PID 1" && !denit.over) { // it may have been dropped, or be on its way
    const before = denit.over;
    kill(pid, signal);
    await finish(denit, signal);
    return before ? "reached main" : "dropped by the kernel";
  }
  const ended = await denit.ended();
  if (ended.signal !== null) {
    ok(!caught && !isReady(), `denit ended by ${ended.signal}, which it caught: ${caught}; ${ended.stdout}`);
    return "ended denit";
  }
  await finish(denit, signal);
  return "reached main";
}

/** Main ends by the signal before it has a handler for it, or after. */
async function finish(denit: Running, signal: number): Promise<void> {
  const ended = await denit.ended();
  deepEqual([ended.signal, ended.stderr], [null, ""]);
  ok([ENDED_BY_SIGNAL, 128 + signal].includes(ended.code), String(ended.code));
}

/** Starts denit, and tells its process id before it is denit. */
async function start(bench: Bench, signal: number): Promise<{ denit: Running; pid: number }> {
  const denit = bench.denit(["--", ...program("signals", String(signal), "main")]);
  if (bench.mode === "subreaper") return { denit, pid: denit.pid };
  return { denit, pid: await until(() => childrenOf(denit.pid)[0]?.pid, "unshare to fork") };
}

/** How long denit takes until main is ready, when as many start at a time as in the tests. */
async function measureStart(bench: Bench): Promise<number> {
  let longest = 0;
  await forEach([1, 2, 3, 4], async () => {
    const { denit, pid } = await start(bench, 15);
    const before = performance.now();
    await denit.stdout.shows(/^main ready/);
    longest = Math.max(longest, performance.now() - before);
    kill(pid, 15);
    await denit.ended();
  });
  return longest;
}
