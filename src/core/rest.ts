/**
 * How whatever still runs is ended, once what the run was for has ended: asked by TERM, found anew after each death,
 * and sent KILL when the grace is over.
 *
 * Pure, as the rest of the heart; both forms of a run, one program and a file of services, end by it.
 */

import {
  type CommonFact,
  type CommonOrder,
  type CutShort,
  type Ending,
  type Note,
  processKey,
  type Remaining,
  type RestPolicy,
  type RestState,
  type RestStep,
  type Target,
} from "./model.ts";
import { error, info, warning } from "./say.ts";
import { SIGCHLD, SIGCONT, SIGKILL, SIGTERM } from "./signals.ts";

/** While something is being stopped: the time to the first look for processes that are new, and to the last. */
export const SURVEY_MS = { first: 20, longest: 1000 } as const;

/**
 * Whoever ends by himself in so short a time, or in the grace if that is shorter, is not asked to: a job that is nearly
 * done, or who reads what main has written to its end, as the `tee` of a script with `exec > >(tee log)`, and would lose
 * the last lines.
 */
export const LINGER_MS = 100;

/** How long what was sent KILL may take to be gone. A process in the kernel's uninterruptible sleep may take for ever. */
export const GIVE_UP_MS = 2000;

/** More killed processes than these are not named one by one: a fork bomb must not flood the log. */
export const NAMED_AT_MOST = 32;

type In<Name extends RestState["name"]> = Extract<RestState, { name: Name }>;
type Of<Type extends CommonFact["type"]> = Extract<CommonFact, { type: Type }>;

/** The step into the end of the rest, who have a moment to end by themselves, and then the grace. */
export function endRest(ending: Omit<Ending, "surveyAtMs">): RestStep {
  return [
    { ...ending, name: "stopping", asked: null, surveyMs: SURVEY_MS.first, surveyAtMs: null },
    [{ type: "count" }],
  ];
}

/** The step that a fact leads to. */
export function reduceRest(state: RestState, fact: CommonFact): RestStep {
  switch (state.name) {
    case "stopping":
      return whileStopping(state, fact);
    case "killing":
      return whileKilling(state, fact);
    case "ended":
      return [state, []];
  }
}

function whileStopping(state: In<"stopping">, fact: CommonFact): RestStep {
  const { policy } = state;
  switch (fact.type) {
    case "signalled":
      return [state, forwardToRest(policy, fact.signal)];
    case "reaped":
      return [state, [...tellReaped(policy, fact.children), { type: "count" }]];
    case "counted":
      if (!fact.anyone) return exit(state.exitCode);
      return planSurvey(
        state,
        state.asked === null ? Math.min(LINGER_MS, policy.graceMs) : SURVEY_MS.first,
        fact.atMs,
      );
    case "surveyed":
      return ask(state, fact);
    case "timer-fired":
      switch (fact.timer) {
        case "survey":
          return [state, [{ type: "survey", withCommands: false }]];
        case "grace":
          return killRest(state, state.asked ?? new Map(), new Map());
        case "kill-after":
        case "give-up":
          return [state, []];
      }
      break;
    case "stopped":
      return [state, []];
  }
}

/**
 * Sends TERM, and CONT because a stopped process cannot die of TERM, to whoever has not had them yet.
 *
 * A new process below one that was asked and is still there is left alone: it may well be how that one cleans up.
 * Should its parent end before it, it is an orphan at the next survey, and asked.
 */
function ask(state: In<"stopping">, fact: Of<"surveyed">): RestStep {
  const { policy, group } = state;
  const first = state.asked === null;
  if (fact.remaining !== null && fact.remaining.length === 0) return exit(state.exitCode);

  const asked = new Map(state.asked);
  const unasked = withoutAskedAncestor(fact.remaining ?? [], asked);
  const targets: Target[] = first && policy.role === "first"
    ? [{ name: "everyone" }] // in one go, and also whom /proc does not show
    : first && fact.remaining === null
    ? ofGroup(group)
    : unasked.map(({ pid }) => ({ name: "process", pid }));

  for (const process of unasked) {
    asked.set(processKey(process), fact.atMs);
  }

  const orders: CommonOrder[] = targets.flatMap((target) => [
    { type: "send-signal", target, signal: SIGTERM },
    { type: "send-signal", target, signal: SIGCONT },
  ]);
  if (targets.length > 0) {
    orders.push(info({ type: "asked", processes: first ? fact.remaining : unasked }));
  }
  if (first) orders.push({ type: "set-timer", timer: "grace", delayMs: policy.graceMs });
  const surveyMs = Math.min(state.surveyMs * 2, SURVEY_MS.longest);
  const [next, more] = planSurvey({ ...state, asked, surveyMs, surveyAtMs: null }, state.surveyMs, fact.atMs);
  return [next, [...orders, ...more]];
}

/** The processes that were not asked themselves and stand below none that was and is still there. */
export function withoutAskedAncestor(
  remaining: readonly Remaining[],
  asked: ReadonlyMap<string, number>,
): readonly Remaining[] {
  const byPid = new Map(remaining.map((process) => [process.pid, process]));
  return remaining.filter((process) => {
    // A survey is no snapshot: where ids were used anew while it was made, parents may go round in a circle.
    const seen = new Set<number>();
    for (let at: Remaining | undefined = process; at !== undefined; at = byPid.get(at.parent)) {
      if (asked.has(processKey(at))) return false;
      if (seen.has(at.pid)) break;
      seen.add(at.pid);
    }
    return true;
  });
}

/** Plans a survey, unless one is due sooner: deaths that follow each other closely must not put it off for ever. */
function planSurvey(state: In<"stopping"> | In<"killing">, delayMs: number, nowMs: number): RestStep {
  const atMs = nowMs + delayMs;
  if (state.surveyAtMs !== null && state.surveyAtMs <= atMs) return [state, []];
  return [{ ...state, surveyAtMs: atMs }, [{ type: "set-timer", timer: "survey", delayMs }]];
}

/**
 * The step into sending KILL to whatever is left. `asked` tells who was sent TERM when, `null` that all were asked in
 * one way or another; `services` whose main program a process is.
 */
export function killRest(
  { policy, group, exitCode }: Omit<Ending, "surveyAtMs">,
  asked: ReadonlyMap<string, number> | null,
  services: ReadonlyMap<number, CutShort>,
): RestStep {
  const named = new Set<string>();
  return [{ name: "killing", policy, group, exitCode, asked, services, named, surveyAtMs: null }, [
    { type: "survey", withCommands: true },
    { type: "set-timer", timer: "give-up", delayMs: GIVE_UP_MS },
  ]];
}

function whileKilling(state: In<"killing">, fact: CommonFact): RestStep {
  const { policy } = state;
  switch (fact.type) {
    case "reaped":
      return [state, [...tellReaped(policy, fact.children), { type: "count" }]];
    case "counted":
      if (!fact.anyone) return exit(state.exitCode);
      return planSurvey(state, SURVEY_MS.first, fact.atMs);
    case "surveyed":
      return kill(state, fact);
    case "timer-fired":
      switch (fact.timer) {
        case "survey":
          return [state, [{ type: "survey", withCommands: true }]];
        case "give-up":
          return giveUp(state.exitCode);
        case "grace":
        case "kill-after":
          return [state, []];
      }
      break;
    case "signalled": // they have KILL already
    case "stopped":
      return [state, []];
  }
}

function giveUp(exitCode: number): RestStep {
  const [ended, orders] = exit(exitCode);
  return [ended, [error({ type: "gave-up" }), ...orders]];
}

/** Sends KILL to all that is left, again for each that is new, and names each once. */
function kill(state: In<"killing">, fact: Of<"surveyed">): RestStep {
  if (fact.remaining !== null && fact.remaining.length === 0) return exit(state.exitCode);
  const orders: CommonOrder[] = [];
  const named = new Set(state.named);
  const unnamed = (reason: "too many" | "no /proc"): CommonOrder =>
    warning({ type: "killed-unnamed", reason, askedMs: state.policy.graceMs });
  for (const process of fact.remaining ?? []) {
    const key = processKey(process);
    if (named.has(key)) continue;
    named.add(key);
    if (named.size === NAMED_AT_MOST + 1) orders.push(unnamed("too many"));
    if (named.size > NAMED_AT_MOST) continue;
    orders.push(warning(killed(state, process, fact.atMs)));
  }
  if (fact.remaining === null && state.named.size === 0) {
    named.add("");
    orders.push(unnamed("no /proc"));
  }
  const targets: Target[] = fact.remaining === null && state.policy.role !== "first"
    ? ofGroup(state.group)
    : [{ name: "everyone" }];
  orders.push(...targets.map((target): CommonOrder => ({ type: "send-signal", target, signal: SIGKILL })));
  const [next, more] = planSurvey({ ...state, named, surveyAtMs: null }, SURVEY_MS.first, fact.atMs);
  return [next, [...orders, ...more]];
}

function killed({ asked, services }: In<"killing">, process: Remaining, atMs: number): Note {
  if (asked === null) return { type: "killed-late", process, of: services.get(process.pid) ?? null };
  const askedAtMs = asked.get(processKey(process));
  return { type: "killed", process, askedMs: askedAtMs === undefined ? null : atMs - askedAtMs };
}

/** After main has ended a signal goes to whoever is left. */
function forwardToRest(policy: RestPolicy, came: number): CommonOrder[] {
  if (came === SIGCHLD) return [];
  const signal = rewritten(policy, came);
  if (signal === 0) return [info({ type: "dropped", signal: came })];
  return [
    { type: "send-signal", target: { name: "everyone" }, signal },
    info({ type: "forwarded", came, signal, target: "rest" }),
  ];
}

/** Where nothing tells who is left: main's group, or else everyone whose group is known, which are the services. */
function ofGroup(group: number | null): Target[] {
  return group === null ? [{ name: "everyone" }] : [{ name: "group", id: group }];
}

/** The signal that goes on in place of one that came; 0 for none. */
export function rewritten(policy: Pick<RestPolicy, "rewrite">, signal: number): number {
  return policy.rewrite.get(signal) ?? signal;
}

/** The last step. */
export function exit(exitCode: number): RestStep {
  return [{ name: "ended", exitCode }, [{ type: "exit", code: exitCode }]];
}

/** Lines about adopted processes that were reaped, where somebody wants them. */
export function tellReaped(
  policy: Pick<RestPolicy, "verbose" | "warnReaped">,
  children: Of<"reaped">["children"],
): CommonOrder[] {
  if (!policy.verbose && !policy.warnReaped) return [];
  return children.map((child) => (policy.warnReaped ? warning : info)({ type: "reaped", child }));
}
