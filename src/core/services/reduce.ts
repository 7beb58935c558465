/**
 * The heart of a run of services: what denit does about each fact.
 *
 * Pure. A fact changes the service that it is about (service.ts); then all are settled: whoever waits for something
 * that is there now starts, whoever is to end and is needed by nobody any more is stopped, until nothing moves. What
 * follows the last service, the end of whatever else still runs, is the same as for one program (../rest.ts).
 */

import type { CutShort, RestStep } from "../model.ts";
import { endRest, exit, killRest, LINGER_MS, reduceRest, tellReaped } from "../rest.ts";
import { number, SIGCHLD, STOP_SIGNALS } from "../signals.ts";
import { targetOf } from "../target.ts";
import { standing } from "./dependencies.ts";
import { holdingTimes, isRunning } from "./holding.ts";
import type {
  Draining,
  Patience,
  Resting,
  ServicesFact,
  ServicesOrder,
  ServicesPolicy,
  ServicesState,
  ServicesStep,
  ServiceState,
  Serving,
  Shutdown,
} from "./model.ts";
import type { Project, Service } from "./project.ts";
import {
  add,
  conclude,
  cutGrace,
  failingCode,
  healthAnswered,
  leftoversFound,
  nextTime,
  notStarted,
  reachGoal,
  reaped,
  start,
  started,
  stop,
  strangerReaped,
  timeCame,
} from "./service.ts";
import { holdsUntilMs, openTurn, put, tell, type Turn } from "./turn.ts";

const SIGHUP = number("HUP");

/**
 * A stop signal so soon after the first is still the same request: timeout(1) signals denit and then its group, and who
 * runs denit on a terminal passes on the Ctrl-C that it has got itself. A person who presses twice can press again.
 */
const SAME_REQUEST_MS = 1000;

type Of<Type extends ServicesFact["type"]> = Extract<ServicesFact, { type: Type }>;

/** The first step of a run. */
export function beginServices(policy: ServicesPolicy, project: Project, nowMs: number): ServicesStep {
  const nothing: Serving = {
    name: "serving",
    policy,
    services: new Map(),
    shutdown: null,
    failureCode: null,
    wakeAtMs: null,
  };
  const turn = openTurn(nothing, nowMs);
  for (const service of project.services) add(turn, service);
  return closeTurn(nothing, turn);
}

/** The step that a fact leads to. */
export function reduceServices(state: ServicesState, fact: ServicesFact): ServicesStep {
  switch (state.name) {
    case "serving":
      return whileServing(state, fact);
    case "draining":
      return whileDraining(state, fact);
    case "stopping":
    case "killing":
    case "ended":
      return whileResting(state, fact);
  }
}

function whileResting(state: Resting, fact: ServicesFact): ServicesStep {
  switch (fact.type) {
    case "signalled":
      if (state.name !== "stopping" || !STOP_SIGNALS.includes(fact.signal)) return [state, []];
      return isAskedAgain(state, fact)
        ? resting(killRest(state, null, new Map()), { ...state, deadlineMs: fact.atMs })
        : [{ ...state, ...asked(state, fact) }, []];
    case "reaped":
    case "stopped":
    case "counted":
    case "surveyed":
    case "timer-fired":
      return resting(reduceRest(state, fact), state);
    case "started":
    case "not-started":
    case "probe-answered":
    case "leftovers-found":
    case "time-came":
    case "job-due":
    case "reloaded":
    case "drained":
      return [state, []];
  }
}

/** A step of the rest in a run of services: before the exit comes what they wrote last. */
function resting([next, orders]: RestStep, { stopAskedAtMs, deadlineMs }: Patience): ServicesStep {
  if (next.name !== "ended") return [{ ...next, stopAskedAtMs, deadlineMs }, orders];
  return [
    { name: "draining", exitCode: next.exitCode, stopAskedAtMs, deadlineMs },
    orders.map((order) => order.type === "exit" ? { type: "drain" } : order),
  ];
}

/** Who reads slowly is waited for until the deadline, and who does not read at all not once more. */
function whileDraining(state: Draining, fact: ServicesFact): ServicesStep {
  if (fact.type === "signalled" && STOP_SIGNALS.includes(fact.signal)) {
    return [{ ...state, ...isAskedAgain(state, fact) ? { deadlineMs: fact.atMs } : asked(state, fact) }, []];
  }
  if (fact.type !== "drained") return [state, []];
  const { left, moved, atMs } = fact;
  const inTime = atMs < state.deadlineMs;
  if (left.length > 0 && moved && inTime) return [state, [{ type: "drain" }]];
  const [ended, orders] = exit(state.exitCode);
  const lost: ServicesOrder[] = left.length === 0
    ? []
    : [{ type: "tell", level: "warning", note: { type: "output-lost", to: left, inTime } }];
  return [{ ...state, ...ended }, [...lost, ...orders]];
}

function whileServing(state: Serving, fact: ServicesFact): ServicesStep {
  if (fact.type === "reaped") return childrenEnded(state, fact);
  const turn = openTurn(state, fact.atMs);
  switch (fact.type) {
    case "signalled":
      if (!STOP_SIGNALS.includes(fact.signal)) passOn(turn, fact.signal);
      else if (turn.shutdown === null) askToStop(turn, fact.signal);
      else if (isAskedAgain(turn.shutdown, fact)) return killAll(turn, turn.shutdown, "asked again");
      else turn.shutdown = { ...turn.shutdown, ...asked(turn.shutdown, fact) };
      break;
    case "started":
      about(turn, fact.service, (service) => started(turn, service, fact.part, fact.pid));
      break;
    case "not-started":
      about(turn, fact.service, (service) => notStarted(turn, service, fact.part, fact.failure));
      break;
    case "probe-answered":
      about(turn, fact.service, (service) => healthAnswered(turn, service, fact.failure));
      break;
    case "leftovers-found":
      for (const [name, found] of fact.found) {
        about(turn, name, (service) => leftoversFound(turn, service, found));
      }
      break;
    case "time-came":
      if (turn.shutdown !== null && turn.shutdown.deadlineMs <= turn.nowMs) {
        return killAll(turn, turn.shutdown, "timeout");
      }
      for (const service of [...turn.services.values()]) timeCame(turn, service);
      return closeTurn({ ...state, wakeAtMs: null }, turn);
    case "job-due":
      about(turn, fact.service, (service) => jobDue(turn, service));
      break;
    case "reloaded":
      if (turn.shutdown === null) changeTo(turn, fact.project);
      break;
    case "stopped": // whoever stopped it will continue it
    case "counted":
    case "surveyed":
    case "timer-fired":
    case "drained":
      break;
  }
  return closeTurn(state, turn);
}

/** What is remembered of a stop signal by which nothing more is to be done. */
function asked({ stopAskedAtMs }: Patience, { atMs }: Of<"signalled">): Pick<Patience, "stopAskedAtMs"> {
  return { stopAskedAtMs: stopAskedAtMs ?? atMs };
}

function isAskedAgain({ stopAskedAtMs }: Patience, { atMs }: Of<"signalled">): boolean {
  return stopAskedAtMs !== null && atMs - stopAskedAtMs >= SAME_REQUEST_MS;
}

function about(turn: Turn, name: string, change: (service: ServiceState) => void): void {
  const service = turn.services.get(name);
  if (service !== undefined) change(service);
}

function askToStop(turn: Turn, signal: number): void {
  const failing = [...turn.services.values()].map(failingCode).find((code) => code !== null);
  turn.shutdownDue = { reason: { name: "signal", signal }, exitCode: turn.failureCode ?? failing ?? 0 };
}

function passOn(turn: Turn, signal: number): void {
  if (signal === SIGCHLD) return; // news of our own children
  if (signal === SIGHUP && turn.shutdown === null) turn.orders.push({ type: "reload" });
  for (const { service, phase } of turn.services.values()) {
    if (!service.forwardSignals.includes(signal)) continue;
    if (phase.name !== "up" && phase.name !== "stopping") continue;
    turn.orders.push({ type: "send-signal", target: targetOf(service.signalTo, phase.pid), signal });
    tell(turn, "info", { type: "forwarded", service: service.name, signal });
  }
}

function childrenEnded(state: Serving, { children, atMs }: Of<"reaped">): ServicesStep {
  const turn = openTurn(state, atMs, new Set(children.map(({ pid }) => pid)));
  const mains = new Set<number>();
  const owners = new Map<number, string>();
  for (const { service, phase, dying } of turn.services.values()) {
    for (const pid of dying.keys()) owners.set(pid, service.name);
    if (phase.name !== "up" && phase.name !== "stopping") continue;
    mains.add(phase.pid);
    owners.set(phase.pid, service.name);
    if (phase.hook?.pid) owners.set(phase.hook.pid, service.name);
    if (phase.name === "up" && phase.health?.probe.name === "asking" && phase.health.probe.pid !== null) {
      owners.set(phase.health.probe.pid, service.name);
    }
  }
  // Main programs first: what their probes and hooks come to then makes nobody signal them or start another hook.
  const inTurn = children.toSorted((one, other) => Number(mains.has(other.pid)) - Number(mains.has(one.pid)));
  const strangers = inTurn.filter((child) => {
    const owner = turn.services.get(owners.get(child.pid) ?? "");
    return owner === undefined || !reaped(turn, owner, child);
  });
  if (strangers.length > 0) {
    turn.orders.push(...tellReaped(turn.policy, strangers));
    for (const service of [...turn.services.values()]) strangerReaped(turn, service);
  }
  return closeTurn(state, turn);
}

function jobDue(turn: Turn, state: ServiceState): void {
  const { goal, service, phase } = state;
  if (goal.name !== "run" || service.schedule === null) return;
  if (phase.name === "planned" || phase.name === "backing-off") {
    put(turn, state, { phase: { name: "waiting" } });
  } else {
    const runs = phase.name !== "waiting";
    tell(turn, "warning", { type: "job-passed-over", service: service.name, runs });
  }
}

/** Changes what the file has changed, and nothing else. */
function changeTo(turn: Turn, { services }: Project): void {
  const wanted = new Map(services.map((service) => [service.name, service]));
  const changed = new Set<string>();
  const gone: string[] = [];
  const added: string[] = [];
  for (const [name, state] of [...turn.services]) {
    const service = wanted.get(name);
    if (service === undefined) {
      if (state.goal.name !== "leave") gone.push(name);
      put(turn, state, { goal: { name: "leave" } });
    } else if (state.goal.name !== "run") {
      if (state.goal.name !== "renew" || !isSame(service, state.goal.service)) changed.add(name);
      put(turn, state, { goal: { name: "renew", service } });
    } else if (!isSame(service, state.service)) {
      changed.add(name);
      put(turn, state, { goal: { name: "renew", service } });
    }
  }
  for (const service of services) {
    if (turn.services.has(service.name)) continue;
    added.push(service.name);
    add(turn, service);
  }
  renewDependents(turn, wanted, changed);
  tell(turn, "info", { type: "reloaded", added, gone, changed: [...changed] });
}

/** Has whoever asked for it by `depends_on: {restart: true}` started anew with what it depends on. */
function renewDependents(turn: Turn, wanted: ReadonlyMap<string, Service>, changed: Set<string>): void {
  for (const name of changed) { // grows while it is walked
    for (const service of wanted.values()) {
      const state = turn.services.get(service.name);
      if (state?.goal.name !== "run") continue; // such as one that is changed
      if (!service.dependsOn.some((on) => on.service === name && on.restart)) continue;
      const { phase } = state;
      if (phase.name === "down" || phase.name === "planned" || phase.name === "waiting") continue;
      changed.add(service.name);
      put(turn, state, { goal: { name: "renew", service } });
    }
  }
}

/** Whether two services are the same, to the last of their values, in whatever order the file has them. */
function isSame(one: Service, other: Service): boolean {
  return JSON.stringify(one) === JSON.stringify(other) || inOneOrder(one) === inOneOrder(other);
}

/** They are plain data, made in one way: but for what a mapping of the file gives, the order is always the same. */
function inOneOrder(service: Service): string {
  const dependsOn = service.dependsOn.toSorted((a, b) => a.service < b.service ? -1 : 1);
  return JSON.stringify({ ...service, dependsOn }, (_, value) => isMapping(value) ? sorted(value) : value);
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sorted(mapping: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.keys(mapping).sort().map((key) => [key, mapping[key]]));
}

/** Settles all services, begins or ends the shutdown if that is due, and makes the step of what has come together. */
function closeTurn(before: Serving, turn: Turn): ServicesStep {
  settle(turn);
  const allDown = (): boolean => turn.services.values().every(({ phase }) => phase.name === "down");
  if (turn.shutdown === null && turn.shutdownDue === null && allDown()) {
    turn.shutdownDue = { reason: { name: "all ended" }, exitCode: turn.failureCode ?? 0 };
  }
  if (turn.shutdown === null && turn.shutdownDue !== null) {
    shutDown(turn, turn.shutdownDue);
    settle(turn);
  }
  askForLeftovers(turn);
  if (turn.shutdown !== null && allDown()) return endAll(turn, turn.shutdown);

  const { services, shutdown, failureCode } = turn;
  const wakeAtMs = nextWakeUp(turn);
  const wake: ServicesOrder[] = wakeAtMs === before.wakeAtMs ? [] : [{ type: "wake-at", atMs: wakeAtMs }];
  return [{ ...before, services, shutdown, failureCode, wakeAtMs }, [...turn.orders, ...wake]];
}

/** Lets each service do what the others allow, until nothing moves. */
function settle(turn: Turn): void {
  for (let moved = true; moved;) {
    moved = false;
    const needed = neededByRunning(turn);
    for (const state of turn.services.values()) { // what was put for one further on is seen
      const { phase, goal, service } = state;
      if (goal.name === "run") {
        if (phase.name === "waiting") startIfPossible(turn, state);
      } else if (phase.name === "up") {
        if (!needed.has(service.name)) stop(turn, state, phase, null);
      } else if (phase.name === "waiting" || phase.name === "planned" || phase.name === "backing-off") {
        reachGoal(turn, state);
      } else if (phase.name === "down" && goal.name !== "end") reachGoal(turn, state);
      moved ||= turn.services.get(service.name) !== state;
    }
  }
}

/** Who is needed by a service that is to end too and has not ended in its time: those are stopped first. */
function neededByRunning(turn: Turn): Set<string> {
  const ending = turn.services.values().filter((state) => isHolding(turn, state)).toArray();
  const needed = new Set(ending.flatMap(({ service }) => service.dependsOn.map((on) => on.service)));
  // A circle, which services of different versions of the file can make, must not hold them up for ever.
  const isCircle = ending.every(({ phase, service }) => phase.name === "up" && needed.has(service.name));
  return isCircle ? new Set() : needed;
}

/** Whether those that it depends on are to wait for its end. */
function isHolding(turn: Turn, state: ServiceState): boolean {
  return state.goal.name !== "run" && // else it stays, and must do without
    isRunning(state) && turn.nowMs < holdsUntilMs(turn, state);
}

function startIfPossible(turn: Turn, state: ServiceState): void {
  const { service } = state;
  const missed: { readonly on: string; readonly words: string }[] = [];
  let pending = false;
  for (const { service: on, condition, required } of service.dependsOn) {
    const dependency = turn.services.get(on);
    if (dependency === undefined) continue; // gone from the file, in which nobody needs it any more
    const stands = standing(condition, dependency);
    switch (stands.name) {
      case "met":
        break;
      case "pending":
        pending = true;
        break;
      case "failed":
        if (!required) {
          missed.push({ on, words: stands.words });
          break;
        }
        tell(turn, "error", {
          type: "dependency-failed",
          service: service.name,
          on,
          words: stands.words,
          starts: false,
        });
        return conclude(turn, state, {
          name: "failed",
          code: stands.code,
          words: `could not be started: ${on}, which it depends on, ${stands.words}`,
        });
    }
  }
  if (pending || turn.shutdownDue !== null) return; // or all are about to end
  for (const { on, words } of missed) {
    tell(turn, "warning", { type: "dependency-failed", service: service.name, on, words, starts: true });
  }
  start(turn, state);
}

/**
 * Begins the one shutdown of the run. No grace reaches beyond its deadline: then all that still runs gets KILL, and
 * whoever holds others up gets it so much earlier that they can still be asked.
 */
function shutDown(turn: Turn, { reason, exitCode }: NonNullable<Turn["shutdownDue"]>): void {
  const deadlineMs = turn.nowMs + turn.policy.timeoutMs;
  const holdsUntilMs = holdingTimes(turn.services, deadlineMs, turn.policy.timeoutMs);
  const stopAskedAtMs = reason.name === "signal" ? turn.nowMs : null;
  turn.shutdown = { deadlineMs, exitCode, stopAskedAtMs, holdsUntilMs };
  const usual = reason.name === "signal" || reason.name === "all ended" ||
    reason.name === "essential ended" && exitCode === 0;
  tell(turn, usual ? "info" : "warning", { type: "shutting-down", reason, exitCode });
  for (const state of [...turn.services.values()]) {
    cutGrace(turn, put(turn, state, { goal: { name: "end" } }));
  }
}

/** One look for what several services have left behind. */
function askForLeftovers(turn: Turn): void {
  if (turn.toSurvey.length === 0) return;
  turn.orders.push({ type: "find-leftovers", of: [...turn.toSurvey] });
}

function nextWakeUp(turn: Turn): number | null {
  let next = turn.shutdown?.deadlineMs ?? Infinity;
  for (const state of turn.services.values()) {
    next = Math.min(
      next,
      nextTime(state) ?? Infinity,
      isHolding(turn, state) ? holdsUntilMs(turn, state) : next,
    );
  }
  return next === Infinity ? null : next;
}

/** No service is left: whatever else still runs has the rest of the time. */
function endAll(turn: Turn, { deadlineMs, exitCode, stopAskedAtMs }: Shutdown): ServicesStep {
  const leftMs = Math.max(0, deadlineMs - turn.nowMs);
  const policy = restPolicy(turn.policy, leftMs - Math.min(LINGER_MS, leftMs / 2));
  const [next, more] = resting(endRest({ policy, group: null, exitCode }), { stopAskedAtMs, deadlineMs });
  return [next, [...turn.orders, { type: "wake-at", atMs: null }, ...more]];
}

/** The time is over, or somebody would not wait: KILL for all that still runs. */
function killAll(
  turn: Turn,
  { exitCode }: Shutdown,
  reason: "asked again" | "timeout",
): ServicesStep {
  const { timeoutMs } = turn.policy;
  const services = new Map<number, CutShort>();
  for (const { service: { name: service }, phase } of turn.services.values()) {
    if (phase.name === "up") services.set(phase.pid, { service, at: "not asked" });
    if (phase.name !== "stopping") continue;
    services.set(phase.pid, { service, at: phase.askedAtMs === null ? "pre_stop" : "asked" });
  }
  tell(turn, "warning", { type: "killing-all", reason, timeoutMs });
  const [next, more] = resting(
    killRest({ policy: restPolicy(turn.policy, timeoutMs), group: null, exitCode }, null, services),
    { stopAskedAtMs: turn.nowMs, deadlineMs: turn.nowMs },
  );
  return [next, [...turn.orders, { type: "wake-at", atMs: null }, ...more]];
}

function restPolicy(
  { role, verbose, warnReaped }: ServicesPolicy,
  graceMs: number,
): Parameters<typeof endRest>[0]["policy"] {
  return { role, verbose, warnReaped, graceMs, rewrite: new Map() };
}
