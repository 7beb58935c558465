/**
 * What becomes of one service: each function is what follows from one thing that has happened to it.
 *
 * What several services have to do with each other (dependencies, the shutdown) is decided in reduce.ts.
 */

import { exitCodeOf, START_FAILURE_CODES } from "../exit_code.ts";
import { processKey, type Reaped, type Remaining, type StartFailure, type Target } from "../model.ts";
import { GIVE_UP_MS, LINGER_MS, NAMED_AT_MOST, SURVEY_MS, withoutAskedAncestor } from "../rest.ts";
import { SIGCONT, SIGKILL, SIGTERM } from "../signals.ts";
import { targetOf } from "../target.ts";
import { describeSeconds, describeStatus, shorten } from "../words.ts";
import { beginHealth, probeAnswered, probeBegins, probeStarted } from "./health.ts";
import type { End, Part, Phase, Result, RunningHook, ServiceState } from "./model.ts";
import type { Service } from "./project.ts";
import { NO_RESTARTS, planRestart } from "./restart.ts";
import { holdsUntilMs, put, tell, type Turn } from "./turn.ts";

type In<Name extends Phase["name"]> = Extract<Phase, { name: Name }>;

/** So much of what a probe wrote last is told, in characters. */
const LAST_WORDS_AT_MOST = 200;

/** A service that is new to the run. */
export function add(turn: Turn, service: Service): void {
  const { name, schedule } = service;
  if (schedule !== null) turn.orders.push({ type: "plan-job", service: name, schedule });
  turn.services.set(name, {
    service,
    goal: { name: "run" },
    phase: { name: schedule === null ? "waiting" : "planned" },
    startedOnce: false,
    history: NO_RESTARTS,
    dying: new Map(),
  });
}

/** It is to be started now. */
export function start(turn: Turn, state: ServiceState): void {
  const { service } = put(turn, state, { phase: { name: "starting" } });
  turn.orders.push({ type: "start", service, part: "main", program: service.program });
}

/** A program of it has been started. A probe or a hook that nobody waits for any more is ended at once. */
export function started(turn: Turn, state: ServiceState, part: Part, pid: number): void {
  const { phase, service } = state;
  switch (part) {
    case "main":
      if (phase.name === "starting") mainStarted(turn, state, pid);
      return;
    case "probe":
      if (phase.name !== "up" || phase.health?.probe.name !== "asking" || service.health === null) {
        killBeside(turn, state, pid);
        return;
      }
      put(turn, state, {
        phase: { ...phase, health: probeStarted(service.health, phase.health, pid, turn.nowMs) },
      });
      return;
    case "post_start":
      if (phase.name !== "up" || phase.hook === null) killBeside(turn, state, pid);
      else put(turn, state, { phase: { ...phase, hook: { ...phase.hook, pid } } });
      return;
    case "pre_stop":
      if (phase.name !== "stopping" || phase.hook === null) killBeside(turn, state, pid);
      else put(turn, state, { phase: { ...phase, hook: { ...phase.hook, pid } } });
  }
}

function mainStarted(turn: Turn, state: ServiceState, pid: number): void {
  const { service } = state;
  const { name, program } = service;
  tell(turn, "info", { type: "started", service: name, pid, command: program.command });
  const health = service.health === null ? null : beginHealth(service.health, turn.nowMs);
  const phase: In<"up"> = { name: "up", pid, sinceMs: turn.nowMs, hook: null, health };
  runPostStart(turn, put(turn, state, { phase }), phase, 0);
}

/** Runs a hook of `post_start`; behind the last one the service counts as started. */
function runPostStart(turn: Turn, state: ServiceState, phase: In<"up">, index: number): void {
  const { goal, service } = state;
  const program = service.postStart[index];
  if (program === undefined || goal.name !== "run") {
    const startedOnce = state.startedOnce || program === undefined;
    put(turn, state, { phase: { ...phase, hook: null }, startedOnce });
    return;
  }
  put(turn, state, { phase: { ...phase, hook: { index, pid: null } } });
  turn.orders.push({ type: "start", service, part: "post_start", program });
}

/** A program of it could not be started. */
export function notStarted(turn: Turn, state: ServiceState, part: Part, failure: StartFailure): void {
  const { phase } = state;
  const words = describeFailure(failure);
  switch (part) {
    case "main": {
      if (phase.name !== "starting") return;
      return decide(turn, state, mainNotStarted(turn, state, failure));
    }
    case "probe":
      return healthAnswered(turn, state, `its probe ${words}`);
    case "post_start":
      return postStartFailed(turn, state, words);
    case "pre_stop":
      return preStopEnded(turn, state, words);
  }
}

function describeFailure({ reason }: StartFailure): string {
  return `could not be started: ${reason}`;
}

function mainNotStarted(turn: Turn, { service }: ServiceState, failure: StartFailure): End {
  const { name, program: { command } } = service;
  tell(turn, "error", { type: "not-started", service: name, part: "main", command, failure });
  return { code: START_FAILURE_CODES[failure.name], words: "could not be started", upMs: 0 };
}

/** A child of ours has ended; returns whether it was one of its programs. */
export function reaped(turn: Turn, state: ServiceState, child: Reaped): boolean {
  const { pid, status, failure } = child;
  const { phase } = state;
  if (state.dying.has(pid)) {
    besideReaped(turn, state, pid);
    return true;
  }
  if (phase.name !== "up" && phase.name !== "stopping") return false;
  const words = failure !== undefined
    ? describeFailure(failure)
    : status.name === "exited" && status.code === 0
    ? null
    : describeStatus(status);
  if (phase.pid === pid) {
    const upMs = turn.nowMs - (phase.name === "up" ? phase.sinceMs : phase.upSinceMs);
    const end = failure !== undefined
      ? mainNotStarted(turn, state, failure)
      : { code: exitCodeOf(status, new Set()), words: describeStatus(status), upMs };
    mainEnded(turn, state, phase, end);
    return true;
  }
  if (phase.hook?.pid === pid) {
    if (phase.name === "stopping") preStopEnded(turn, state, words);
    else if (words !== null) postStartFailed(turn, state, words);
    else runPostStart(turn, state, phase, phase.hook.index + 1);
    return true;
  }
  if (phase.name !== "up" || phase.health?.probe.name !== "asking" || phase.health.probe.pid !== pid) {
    return false;
  }
  turn.orders.push({ type: "kill-leftovers", service: state.service.name, part: "probe", session: pid });
  const why = phase.health.probe.untilMs === null
    ? lateProbe(state.service)
    : words === null
    ? null
    : `its probe ${words}`;
  const quoted = child.lastWords === undefined ? "" : `: ${shorten(child.lastWords, LAST_WORDS_AT_MOST)}`;
  healthAnswered(turn, state, why === null ? null : `${why}${quoted}`);
  return true;
}

function mainEnded(turn: Turn, before: ServiceState, phase: In<"up"> | In<"stopping">, itsOwn: End): void {
  const state = leaveProgramsBeside(turn, before, phase);
  const end = phase.name === "stopping" ? phase.failure ?? itsOwn : itsOwn;
  const session = phase.pid;
  turn.toSurvey.push({ service: state.service.name, session });
  put(turn, state, {
    phase: {
      name: "clearing",
      session,
      end,
      asked: new Map(),
      lingerUntilMs: null,
      surveyAtMs: null,
      surveyMs: SURVEY_MS.first,
      killAtMs: null,
      named: new Set(),
    },
  });
}

/** Its probe and its hook have nothing more to do. */
function leaveProgramsBeside(
  turn: Turn,
  state: ServiceState,
  phase: In<"up"> | In<"stopping">,
): ServiceState {
  const { service } = state;
  const left = phase.hook !== null && phase.hook.pid !== null
    ? killBeside(turn, state, phase.hook.pid)
    : state;
  if (phase.name !== "up" || phase.health?.probe.name !== "asking") return left;
  const { pid } = phase.health.probe;
  if (pid !== null) return killBeside(turn, left, pid);
  if (service.health?.test.name !== "program") {
    turn.orders.push({ type: "cancel-probe", service: service.name });
  }
  return left;
}

/** Ends a probe or a hook that nobody waits for any more. */
function killBeside(turn: Turn, state: ServiceState, pid: number): ServiceState {
  if (turn.reaped.has(pid)) return state;
  kill(turn, pid);
  return put(turn, state, { dying: new Map(state.dying).set(pid, turn.nowMs) });
}

/** What it has left behind can be found now. */
function besideReaped(turn: Turn, state: ServiceState, pid: number): void {
  const dying = new Map(state.dying);
  dying.delete(pid);
  const after = put(turn, state, { dying });
  const { phase } = after;
  if (phase.name === "clearing" && phase.surveyAtMs !== null) look(turn, after, phase);
}

/** Of what services left behind these are found still running. */
export function leftoversFound(
  turn: Turn,
  state: ServiceState,
  found: readonly Remaining[] | null,
): void {
  const { phase, service } = state;
  if (phase.name !== "clearing") return;
  if (found?.length === 0) return noneFound(turn, state, phase);

  const killAtMs = phase.killAtMs ?? turn.nowMs + service.stopGraceMs;
  const lingerUntilMs = phase.lingerUntilMs ?? Math.min(turn.nowMs + LINGER_MS, killAtMs);
  if (turn.nowMs < lingerUntilMs) {
    put(turn, state, { phase: { ...phase, killAtMs, lingerUntilMs, surveyAtMs: lingerUntilMs } });
    return;
  }
  const surveyMs = Math.min(2 * phase.surveyMs, SURVEY_MS.longest);
  const next = { ...phase, killAtMs, surveyMs, surveyAtMs: Math.min(turn.nowMs + phase.surveyMs, killAtMs) };
  if (turn.nowMs >= killAtMs) return killLeftovers(turn, state, next, leftOf(phase, found));

  const asked = new Map(phase.asked);
  const unasked = found === null ? null : withoutAskedAncestor(found, asked);
  const toAsk = leftOf(phase, unasked).filter(({ key }) => !asked.has(key));
  for (const { key, target } of toAsk) {
    asked.set(key, turn.nowMs);
    for (const signal of [SIGTERM, SIGCONT]) turn.orders.push({ type: "send-signal", target, signal });
  }
  if (unasked !== null && unasked.length > 0) {
    // A program that is well and ends is one that was to run in the background: its server ends by us.
    const isServer = state.goal.name === "run" && phase.end.code === 0 &&
      unasked.some((left) => left.isDaemon);
    const note = { type: "leftovers-asked", service: service.name, processes: unasked } as const;
    tell(turn, isServer ? "warning" : "info", note);
  }
  put(turn, state, { phase: { ...next, asked } });
}

/** Who was left behind. */
interface Left {
  readonly key: string;
  readonly target: Target;
  /** `null`: whoever is in its process group, and was not seen. */
  readonly process: Remaining | null;
}

/** The number of a group that somebody is in is nobody else's, though the group's leader was reaped. */
function leftOf({ session }: In<"clearing">, found: readonly Remaining[] | null): readonly Left[] {
  if (found === null) return [{ key: "group", target: { name: "group", id: session }, process: null }];
  return found.map((process) => ({
    key: processKey(process),
    target: { name: "process", pid: process.pid },
    process,
  }));
}

/** It is looked again as long as a program that was sent KILL may hide some, unless the kernel does not let go of it. */
function noneFound(turn: Turn, state: ServiceState, phase: In<"clearing">): void {
  const hides = state.dying.values().some((killedAtMs) => turn.nowMs < killedAtMs + GIVE_UP_MS);
  if (!hides) return decide(turn, state, phase.end);
  const surveyMs = Math.min(2 * phase.surveyMs, SURVEY_MS.longest);
  put(turn, state, { phase: { ...phase, surveyMs, surveyAtMs: turn.nowMs + phase.surveyMs } });
}

function killLeftovers(
  turn: Turn,
  state: ServiceState,
  phase: In<"clearing"> & { readonly killAtMs: number },
  left: readonly Left[],
): void {
  const gaveUp = turn.nowMs >= phase.killAtMs + GIVE_UP_MS;
  const named = gaveUp ? new Set<string>() : new Set(phase.named);
  for (const { key, target, process } of left) {
    turn.orders.push({ type: "send-signal", target, signal: SIGKILL });
    if (named.has(key) || named.size >= NAMED_AT_MOST) continue;
    named.add(key);
    tell(turn, "warning", {
      type: gaveUp ? "leftover-stays" : "leftover-killed",
      service: state.service.name,
      process,
    });
  }
  if (gaveUp) return decide(turn, state, phase.end);
  const surveyMs = SURVEY_MS.first;
  put(turn, state, { phase: { ...phase, named, surveyMs, surveyAtMs: turn.nowMs + surveyMs } });
}

/** It has ended, and nothing of it is left: what becomes of it is decided by what is wanted, then by its policy. */
function decide(turn: Turn, state: ServiceState, end: End): void {
  const { goal, service } = state;
  const { name } = service;
  if (goal.name !== "run") {
    tell(turn, "info", { type: "ended", service: name, words: end.words, restartMs: null });
    return reachGoal(turn, state);
  }
  const failed = end.code !== 0;
  const restart = planRestartAfter(state, end);
  tell(turn, failed || restart !== null ? "warning" : "info", {
    type: "ended",
    service: name,
    words: end.words,
    restartMs: restart?.delayMs ?? null,
  });
  if (restart !== null) {
    const untilMs = turn.nowMs + restart.delayMs;
    put(turn, state, { phase: { name: "backing-off", untilMs }, history: restart.history });
    return;
  }
  conclude(
    turn,
    state,
    failed ? { name: "failed", code: end.code, words: end.words } : { name: "completed" },
  );
}

function planRestartAfter({ service, history }: ServiceState, end: End): ReturnType<typeof planRestart> {
  if (service.essential === "any end") return null;
  return planRestart(service.restart, history, { failed: end.code !== 0, upMs: end.upMs });
}

/** The exit code of a failure that no restart follows, while what it left behind is still there; else `null`. */
export function failingCode(state: ServiceState): number | null {
  const { phase, goal } = state;
  const end = phase.name === "clearing" ? phase.end : phase.name === "stopping" ? phase.failure : null;
  if (goal.name !== "run" || end === null || end.code === 0) return null;
  return planRestartAfter(state, end) === null ? end.code : null;
}

/** It will not run again, or as a job not before its next time. */
export function conclude(turn: Turn, state: ServiceState, result: Result): void {
  const { service } = state;
  const phase: Phase = service.schedule === null ? { name: "down", result } : { name: "planned" };
  put(turn, state, { phase, history: NO_RESTARTS });
  const failed = result.name === "failed";
  if (failed) turn.failureCode ??= result.code;
  if (service.essential === "never" || !failed && service.essential !== "any end") return;
  const words = failed ? result.words : "ended with 0";
  const name = service.essential === "any end" ? "essential ended" : "failed";
  turn.shutdownDue ??= {
    reason: { name, service: service.name, words },
    exitCode: failed ? result.code : 0,
  };
}

/** It does not run any more, and what was wanted of it beside running can be had. */
export function reachGoal(turn: Turn, state: ServiceState): void {
  const { goal, service } = state;
  switch (goal.name) {
    case "run":
      return;
    case "end":
      put(turn, state, { phase: { name: "down", result: { name: "stopped" } } });
      return;
    case "leave":
      if (service.schedule !== null) {
        turn.orders.push({ type: "plan-job", service: service.name, schedule: null });
      }
      turn.services.delete(service.name);
      return;
    case "renew":
      if (service.schedule !== null && goal.service.schedule === null) {
        turn.orders.push({ type: "plan-job", service: service.name, schedule: null });
      }
      return add(turn, goal.service);
  }
}

/** It is to end: by its hooks of `pre_stop`, then its stop signal, and in time by KILL. */
export function stop(turn: Turn, before: ServiceState, phase: In<"up">, failure: End | null): void {
  const state = leaveProgramsBeside(turn, before, phase);
  const stopping: In<"stopping"> = {
    name: "stopping",
    pid: phase.pid,
    upSinceMs: phase.sinceMs,
    begunAtMs: turn.nowMs,
    hook: null,
    askedAtMs: null,
    killAtMs: Math.min(turn.nowMs + state.service.stopGraceMs, holdsUntilMs(turn, state)),
    failure,
  };
  runPreStop(turn, put(turn, state, { phase: stopping }), stopping, 0);
}

/** All are shut down, and it is being stopped already: what it has of its grace is cut. */
export function cutGrace(turn: Turn, state: ServiceState): void {
  const { phase } = state;
  if (phase.name !== "stopping" || phase.killAtMs === null) return;
  put(turn, state, {
    phase: { ...phase, killAtMs: Math.min(phase.killAtMs, holdsUntilMs(turn, state)) },
  });
}

function runPreStop(turn: Turn, state: ServiceState, phase: In<"stopping">, index: number): void {
  const { service } = state;
  const program = service.preStop[index];
  const hook: RunningHook | null = program === undefined ? null : { index, pid: null };
  if (program !== undefined) {
    put(turn, state, { phase: { ...phase, hook } });
    turn.orders.push({ type: "start", service, part: "pre_stop", program });
    return;
  }
  put(turn, state, { phase: { ...phase, hook, askedAtMs: turn.nowMs } });
  const target = targetOf(service.signalTo, phase.pid);
  turn.orders.push({ type: "send-signal", target, signal: service.stopSignal });
  if (service.stopSignal !== SIGKILL) turn.orders.push({ type: "send-signal", target, signal: SIGCONT });
}

function preStopEnded(turn: Turn, state: ServiceState, failure: string | null): void {
  const { phase, service } = state;
  if (phase.name !== "stopping" || phase.hook === null) return;
  if (phase.killAtMs === null) { // killed together with its service
    put(turn, state, { phase: { ...phase, hook: null } });
    return;
  }
  if (failure !== null) {
    tell(turn, "warning", { type: "hook-failed", service: service.name, part: "pre_stop", words: failure });
  }
  runPreStop(turn, state, phase, phase.hook.index + 1);
}

function postStartFailed(turn: Turn, state: ServiceState, words: string): void {
  const { phase, service } = state;
  if (phase.name !== "up" || phase.hook === null) return;
  tell(turn, "error", { type: "hook-failed", service: service.name, part: "post_start", words });
  const FAILED = 1; // the hook's own code says nothing about the service
  const failure = {
    code: FAILED,
    words: `was stopped: its post_start ${words}`,
    upMs: turn.nowMs - phase.sinceMs,
  };
  stop(turn, state, { ...phase, hook: null }, failure);
}

/** Its time has come, if any has. */
export function timeCame(turn: Turn, state: ServiceState): void {
  const { phase } = state;
  switch (phase.name) {
    case "backing-off":
      if (phase.untilMs <= turn.nowMs) start(turn, state);
      return;
    case "up":
      return healthDue(turn, state, phase);
    case "stopping":
      if (phase.killAtMs !== null && phase.killAtMs <= turn.nowMs) killMain(turn, state, phase);
      return;
    case "clearing":
      return clearingDue(turn, state, phase);
    case "waiting":
    case "planned":
    case "starting":
    case "down":
      return;
  }
}

/** When {@linkcode timeCame} has something to do next; `null` if the clock alone brings nothing. */
export function nextTime({ phase }: ServiceState): number | null {
  switch (phase.name) {
    case "backing-off":
      return phase.untilMs;
    case "up":
      if (phase.health === null) return null;
      return phase.health.probe.name === "none" ? phase.health.probe.nextAtMs : phase.health.probe.untilMs;
    case "stopping":
      return phase.killAtMs;
    case "clearing":
      return phase.surveyAtMs;
    case "waiting":
    case "planned":
    case "starting":
    case "down":
      return null;
  }
}

function killMain(turn: Turn, state: ServiceState, phase: In<"stopping">): void {
  const { name, program: { command }, stopSignal } = state.service;
  if (phase.hook !== null && phase.hook.pid !== null) kill(turn, phase.hook.pid);
  kill(turn, phase.pid);
  const [afterMs, signal] = phase.askedAtMs === null
    ? [turn.nowMs - phase.begunAtMs, null]
    : [turn.nowMs - phase.askedAtMs, stopSignal];
  tell(turn, "warning", { type: "killed", service: name, pid: phase.pid, command, afterMs, signal });
  put(turn, state, { phase: { ...phase, killAtMs: null } });
}

/** Looks again; when the time has come to kill, in {@linkcode leftoversFound}, that look finds whom. */
function clearingDue(turn: Turn, state: ServiceState, phase: In<"clearing">): void {
  if (phase.surveyAtMs !== null && phase.surveyAtMs <= turn.nowMs) look(turn, state, phase);
}

function look(turn: Turn, state: ServiceState, phase: In<"clearing">): void {
  turn.toSurvey.push({ service: state.service.name, session: phase.session });
  put(turn, state, { phase: { ...phase, surveyAtMs: null } });
}

/** Somebody of whom nothing was known has ended: it may have been what a service left behind. */
export function strangerReaped(turn: Turn, state: ServiceState): void {
  const { phase } = state;
  if (phase.name !== "clearing" || phase.surveyAtMs === null) return;
  const surveyAtMs = Math.min(phase.surveyAtMs, turn.nowMs + SURVEY_MS.first);
  put(turn, state, { phase: { ...phase, surveyAtMs } });
}

function healthDue(turn: Turn, state: ServiceState, phase: In<"up">): void {
  const { health: plan, name } = state.service;
  const { health } = phase;
  if (plan === null || health === null) return;
  if (health.probe.name === "none") {
    if (health.probe.nextAtMs > turn.nowMs) return;
    put(turn, state, { phase: { ...phase, health: probeBegins(plan, health, turn.nowMs) } });
    turn.orders.push(
      plan.test.name === "program"
        ? { type: "start", service: state.service, part: "probe", program: plan.test.program }
        : { type: "probe", service: name, probe: plan.test },
    );
    return;
  }
  const { untilMs, pid } = health.probe;
  if (untilMs === null || untilMs > turn.nowMs) return;
  if (plan.test.name !== "program") {
    turn.orders.push({ type: "cancel-probe", service: name });
    return healthAnswered(turn, state, lateProbe(state.service));
  }
  if (pid !== null) kill(turn, pid); // its end is the answer
  put(turn, state, { phase: { ...phase, health: { ...health, probe: { ...health.probe, untilMs: null } } } });
}

function lateProbe(service: Service): string {
  return `its probe had no answer after ${describeSeconds(service.health?.timeoutMs ?? 0)}`;
}

/** A probe has said that it is well (`null`), or why not. */
export function healthAnswered(turn: Turn, state: ServiceState, failure: string | null): void {
  const { phase, service } = state;
  if (phase.name !== "up" || phase.health?.probe.name !== "asking" || service.health === null) return;
  const { health, turned } = probeAnswered(service.health, phase.health, failure, turn.nowMs);
  put(turn, state, { phase: { ...phase, health } });
  if (turned === "healthy") {
    const again = phase.health.status === "unhealthy";
    tell(turn, again ? "warning" : "info", { type: "healthy", service: service.name, again });
  } else if (turned === "unhealthy") {
    const { failures } = health;
    tell(turn, "warning", { type: "unhealthy", service: service.name, failure: failure ?? "", failures });
  }
}

/** Sends KILL to the process group of a program that was not reaped. */
function kill(turn: Turn, leader: number): void {
  turn.orders.push({ type: "send-signal", target: targetOf("group", leader), signal: SIGKILL });
}
