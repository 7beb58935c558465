/**
 * A small model of the kernel, and of what carries orders out and finds facts, in virtual time: processes with parents,
 * groups and sessions, zombies until they are reaped, signals that coalesce, timers that fire late.
 */

import type { Reaped, Remaining, Status, Target, TimerName } from "../../../src/core/model.ts";
import type { Part, ServicesFact, ServicesOrder } from "../../../src/core/services/model.ts";
import { SIGCONT, SIGINT, SIGKILL, SIGQUIT, SIGTERM } from "../../../src/core/signals.ts";
import { type Fate, type Script, SIGHUP, SIGUSR1 } from "./script.ts";

/** A process, alive or a zombie. */
export interface Process {
  readonly pid: number;
  /** Who it is, in any run of the same script: `web.main.2` is the second run of it, `web.main.2/0` its first fork. */
  readonly name: string;
  readonly service: string;
  readonly part: Part;
  readonly fate: Fate;
  readonly group: number;
  readonly session: number;
  readonly bornAtMs: number;
  parent: number;
  /** Whether its program runs, so that it decides what a signal does. */
  awake: boolean;
  /** How it ended, once it is a zombie. */
  status: Status | null;
  stopped: boolean;
  killed: boolean;
}

const DENIT = 1;
/** At most so late is the loop; a start takes a tenth of it. */
export const LATE_MS = 30;

/** How long an order to drain takes at most. */
export const DRAIN_MS = 500;

/** What a process does, as far as it can tell. */
export type Deed = "begins" | "is asked to end" | `ends with ${number}` | `ends by signal ${number}`;

/** What may be otherwise in a world than that chance decides it by the script. */
export interface Nature {
  /** How late the loop is, in milliseconds ... */
  readonly late: () => number;
  /** ... how long a program that was started takes until it is awake, a process to do what a signal asks for ... */
  readonly wakes: () => number;
  readonly reacts: () => number;
  /** ... and the file to be read. */
  readonly reads: () => number;
  /** What becomes of the `turn`th run of a service's part, from 0 on. */
  readonly fateOf: (service: string, part: Part, turn: number) => Fate;
  readonly tell: (process: Process, deed: Deed) => void;
}

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
  readonly #nature: Nature;
  readonly #agenda: { readonly atMs: number; readonly happen: () => void }[] = [];
  readonly #timers = new Map<TimerName, number>();
  readonly #signals = new Set<number>();
  /** What the poller has found and the loop not taken yet. */
  #found: ServicesFact[] = [];
  #wakeAtMs: number | null = null;
  /** The source is fair: after other facts children have their turn. */
  #childrenNext = false;
  #nextPid = 10;
  /** How many were started of each part of each service, of all main programs, and of all others. */
  readonly #turns = new Map<string, number>();
  readonly #mainGroups = new Set<number>();
  #mains = 0;
  #helpers = 0;
  #answers = 0;
  #chances = 0;
  #reloads = 0;
  /** The reading of the file that is under way, and whether somebody has asked for another. */
  #reading: object | null = null;
  #isAskedAgain = false;

  constructor(script: Script, nature: Partial<Nature> = {}) {
    this.#script = script;
    this.#nature = {
      late: () => this.#late(),
      wakes: () => 0,
      reacts: () => 0,
      reads: () => this.#late(),
      fateOf: (_, part) => this.#nextFate(part),
      tell() {},
      ...nature,
    };
    for (const { atMs, signal } of script.signals) this.#at(atMs, () => this.#signals.add(signal));
    for (const atMs of script.jobsDueMs) {
      this.#at(atMs, () => {
        for (const service of this.planned) this.#found.push({ type: "job-due", service, atMs: this.nowMs });
      });
    }
    for (const [i, { atMs, fate }] of script.visitors.entries()) {
      const visitor = { name: `visitor.${i + 1}`, service: "", part: "main" } as const;
      this.#at(atMs, () => this.#fork(fate, visitor, null));
    }
    this.#at(script.stopAtMs, () => this.#signals.add(SIGTERM));
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
          order.of.map(({ service, session }) => [service, this.#leftBehind(service, session)]),
        );
        return [{ type: "leftovers-found", found, atMs: this.nowMs }];
      }
      case "kill-leftovers":
        for (const process of this.processes.values()) {
          const isLeft = this.#script.hasProc
            ? process.part === order.part && this.#isLeftOf(order.service, process)
            : process.group === order.session;
          if (isLeft) this.#kill(process);
        }
        return [];
      case "plan-job":
        if (order.schedule === null) this.planned.delete(order.service);
        else this.planned.add(order.service);
        return [];
      case "reload":
        this.#isAskedAgain = this.#reading !== null;
        return this.#isAskedAgain ? [] : this.#read();
      case "wake-at":
        this.#wakeAtMs = order.atMs;
        return [];
      case "send-signal":
        for (const process of this.#targetsOf(order.target)) this.#send(process, order.signal);
        return [];
      case "count":
        this.#reading = null;
        return [{ type: "counted", anyone: this.processes.size > 0, atMs: this.nowMs }];
      case "survey": {
        const remaining = remainingOf(
          [...this.processes.values()].filter(({ status, parent }) => status === null || parent === DENIT),
        );
        const isTold = this.#script.hasProc || remaining.length === 0;
        return [{ type: "surveyed", remaining: isTold ? remaining : null, atMs: this.nowMs }];
      }
      case "set-timer":
        this.#timers.set(order.timer, this.nowMs + order.delayMs);
        return [];
      case "drain":
        this.#drain();
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
    this.#advanceTo(this.nowMs + this.#nature.late());
    const children = this.#zombies();
    const childrenFirst = children.length > 0 && (this.#childrenNext || this.#chance() < 50);
    const others = childrenFirst ? [] : this.#takeOthers();
    this.#childrenNext = others.length > 0;
    return others.length > 0 ? others : [this.#reap(children)];
  }

  /** Whoever of a service still runs, is in no session of a program that was not reaped, and can be told. */
  leftoversOf(service: string): Process[] {
    return [...this.processes.values()].filter((process) =>
      this.#isLeftOf(service, process) && this.canTell(process)
    );
  }

  /** Whether denit can know whose it is: without /proc only by the group of a main program. */
  canTell({ group }: Process): boolean {
    return this.#script.hasProc || this.#mainGroups.has(group);
  }

  #isLeftOf(service: string, process: Process): boolean {
    return process.service === service && process.status === null && !this.programs.has(process.session);
  }

  #leftBehind(service: string, group: number): Remaining[] | null {
    const seen = this.#script.hasProc ? this.leftoversOf(service) : [];
    if (seen.length > 0) {
      const remaining = remainingOf(seen);
      return remaining.map((left, i) => ({ ...left, isDaemon: seen[i]!.session !== group }));
    }
    return [...this.processes.values()].some((process) => process.group === group) ? null : [];
  }

  #at(atMs: number, happen: () => void): void {
    this.#agenda.push({ atMs, happen });
  }

  #later(delayMs: number | null, happen: () => void): void {
    if (delayMs !== null) this.#at(this.nowMs + delayMs, happen);
  }

  /** Where it takes no time, before anything else. */
  #nowOrLater(delayMs: number | null, happen: () => void): void {
    if (delayMs === 0) happen();
    else this.#later(delayMs, happen);
  }

  /** What a process does after a time, as soon as it can. */
  #inTime(afterMs: number | null, happen: () => void): void {
    if (afterMs !== null) this.#later(afterMs + this.#nature.reacts(), happen);
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
    this.#advanceTo(this.nowMs + Math.ceil(this.#nature.late() / 10));
    const key = `${name}.${part}`;
    const turn = this.#turns.get(key) ?? 0;
    this.#turns.set(key, turn + 1);
    const fate = this.#nature.fateOf(name, part, turn);
    if (!fate.starts) {
      const failure = { name: "not found", reason: "the reason", systemReason: "the reason" } as const;
      return { type: "not-started", service: name, part, failure, atMs: this.nowMs };
    }
    const { pid } = this.#fork(fate, { name: `${key}.${turn + 1}`, service: name, part }, null);
    this.programs.add(pid);
    if (part === "main") this.#mainGroups.add(pid);
    return { type: "started", service: name, part, pid, atMs: this.nowMs };
  }

  /** Reads the file, which takes a while; who asks meanwhile has it read once more behind that. */
  #read(): ServicesFact[] {
    const { files } = this.#script;
    const project = files[++this.#reloads % files.length];
    const come = (): ServicesFact[] =>
      project ? [{ type: "reloaded", project: structuredClone(project), atMs: this.nowMs }] : [];
    const takesMs = this.#nature.reads();
    if (takesMs === 0) return come();
    const reading = this.#reading = {};
    this.#later(takesMs, () => {
      if (this.#reading !== reading) return;
      this.#reading = null;
      this.#found.push(...come());
      if (this.#isAskedAgain) this.#found.push(...this.#read());
      this.#isAskedAgain = false;
    });
    return [];
  }

  #nextFate(part: Part): Fate {
    const { mains, helpers } = this.#script;
    return part === "main"
      ? mains[this.#mains++ % mains.length]!
      : helpers[this.#helpers++ % helpers.length]!;
  }

  /** A new process; `mother` is whose session, and as a rule group, it stays in, `null` if it has its own. */
  #fork(
    fate: Fate,
    mark: Pick<Process, "name" | "service" | "part">,
    mother: Process | null,
    isProgram = true,
    staysInGroup = true,
  ): Process {
    const pid = this.#nextPid++;
    const process: Process = {
      ...mark,
      pid,
      fate,
      group: staysInGroup && mother !== null ? mother.group : pid,
      session: mother?.session ?? pid,
      bornAtMs: this.nowMs,
      parent: mother?.pid ?? DENIT,
      awake: false,
      status: null,
      stopped: false,
      killed: false,
    };
    this.processes.set(pid, process);
    this.#nowOrLater(isProgram ? this.#nature.wakes() : 0, () => this.#wake(process));
    return process;
  }

  #wake(process: Process): void {
    if (isOver(process)) return;
    process.awake = true;
    this.#nature.tell(process, "begins");
    const { name, service, part, fate } = process;
    this.#inTime(fate.livesMs, () => this.#ends(process, { name: "exited", code: fate.code }));
    for (const [i, { afterMs, place, fate: child }] of fate.forks.entries()) {
      this.#inTime(afterMs, () => {
        if (isOver(process)) return;
        const mother = place === "own session" ? null : process;
        this.#fork(child, { name: `${name}/${i}`, service, part }, mother, false, place === "group");
      });
    }
  }

  /** By itself, not by KILL or in its sleep. */
  #ends(process: Process, status: Status): void {
    if (isOver(process)) return;
    this.#nature.tell(
      process,
      status.name === "exited" ? `ends with ${status.code}` : `ends by signal ${status.signal}`,
    );
    this.#end(process, status);
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

  #send(process: Process, signal: number): void {
    if (signal === SIGKILL) return this.#kill(process);
    this.#nowOrLater(this.#nature.reacts(), () => this.#receive(process, signal));
  }

  /** As a rule all is written at once; else some is left, and who reads takes some of it or none. */
  #drain(): void {
    const chance = this.#chance();
    const left = chance < 70 ? [] : ["stdout"];
    const moved = chance < 95;
    this.#later(left.length === 0 ? 0 : DRAIN_MS, () => {
      this.#found.push({ type: "drained", left, moved, atMs: this.nowMs });
    });
  }

  #receive(process: Process, signal: number): void {
    if (isOver(process)) return;
    switch (signal) {
      case SIGTERM:
      case SIGINT:
      case SIGQUIT:
        return process.awake ? this.#stop(process, signal) : this.#endAsleep(process, signal);
      case SIGHUP:
      case SIGUSR1:
        return process.awake ? undefined : this.#endAsleep(process, signal);
      case SIGCONT:
        return;
    }
  }

  #kill(process: Process): void {
    if (isOver(process)) return;
    process.killed = true;
    const killed = { name: "killed", signal: SIGKILL, coreDumped: false } as const;
    const { survivesKillMs } = process.fate;
    const takesMs = survivesKillMs === 0 ? this.#nature.reacts() : survivesKillMs;
    this.#nowOrLater(takesMs, () => this.#end(process, killed));
  }

  /** What the kernel does for who has said nothing yet. */
  #endAsleep(process: Process, signal: number): void {
    this.#end(process, { name: "killed", signal, coreDumped: false });
  }

  #stop(process: Process, signal: number): void {
    const { name, service, part, fate } = process;
    if (process.stopped) return;
    process.stopped = true;
    this.#nature.tell(process, "is asked to end");
    if (fate.temper === "ignores") return;
    if (fate.temper === "cleans up") {
      const cleaner = { ...fate, livesMs: fate.endsInMs, temper: "ends", endsInMs: 0, forks: [] } as const;
      this.#fork(cleaner, { name: `${name}/cleaner`, service, part }, process, false);
    }
    const ended: Status = fate.code % 2 === 0
      ? { name: "exited", code: 0 }
      : { name: "killed", signal, coreDumped: false };
    this.#inTime(fate.endsInMs, () => this.#ends(process, ended));
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

/** Whether it does nothing more; who was sent KILL does not, however long the kernel keeps it. */
function isOver({ status, killed }: Process): boolean {
  return status !== null || killed;
}

function remainingOf(processes: readonly Process[]): Remaining[] {
  return processes.map(({ pid, parent }) => ({ pid, parent, startTicks: String(pid) }));
}
