/**
 * What must hold in every run of services, told by nothing but its facts and orders: a second view of the manual,
 * which shares no code with the heart.
 */

import type { Part, ServicesFact, ServicesOrder } from "../../../src/core/services/model.ts";
import type { RestartPolicy, Service } from "../../../src/core/services/project.ts";
import type { ServiceNote } from "../../../src/core/services/words.ts";
import { DRAIN_MS, LATE_MS, type World } from "./world.ts";

/** How long after its time something may be done: the loop is late, a few times in a row. */
const SLACK_MS = 10 * LATE_MS;
const GIVE_UP_MS = 2000;
const SAME_REQUEST_MS = 1000;
const SIGKILL = 9;
const STOP_SIGNALS = [2, 3, 15];
const CODE_NOT_FOUND = 127;

type Of<Type extends ServicesOrder["type"]> = Extract<ServicesOrder, { type: Type }>;
type NoteOf<Type extends ServiceNote["type"]> = Extract<ServiceNote, { type: Type }>;

/** What is known of a service's main program, from the order to start it until nothing is left of it. */
interface Run {
  readonly service: Service;
  /** `null` until it is started. */
  pid: number | null;
  upSinceMs: number;
  hooksDone: number;
  isHealthy: boolean;
  /** When it was told to end, by its first hook or its stop signal. */
  stopBegunMs: number | null;
  /** Whether that is for its own failing post_start. */
  hookFailed: boolean;
  endedAtMs: number | null;
  code: number;
  leftoversSinceMs: number | null;
}

/** Restarts in a row. */
interface Streak {
  attempts: number;
  delayMs: number;
}

/** Watches one run. Each method throws what does not hold. */
export class Rules {
  readonly #world: World;
  readonly #timeoutMs: number;
  /** The runs of services that have not been cleared up, by name. */
  readonly #runs = new Map<string, Run>();
  /** The last run of each service. */
  readonly #last = new Map<string, Run>();
  readonly #streaks = new WeakMap<Service, Streak>();
  /** Services of which a run has counted as started, and of which a run has ended well. */
  readonly #started = new WeakSet<Service>();
  readonly #completed = new WeakSet<Service>();
  /** From when on a service may be started again. */
  readonly #restartsAtMs = new WeakMap<Service, number>();
  readonly #helpers = new Map<number, { readonly run: Run; readonly part: Part; killed: boolean }>();
  readonly #excused = new Set<string>();
  /** Who is to leave or to be started anew. */
  readonly #leaving = new Set<string>();
  #file: ReadonlyMap<string, Service>;
  /** When the fact that the orders follow from came about: what is planned counts from then. */
  #factAtMs = 0;
  /** When somebody first asked to stop, and whether that was done again, and not in the same breath. */
  #askedAtMs: number | null = null;
  #isAskedAgain = false;
  #signal: number | null = null;
  #firstFailure: number | null = null;
  #shutdown: { readonly atMs: number; readonly code: number } | null = null;
  /** Until when who is to end may hold up those that it depends on, from the shutdown on. */
  readonly #holdsUntilMs = new Map<Run, number>();
  #killing = false;
  #isResting = false;
  #gaveUp = false;
  #drained: Extract<ServicesFact, { type: "drained" }> | null = null;
  #exited = false;

  constructor(world: World, services: readonly Service[], timeoutMs: number) {
    this.#world = world;
    this.#timeoutMs = timeoutMs;
    this.#file = new Map(services.map((service) => [service.name, service]));
  }

  /** Whether denit has exited. */
  get hasExited(): boolean {
    return this.#exited;
  }

  /** A fact that is about to be told. */
  fact(fact: ServicesFact): void {
    this.#signal = null;
    this.#factAtMs = fact.atMs;
    switch (fact.type) {
      case "started":
        return this.#isStarted(fact);
      case "not-started": {
        const run = this.#runs.get(fact.service);
        if (fact.part === "main" && run !== undefined) {
          [run.endedAtMs, run.upSinceMs, run.code] = [fact.atMs, fact.atMs, CODE_NOT_FOUND];
        }
        if (fact.part === "post_start" && run !== undefined) run.hookFailed ||= run.stopBegunMs === null;
        return;
      }
      case "reaped":
        return this.#areReaped(fact);
      case "probe-answered": {
        const run = this.#runs.get(fact.service);
        if (run !== undefined && fact.failure === null) run.isHealthy = true;
        return;
      }
      case "leftovers-found":
        for (const [name, found] of fact.found) {
          const run = this.#runs.get(name);
          if (run !== undefined && found?.length !== 0) run.leftoversSinceMs ??= fact.atMs;
        }
        return;
      case "signalled":
        if (!STOP_SIGNALS.includes(fact.signal)) return;
        this.#askedAtMs ??= fact.atMs;
        this.#isAskedAgain ||= fact.atMs >= this.#askedAtMs + SAME_REQUEST_MS;
        this.#signal = fact.signal;
        return;
      case "reloaded":
        if (this.#shutdown !== null) return;
        this.#file = new Map(fact.project.services.map((service) => [service.name, service]));
        return;
      case "job-due": {
        const last = this.#last.get(fact.service);
        if (last !== undefined) this.#restartsAtMs.delete(last.service);
        return;
      }
      case "timer-fired":
        if (fact.timer === "give-up") this.#gaveUp = true;
        return;
      case "drained":
        this.#drained = fact;
        return;
      case "stopped":
      case "counted":
      case "surveyed":
      case "time-came":
        return;
    }
  }

  /** An order that is about to be performed. */
  order(order: ServicesOrder): void {
    check(!this.#exited, "nothing is ordered after the exit");
    switch (order.type) {
      case "start":
        return order.part === "main" ? this.#mainStarts(order.service) : this.#helperStarts(order);
      case "probe":
        return this.#probeStarts(order.service);
      case "send-signal":
        return this.#signalIsSent(order);
      case "reload":
        return check(this.#shutdown === null, "HUP in a shutdown changes nothing");
      case "tell":
        return this.#isTold(order.note);
      case "count":
        this.#isResting = true;
        return;
      case "exit":
        return this.#exits(order.code);
      case "cancel-probe":
      case "find-leftovers":
      case "kill-leftovers":
      case "plan-job":
      case "wake-at":
      case "survey":
      case "set-timer":
      case "log":
        return;
      case "drain":
        if (this.#drained === null) this.#nobodyIsLeft();
        return;
    }
  }

  /** Nothing more happens until time passes: what was due is done. */
  quiet(): void {
    const { nowMs } = this.#world;
    if (this.#killing || this.#isResting) return;
    check(!this.#isAskedAgain, "who asks a second time does not wait");
    for (const { run, part, killed } of this.#helpers.values()) {
      const isMeant = run.endedAtMs === null && (part === "pre_stop" || run.stopBegunMs === null);
      check(isMeant || killed, `the ${part} of ${run.service.name} is ended with what it was for`);
    }
    this.#leftoversAreKilled();
    for (const run of this.#runs.values()) {
      const { pid, service, endedAtMs, stopBegunMs } = run;
      if (pid === null || endedAtMs !== null) continue;
      if (this.#shutdown !== null && stopBegunMs === null) {
        const holding = [...this.#runs.values()].filter((other) =>
          needs(other.service, service.name) && nowMs < this.#untilMs(other) + SLACK_MS
        );
        check(holding.length > 0, `in a shutdown ${service.name}, which nobody holds up, is stopped`);
      }
      if (stopBegunMs === null || this.#world.processes.get(pid)?.killed) continue;
      const dueMs = Math.min(stopBegunMs + service.stopGraceMs, this.#untilMs(run));
      check(nowMs <= dueMs + SLACK_MS, `${service.name} gets KILL at the end of its grace`);
    }
    if (this.#shutdown !== null) {
      const moves = [...this.#runs.values()].some((run) =>
        run.pid === null || run.stopBegunMs !== null || run.endedAtMs !== null
      );
      check(moves, "a shutdown goes on");
      return;
    }
    let goesOn = this.#runs.size > 0 || this.#world.planned.size > 0;
    for (const [name, { service }] of this.#last) {
      const dueMs = this.#restartsAtMs.get(service);
      if (dueMs === undefined) continue;
      goesOn = true;
      check(nowMs <= dueMs + SLACK_MS, `${name} is started again after its back-off`);
    }
    check(goesOn, "a run in which nothing can happen any more ends");
  }

  #leftoversAreKilled(): void {
    for (const { service: { name, stopGraceMs }, endedAtMs, leftoversSinceMs } of this.#runs.values()) {
      if (endedAtMs === null || leftoversSinceMs === null) continue;
      if (this.#world.nowMs <= leftoversSinceMs + stopGraceMs + SLACK_MS) continue;
      const left = this.#world.leftoversOf(name).filter(({ killed }) => !killed);
      check(left.length === 0, `${left[0]?.pid}, left behind, gets KILL at the end of its grace`);
    }
  }

  #isStarted({ service: name, part, pid, atMs }: Extract<ServicesFact, { type: "started" }>): void {
    const run = this.#runs.get(name)!;
    if (part === "main") {
      [run.pid, run.upSinceMs] = [pid, atMs];
      if (run.service.postStart.length === 0) this.#started.add(run.service);
    } else this.#helpers.set(pid, { run, part, killed: false });
  }

  /** Of a main program and a hook of it that end in the same instant the main program counts. */
  #areReaped({ children, atMs }: Extract<ServicesFact, { type: "reaped" }>): void {
    const codes = new Map(
      children.map(({ pid, status }) => [pid, status.name === "exited" ? status.code : 128 + status.signal]),
    );
    for (const run of this.#runs.values()) {
      const code = run.endedAtMs === null ? codes.get(run.pid ?? 0) : undefined;
      if (code !== undefined) [run.endedAtMs, run.code] = [atMs, run.hookFailed ? 1 : code];
    }
    for (const [pid, code] of codes) {
      const helper = this.#helpers.get(pid);
      this.#helpers.delete(pid);
      if (helper === undefined || helper.killed || helper.run.endedAtMs !== null) continue;
      const { run, part } = helper;
      if (part === "probe") run.isHealthy ||= code === 0;
      if (part !== "post_start") continue;
      if (code !== 0) run.hookFailed ||= run.stopBegunMs === null;
      else if (++run.hooksDone === run.service.postStart.length) this.#started.add(run.service);
    }
  }

  #mainStarts(service: Service): void {
    const { name } = service;
    const { nowMs } = this.#world;
    check(this.#shutdown === null && !this.#killing, `nobody is started in a shutdown: ${name}`);
    check(!this.#runs.has(name), `one main program of ${name} at a time`);
    const left = [...this.#world.processes.values()].filter((process) =>
      process.service === name && process.status === null && !process.killed && this.#world.canTell(process)
    );
    check(left.length === 0, `${name} is not started while ${left[0]?.pid} of it still runs`);
    const isFirst = this.#last.get(name)?.service !== service;
    const restartsAtMs = this.#restartsAtMs.get(service);
    if (restartsAtMs !== undefined) check(nowMs >= restartsAtMs, `${name} backs off`);
    if (isFirst || service.schedule !== null && restartsAtMs === undefined) this.#waitedFor(service);
    this.#restartsAtMs.delete(service);
    const run: Run = {
      service,
      pid: null,
      upSinceMs: nowMs,
      hooksDone: 0,
      isHealthy: false,
      stopBegunMs: null,
      hookFailed: false,
      endedAtMs: null,
      code: 0,
      leftoversSinceMs: null,
    };
    this.#runs.set(name, run);
    this.#last.set(name, run);
  }

  #waitedFor({ name, dependsOn }: Service): void {
    for (const { service: on, condition, required } of dependsOn) {
      if (!this.#file.has(on) || !required && this.#excused.has(`${name} ${on}`)) continue;
      const last = this.#last.get(on);
      const isNow = last !== undefined && same(last.service, this.#file.get(on)!);
      check(isNow, `${name} waits for ${on} as the file has it`);
      const met = condition === "started"
        ? this.#started.has(last.service)
        : condition === "healthy"
        ? this.#runs.has(on) && last.endedAtMs === null && last.isHealthy
        : this.#completed.has(last.service);
      check(met, `${name} waits for ${on}: ${condition}`);
    }
  }

  #helperStarts({ service: { name }, part }: Of<"start">): void {
    const run = this.#runs.get(name);
    check(run !== undefined && run.endedAtMs === null, `the ${part} of ${name} is for one that runs`);
    if (part === "probe") this.#probeStarts(name);
    if (part === "post_start") check(this.#shutdown === null, `no post_start of ${name} in a shutdown`);
    const others = [...this.#helpers.values()].some((other) =>
      other.run === run && other.part === part && !other.killed
    );
    check(!others, `one ${part} of ${name} at a time`);
    if (part === "pre_stop") this.#stopBegins(run);
  }

  #probeStarts(name: string): void {
    check(!this.#world.probes.has(name), `one probe of ${name} at a time`);
    const run = this.#runs.get(name);
    check(
      run?.stopBegunMs === null && run.endedAtMs === null,
      `${name} is asked for its health while it is up`,
    );
  }

  #stopBegins(run: Run): void {
    const { service } = run;
    if (run.stopBegunMs !== null) return;
    run.stopBegunMs = this.#factAtMs;
    if (this.#shutdown === null || run.hookFailed || this.#isCircle()) return;
    const needing = [...this.#runs.values()].find((other) =>
      other !== run && needs(other.service, service.name) && this.#factAtMs < this.#untilMs(other)
    );
    check(
      needing === undefined,
      `${needing?.service.name} is stopped before ${service.name}, which it needs`,
    );
  }

  /** Services of different versions of the file may need each other in a circle: then there is no order. */
  #isCircle(): boolean {
    let left = [...this.#runs.values()].map(({ service }) => service);
    for (;;) {
      const needing = left.filter(({ name }) => left.some((other) => needs(other, name)));
      if (needing.length === left.length) return left.length > 0;
      left = needing;
    }
  }

  #signalIsSent({ target, signal }: Of<"send-signal">): void {
    const { nowMs, reaped, processes } = this.#world;
    if (target.name === "everyone") {
      if (signal === SIGKILL) check(this.#mayKillAll(), "KILL for all only when their time is over");
      return;
    }
    const pid = target.name === "group" ? target.id : target.pid;
    const isGroupOfOther = target.name === "group" &&
      [...processes.values()].some(({ group }) => group === pid);
    check(!reaped.has(pid) || isGroupOfOther, `no signal to ${pid}, which was reaped`);
    const helper = this.#helpers.get(pid);
    if (helper !== undefined && signal === SIGKILL) helper.killed = true;
    const run = [...this.#runs.values()].find((run) => run.pid === pid);
    if (run !== undefined && run.endedAtMs === null) {
      if (signal === run.service.stopSignal) this.#stopBegins(run);
      else if (signal === SIGKILL) {
        check(run.stopBegunMs !== null, `${pid} is asked before it gets KILL`);
        const dueMs = Math.min(run.stopBegunMs + run.service.stopGraceMs, this.#untilMs(run));
        check(nowMs >= dueMs, `${pid} has its grace`);
      }
      return;
    }
    if (target.name === "group" && run === undefined || signal !== SIGKILL) return;
    const owner = run ?? this.#runs.get(processes.get(pid)?.service ?? "");
    if (owner === undefined) return;
    const sinceMs = owner.leftoversSinceMs ?? Infinity;
    check(nowMs >= this.#cut(sinceMs + owner.service.stopGraceMs), `${pid}, left behind, has its grace`);
  }

  #untilMs(run: Run): number {
    return this.#holdsUntilMs.get(run) ?? Infinity;
  }

  /** A third of the time is kept for who is still to be asked, in equal parts on the longest way down. */
  #keepTime(deadlineMs: number): void {
    const runs = [...this.#runs.values()];
    const ways = runs.map((run) => this.#waysDown(run, []));
    const partMs = this.#timeoutMs / 3 / Math.max(...ways.flat().map(({ length }) => length), 1);
    for (const [i, run] of runs.entries()) {
      const keptMs = ways[i]!.map((way) =>
        way.reduce((sum, { service }) => sum + Math.min(service.stopGraceMs, partMs), 0)
      );
      this.#holdsUntilMs.set(run, deadlineMs - Math.max(...keptMs));
    }
  }

  /** Each way from one to another that it depends on, as far as they are still to be asked. */
  #waysDown(from: Run, way: readonly Run[]): (readonly Run[])[] {
    const below = [...this.#runs.values()].filter((run) =>
      needs(from.service, run.service.name) && run.endedAtMs === null && run.stopBegunMs === null &&
      !way.includes(run)
    );
    return [way, ...below.flatMap((run) => this.#waysDown(run, [...way, run]))];
  }

  #cut(atMs: number): number {
    return Math.min(atMs, this.#shutdown === null ? Infinity : this.#shutdown.atMs + this.#timeoutMs);
  }

  #mayKillAll(): boolean {
    if (this.#isAskedAgain) return true;
    return this.#shutdown !== null && this.#world.nowMs >= this.#shutdown.atMs + this.#timeoutMs;
  }

  #isTold(note: ServiceNote): void {
    switch (note.type) {
      case "ended":
        return this.#isDone(note);
      case "dependency-failed":
        return this.#goesWithout(note);
      case "leftover-stays": {
        const process = this.#world.processes.get(note.process?.pid ?? 0);
        return check(process?.killed ?? true, "what stays was sent KILL");
      }
      case "shutting-down":
        return this.#shutsDown(note);
      case "killing-all":
        check(this.#mayKillAll(), "all are killed only when their time is over, or somebody asked twice");
        this.#killing = true;
        return;
      case "reloaded":
        for (const name of [...note.changed, ...note.gone]) {
          if (this.#runs.has(name)) this.#leaving.add(name);
          else this.#last.delete(name);
        }
        return;
      case "started":
      case "not-started":
      case "hook-failed":
      case "healthy":
      case "unhealthy":
      case "job-passed-over":
      case "killed":
      case "leftovers-asked":
      case "leftover-killed":
      case "forwarded":
        return;
    }
  }

  /** A service has ended, with all that it left behind. */
  #isDone({ service: name, restartMs }: NoteOf<"ended">): void {
    const run = this.#runs.get(name);
    check(run !== undefined && run.endedAtMs !== null, `${name} has ended`);
    this.#runs.delete(name);
    if (this.#leaving.delete(name) || this.#shutdown !== null) {
      check(restartMs === null, `${name} does not start again`);
      if (this.#shutdown === null) this.#last.delete(name);
      return;
    }
    const { service, code } = run;
    const delayMs = this.#restartDelayMs(run);
    check(restartMs === delayMs, `${name} starts again in ${delayMs} ms, not in ${restartMs}`);
    if (delayMs !== null) {
      this.#restartsAtMs.set(service, this.#factAtMs + delayMs);
      return;
    }
    this.#streaks.delete(service);
    if (code === 0) this.#completed.add(service);
    else this.#firstFailure ??= code;
  }

  #goesWithout(note: NoteOf<"dependency-failed">): void {
    if (note.starts) {
      this.#excused.add(`${note.service} ${note.on}`);
      return;
    }
    this.#firstFailure ??= this.#codeOfDependency(note);
    const last = this.#last.get(note.service);
    if (last !== undefined) this.#streaks.delete(last.service);
  }

  /** The manual's rules for restarts. */
  #restartDelayMs({ service, code, endedAtMs, stopBegunMs, upSinceMs }: Run): number | null {
    const { when, attempts, countsAll, delayMs, windowMs }: RestartPolicy = service.restart;
    if (service.essential === "any end" || when === "never" || when === "on failure" && code === 0) {
      return null;
    }
    const isNew = (stopBegunMs ?? endedAtMs!) - upSinceMs >= windowMs;
    const streak = this.#streaks.get(service);
    const made = isNew && !countsAll ? 0 : streak?.attempts ?? 0;
    if (attempts !== null && made >= attempts) return null;
    const isFirst = isNew || streak === undefined;
    const next = { attempts: made + 1, delayMs: isFirst ? 100 : Math.min(streak.delayMs * 2, 60_000) };
    this.#streaks.set(service, next);
    return delayMs ?? next.delayMs;
  }

  /** The code of what it depends on, or 1 where that has none. */
  #codeOfDependency({ on, words }: NoteOf<"dependency-failed">): number {
    if (words.startsWith("could not be started:")) return this.#firstFailure ?? 1;
    const code = this.#last.get(on)?.code ?? 0;
    return code === 0 || words === "is unhealthy" ? 1 : code;
  }

  #shutsDown({ reason, exitCode }: NoteOf<"shutting-down">): void {
    check(this.#shutdown === null, "there is one shutdown");
    this.#shutdown = { atMs: this.#factAtMs, code: exitCode };
    this.#keepTime(this.#factAtMs + this.#timeoutMs);
    switch (reason.name) {
      case "signal":
        check(reason.signal === this.#signal, "a signal has asked for it");
        check(this.#codesOfFailures().has(exitCode), `the first failure, or 0: ${exitCode}`);
        return;
      case "all ended":
        check(this.#runs.size === 0, "all have ended");
        return check(exitCode === (this.#firstFailure ?? 0), `the first failure, or 0: ${exitCode}`);
      case "essential ended":
      case "failed": {
        const { essential } = this.#file.get(reason.service)!;
        check(
          essential === (reason.name === "failed" ? "failure" : "any end"),
          `${reason.service} is essential`,
        );
        check(!this.#runs.has(reason.service), `${reason.service} has ended`);
        check(reason.name === "essential ended" || exitCode !== 0, "a failure is not 0");
        const isOwn = !reason.words.startsWith("could not be started:");
        if (isOwn) check(exitCode === this.#last.get(reason.service)?.code, `its code: ${exitCode}`);
        return;
      }
    }
  }

  /** What the exit code may be when somebody asks for the end: of failures that are being cleared up any is the first. */
  #codesOfFailures(): Set<number> {
    if (this.#firstFailure !== null) return new Set([this.#firstFailure]);
    const failing = [...this.#runs.values()].filter((run) => {
      const hasFailed = run.endedAtMs !== null ? run.code !== 0 : run.hookFailed;
      if (!hasFailed || this.#leaving.has(run.service.name)) return false;
      const code = run.endedAtMs !== null ? run.code : 1;
      return this.#restartDelayMs({ ...run, code, endedAtMs: run.endedAtMs ?? this.#world.nowMs }) === null;
    });
    return new Set(failing.length === 0 ? [0] : failing.map((run) => run.endedAtMs !== null ? run.code : 1));
  }

  #nobodyIsLeft(): void {
    const { processes, nowMs } = this.#world;
    const left = [...processes.values()].filter(({ bornAtMs, killed, status }) =>
      !killed && status === null && !(this.#gaveUp && nowMs - bornAtMs <= SLACK_MS) // came between two looks
    );
    check(left.length === 0, `nobody is left but who was sent KILL: ${left[0]?.pid}`);
    check(processes.size === 0 || this.#gaveUp, "who was sent KILL is waited for");
  }

  #exits(code: number): void {
    this.#exited = true;
    const { nowMs } = this.#world;
    check(this.#shutdown !== null, "the exit follows a shutdown");
    check(code === this.#shutdown.code, `the exit code is ${this.#shutdown.code}, not ${code}`);
    check(this.#drained !== null, "what was written last is passed on before the exit");
    const { left, moved, atMs } = this.#drained;
    const hurry = this.#killing || this.#isAskedAgain || atMs >= this.#shutdown.atMs + this.#timeoutMs;
    check(left.length === 0 || !moved || hurry, "who reads the output slowly is waited for");
    const endsByMs = this.#shutdown.atMs + this.#timeoutMs + GIVE_UP_MS + DRAIN_MS + SLACK_MS;
    check(nowMs <= endsByMs, `a shutdown ends by its deadline: ${nowMs} ms`);
  }
}

function needs({ dependsOn }: Service, name: string): boolean {
  return dependsOn.some(({ service }) => service === name);
}

function same(one: Service, other: Service): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function check(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new Error(`Broken rule: ${rule}`);
}
