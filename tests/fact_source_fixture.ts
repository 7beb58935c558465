import { readHead } from "../ffi/file.ts";
import { sendSignal } from "../ffi/process.ts";
import { peekChild } from "../ffi/wait.ts";
import type { Fact, TimerName } from "../src/core/model.ts";
import { factSource, reapChildren } from "../src/fact_source.ts";
import type { Log } from "../src/log.ts";
import { catchAllSignals } from "../src/signal_source.ts";
import { Timers } from "../src/timers.ts";
import { start, takeAll } from "./ffi/children.ts";
import { serve } from "./fixture.ts";

const [SIGHUP, SIGKILL, SIGCHLD, SIGCONT, SIGRTMIN] = [1, 9, 17, 18, 34] as const;

/** A log for which nothing ever waits. */
const SILENT: Log = { write: () => {}, unwritten: () => [], drain: () => {} };

const functions = {
  /** Starts these commands, waits until all have ended, and reaps them: the facts of that and what is left. */
  ended(commands: string[][], named: boolean): { pids: number[]; facts: Fact[]; left: string | number } {
    const pids = commands.map((command) => start(...command));
    waitUntil(() => pids.every((pid) => stateOf(pid) === "Z"));
    return { pids, facts: reapChildren(named), left: peekChild() };
  },

  /** Reaps where there is no child, and where there is one that runs. */
  async nobody(named: boolean): Promise<Fact[]> {
    const facts = reapChildren(named);
    const pid = start("sleep", "30");
    facts.push(...reapChildren(named));
    sendSignal(pid, SIGKILL);
    await takeAll();
    return facts;
  },

  /** The facts about a child that stops, beside two that have ended, and then ends. */
  stopped(named: boolean): { pid: number; others: number[]; first: Fact[]; then: Fact[] } {
    const others = [start("true"), start("false")];
    const pid = start("sh", "-c", "kill -TSTP $$; exit 5");
    waitUntil(() => stateOf(pid) === "T" && others.every((other) => stateOf(other) === "Z"));
    const first = reapChildren(named);
    sendSignal(pid, SIGCONT);
    waitUntil(() => peekChild() === pid);
    return { pid, others, first, then: reapChildren(named) };
  },

  /** The facts of signals, a child's end and a timer that all came before. */
  together(): { pid: number; facts: Fact[] } {
    const signals = catchAllSignals()!;
    const timers = new Timers<TimerName>();
    timers.set("survey", performance.now() + 2);
    timers.set("grace", performance.now() + 1);
    const pid = start("true");
    for (const signal of [SIGRTMIN, SIGHUP, SIGCHLD, SIGRTMIN]) sendSignal(Deno.pid, signal);
    waitUntil(() => stateOf(pid) === "Z" && timers.waitMs(performance.now() - 1) === 0);
    const next = factSource(signals, timers, SILENT, false);
    return { pid, facts: [...next(), ...next(), ...next()] };
  },

  /** The facts of a child that ended, straight behind another, before a timer was due that is due as well. */
  endedBeforeDue(): { pid: number; facts: Fact[] } {
    const timers = new Timers<TimerName>();
    const next = factSource(catchAllSignals()!, timers, SILENT, false);
    start("true");
    next();
    const pid = start("true");
    waitUntil(() => stateOf(pid) === "Z");
    timers.set("kill-after", performance.now());
    return { pid, facts: next() };
  },

  /** How many of so many real-time signals, sent before, are told without another wake-up. */
  storm(count: number): number {
    const signals = catchAllSignals()!;
    const next = factSource(signals, new Timers<TimerName>(), SILENT, false);
    for (let i = 0; i < count; i++) sendSignal(Deno.pid, SIGRTMIN);
    signals.wait(0, []); // takes the wake-ups away
    let told = 0;
    while (told < count) told += next().length;
    return told;
  },

  /** What is waited for, one after the other: a timer, a child, a signal of another process, and how often it woke up. */
  waits(): { facts: Fact[]; wakeUps: number } {
    const signals = catchAllSignals()!;
    const timers = new Timers<TimerName>();
    let wakeUps = 0;
    const counting = {
      ...signals,
      wait: (...args: Parameters<typeof signals.wait>) => (wakeUps++, signals.wait(...args)),
    };
    const next = factSource(counting, timers, SILENT, true);
    timers.set("kill-after", performance.now() + 30);
    const facts = next();
    start("sh", "-c", `sleep 0.05; kill -USR1 ${Deno.pid}; sleep 0.05; exit 7`);
    facts.push(...next(), ...next());
    return { facts, wakeUps };
  },

  /** The facts of signals that this process sends itself, a terminal's stops among them. */
  signals(signals: number[]): Fact[] {
    const source = catchAllSignals()!;
    for (const signal of signals) sendSignal(Deno.pid, signal);
    return factSource(source, new Timers<TimerName>(), SILENT, false)();
  },

  /** That lines are written while nothing else happens: what was asked of the log until a timer was due. */
  drains(): { asked: string[]; facts: Fact[] } {
    const asked: string[] = [];
    let unwritten: 2[] = [2];
    const log: Log = {
      write: () => {},
      unwritten: () => unwritten,
      drain: () => {
        asked.push("drain");
        unwritten = [];
      },
    };
    const timers = new Timers<TimerName>();
    timers.set("survey", performance.now() + 20);
    return { facts: factSource(catchAllSignals()!, timers, log, false)(), asked };
  },
};

/** Waits without a turn of the event loop. */
function waitUntil(check: () => boolean): void {
  while (!check());
}

/** The letter of a process's state, proc(5). */
function stateOf(pid: number): string {
  const stat = new TextDecoder().decode(readHead(`/proc/${pid}/stat`, 1024)!);
  return stat.charAt(stat.lastIndexOf(")") + 2);
}

export type FactSourceFixture = typeof functions;
await serve(functions);
