/**
 * A small model of the kernel, and of what carries orders out and finds facts, in virtual time: processes with parents,
 * groups and sessions, zombies until they are reaped, signals that coalesce, timers that fire late.
 */

import type { Reaped, Remaining, Status, Target, TimerName } from "../../../src/core/model.ts";
import type { Part, ServicesFact, ServicesOrder } from "../../../src/core/services/model.ts";
import { SIGCONT, SIGINT, SIGKILL, SIGQUIT, SIGTERM } from "../../../src/core/signals.ts";
import { type Fate, type Script, STOPPED_BY_MS } from "./script.ts";

/** A process, alive or a zombie. */
export interface Process {
  readonly pid: number;
  readonly service: string;
  readonly part: Part;
  readonly fate: Fate;
  readonly group: number;
  readonly session: number;
  readonly bornAtMs: number;
  parent: number;
  /** How it ended, once it is a zombie. */
  status: Status | null;
  stopped: boolean;
  killed: boolean;
}

const DENIT = 1;
/** At most so late is the loop; a start takes a tenth of it. */
export const LATE_MS = 30;

/** The world of one run. */
export class World {
  nowMs = 0;
  /** Everybody but denit. */
  readonly processes = new Map<number, Process>();
  /** The programs that denit has started and not reaped. */
  readonly programs = new Set<number>();
  /** Whom denit has reaped. */
  readonly reaped = new Set<number>();
  /** Probes from the network that are under way, by service. */
  readonly probes = new Map<string, object>();
  /** The jobs that are told when they are due. */
  readonly planned = new Set<string>();
  readonly #script: Script;
  readonly #agenda: { readonly atMs: number; readonly happen: () => void }[] = [];
  readonly #timers = new Map<TimerName, number>();
  readonly #signals = new Set<number>();
  /** What the poller has found and the loop not taken yet. */
  #found: ServicesFact[] = [];
  #wakeAtMs: number | null = null;
  /** The source is fair: after other facts children have their turn. */
  #childrenNext = false;
  #nextPid = 10;
  #mains = 0;
  #helpers = 0;
  #answers = 0;
  #chances = 0;
  #reloads = 0;

  constructor(script: Script) {
    this.#script = script;
    for (const { atMs, signal } of script.signals) this.#at(atMs, () => this.#signals.add(signal));
    for (const atMs of script.jobsDueMs) {
      this.#at(atMs, () => {
        for (const service of this.planned) this.#found.push({ type: "job-due", service, atMs: this.nowMs });
      });
    }
    for (const { atMs, fate } of script.visitors) {
      this.#at(atMs, () => this.#fork(fate, { service: "", part: "main" }, null));
    }
    this.#at(STOPPED_BY_MS, () => this.#signals.add(SIGTERM));
  }

  /** Carries an order out; the facts that follow from it at once. */
  perform(order: ServicesOrder): ServicesFact[] {
    switch (order.type) {
      case "start":
        return [this.#start(order)];
      case "probe":
        this.#probe(order.service);
        return [];
      case "cancel-probe":
        this.probes.delete(order.service);
        return [];
      case "find-leftovers": {
        const found = new Map(
          order.of.map(({ service }) => [service, remainingOf(this.leftoversOf(service))]),
        );
        return [{ type: "leftovers-found", found, atMs: this.nowMs }];
      }
      case "kill-leftovers":
        for (const process of this.leftoversOf(order.service)) {
          if (process.part === order.part) this.#kill(process);
        }
        return [];
      case "plan-job":
        if (order.schedule === null) this.planned.delete(order.service);
        else this.planned.add(order.service);
        return [];
      case "reload": {
        const { files } = this.#script;
        const project = files[++this.#reloads % files.length];
        return project ? [{ type: "reloaded", project: structuredClone(project), atMs: this.nowMs }] : [];
      }
      case "wake-at":
        this.#wakeAtMs = order.atMs;
        return [];
      case "send-signal":
        for (const process of this.#targetsOf(order.target)) this.#receive(process, order.signal);
        return [];
      case "count":
        return [{ type: "counted", anyone: this.processes.size > 0, atMs: this.nowMs }];
      case "survey": {
        const remaining = remainingOf(
          [...this.processes.values()].filter(({ status, parent }) => status === null || parent === DENIT),
        );
        return [{ type: "surveyed", remaining, atMs: this.nowMs }];
      }
      case "set-timer":
        this.#timers.set(order.timer, this.nowMs + order.delayMs);
        return [];
      case "tell":
      case "log":
      case "exit":
        return [];
    }
  }

  /** Lets time pass until something is known; as the real source, children by themselves. `null`: nothing will ever be. */
  nextFacts(): ServicesFact[] | null {
    while (!this.#isKnown()) {
      const nextMs = this.#nextMs();
      if (nextMs === null) return null;
      this.#advanceTo(nextMs);
    }
    this.#advanceTo(this.nowMs + this.#late());
    const children = this.#zombies();
    const childrenFirst = children.length > 0 && (this.#childrenNext || this.#chance() < 50);
    const others = childrenFirst ? [] : this.#takeOthers();
    this.#childrenNext = others.length > 0;
    return others.length > 0 ? others : [this.#reap(children)];
  }

  /** Whoever of a service still runs and is in no session of a program that was not reaped. */
  leftoversOf(service: string): Process[] {
    return [...this.processes.values()].filter((process) =>
      process.service === service && process.status === null && !this.programs.has(process.session)
    );
  }

  #at(atMs: number, happen: () => void): void {
    this.#agenda.push({ atMs, happen });
  }

  #later(delayMs: number | null, happen: () => void): void {
    if (delayMs !== null) this.#at(this.nowMs + delayMs, happen);
  }

  #chance(): number {
    const { chances } = this.#script;
    return chances[this.#chances++ % chances.length]!;
  }

  /** As a rule nothing; else up to {@linkcode LATE_MS}. */
  #late(): number {
    const chance = this.#chance();
    return chance < 70 ? 0 : chance - 99 + LATE_MS;
  }

  #nextMs(): number | null {
    const next = Math.min(
      ...this.#agenda.map(({ atMs }) => atMs),
      ...this.#timers.values(),
      this.#wakeAtMs ?? Infinity,
    );
    return next === Infinity ? null : Math.max(next, this.nowMs);
  }

  #advanceTo(toMs: number): void {
    for (;;) {
      let first = -1;
      for (const [i, { atMs }] of this.#agenda.entries()) {
        if (atMs <= toMs && (first < 0 || atMs < this.#agenda[first]!.atMs)) first = i;
      }
      if (first < 0) break;
      const [{ atMs, happen }] = this.#agenda.splice(first, 1) as [{ atMs: number; happen: () => void }];
      this.nowMs = Math.max(this.nowMs, atMs);
      happen();
    }
    this.nowMs = Math.max(this.nowMs, toMs);
  }

  #isKnown(): boolean {
    return this.#signals.size > 0 || this.#found.length > 0 || this.#zombies().length > 0 ||
      this.#wakeAtMs !== null && this.#wakeAtMs <= this.nowMs ||
      [...this.#timers.values()].some((atMs) => atMs <= this.nowMs);
  }

  #takeOthers(): ServicesFact[] {
    const atMs = this.nowMs;
    const signals = [...this.#signals].map((signal): ServicesFact => ({ type: "signalled", signal, atMs }));
    const due = [...this.#timers].filter(([, dueMs]) => dueMs <= atMs).map(([timer]) => timer);
    const timers = due.map((timer): ServicesFact => ({ type: "timer-fired", timer, atMs }));
    for (const timer of due) this.#timers.delete(timer);
    const found = this.#found.map((fact) => ({ ...fact, atMs }));
    this.#signals.clear();
    this.#found = [];
    // What the poller has found comes before the time: it may be the answer to a probe whose time is over.
    const facts = [...timers, ...found];
    if (this.#wakeAtMs !== null && this.#wakeAtMs <= atMs) {
      this.#wakeAtMs = null;
      facts.push({ type: "time-came", atMs });
    }
    return this.#chance() < 50 ? [...signals, ...facts] : [...facts, ...signals];
  }

  #zombies(): Process[] {
    return [...this.processes.values()].filter(({ status, parent }) => status !== null && parent === DENIT);
  }

  #reap(zombies: readonly Process[]): ServicesFact {
    const inOrder = this.#chance() % 2 === 0 ? zombies : zombies.toReversed();
    const children = inOrder.map(({ pid, status }): Reaped => ({ pid, status: status! }));
    for (const { pid } of zombies) {
      this.processes.delete(pid);
      this.programs.delete(pid);
      this.reaped.add(pid);
    }
    return { type: "reaped", children, atMs: this.nowMs };
  }

  #start({ service: { name }, part }: Extract<ServicesOrder, { type: "start" }>): ServicesFact {
    this.#advanceTo(this.nowMs + Math.ceil(this.#late() / 10));
    const { mains, helpers } = this.#script;
    const fate = part === "main"
      ? mains[this.#mains++ % mains.length]!
      : helpers[this.#helpers++ % helpers.length]!;
    if (!fate.starts) {
      const failure = { name: "not found", reason: "the reason", systemReason: "the reason" } as const;
      return { type: "not-started", service: name, part, failure, atMs: this.nowMs };
    }
    const { pid } = this.#fork(fate, { service: name, part }, null);
    this.programs.add(pid);
    return { type: "started", service: name, part, pid, atMs: this.nowMs };
  }

  /** A new process; `mother` is whose group and session it stays in, `null` if it has its own. */
  #fork(fate: Fate, mark: Pick<Process, "service" | "part">, mother: Process | null): Process {
    const pid = this.#nextPid++;
    const process: Process = {
      ...mark,
      pid,
      fate,
      group: mother?.group ?? pid,
      session: mother?.session ?? pid,
      bornAtMs: this.nowMs,
      parent: mother?.pid ?? DENIT,
      status: null,
      stopped: false,
      killed: false,
    };
    this.processes.set(pid, process);
    this.#later(fate.livesMs, () => this.#end(process, { name: "exited", code: fate.code }));
    for (const { afterMs, daemon, fate: child } of fate.forks) {
      this.#later(afterMs, () => {
        if (process.status === null) this.#fork(child, mark, daemon ? null : process);
      });
    }
    return process;
  }

  #end(process: Process, status: Status): void {
    if (process.status !== null) return;
    process.status = status;
    for (const other of this.processes.values()) {
      if (other.parent === process.pid) other.parent = DENIT;
    }
    if (process.parent !== DENIT) this.processes.delete(process.pid); // its parent reaps it
  }

  #targetsOf(target: Target): Process[] {
    const all = [...this.processes.values()];
    switch (target.name) {
      case "group":
        return all.filter(({ group }) => group === target.id);
      case "process":
        return all.filter(({ pid }) => pid === target.pid);
      case "everyone":
        return all;
    }
  }

  #receive(process: Process, signal: number): void {
    if (process.status !== null) return;
    switch (signal) {
      case SIGKILL:
        return this.#kill(process);
      case SIGTERM:
      case SIGINT:
      case SIGQUIT:
        return this.#stop(process, signal);
      case SIGCONT:
        return;
    }
  }

  #kill(process: Process): void {
    if (process.killed) return;
    process.killed = true;
    const killed = { name: "killed", signal: SIGKILL, coreDumped: false } as const;
    if (process.fate.survivesKillMs === 0) this.#end(process, killed);
    else this.#later(process.fate.survivesKillMs, () => this.#end(process, killed));
  }

  #stop(process: Process, signal: number): void {
    const { fate } = process;
    if (process.stopped || fate.temper === "ignores") return;
    process.stopped = true;
    if (fate.temper === "cleans up") {
      const cleaner = { ...fate, livesMs: fate.endsInMs, temper: "ends", endsInMs: 0, forks: [] } as const;
      this.#fork(cleaner, process, process);
    }
    const ended: Status = fate.code % 2 === 0
      ? { name: "exited", code: 0 }
      : { name: "killed", signal, coreDumped: false };
    if (fate.endsInMs === 0) this.#end(process, ended);
    else this.#later(fate.endsInMs, () => this.#end(process, ended));
  }

  #probe(service: string): void {
    const { answers } = this.#script;
    const { isWell, inMs } = answers[this.#answers++ % answers.length]!;
    const probe = {};
    this.probes.set(service, probe);
    this.#later(inMs, () => {
      if (this.probes.get(service) !== probe) return;
      this.probes.delete(service);
      const failure = isWell ? null : "connection refused";
      this.#found.push({ type: "probe-answered", service, failure, atMs: this.nowMs });
    });
  }
}

function remainingOf(processes: readonly Process[]): Remaining[] {
  return processes.map(({ pid, parent }) => ({ pid, parent, startTicks: String(pid) }));
}
