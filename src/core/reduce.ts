/**
 * The heart: what denit does about each fact, in each state.
 *
 * Pure. The same state and fact give the same step, so that every order of events can be tested as values.
 */

import { exitCodeOf } from "./exit_code.ts";
import {
  type Command,
  type Fact,
  type Main,
  type Note,
  type Order,
  type Policy,
  processKey,
  type Remaining,
  type State,
  type Step,
  type Target,
} from "./model.ts";
import { SIGCHLD, SIGCONT, SIGKILL, SIGTERM, STOP_SIGNALS, TERMINAL_STOPS } from "./signals.ts";

/** While something is being stopped: the time to the first look for processes that are new, and to the last. */
const SURVEY_MS = { first: 20, longest: 1000 } as const;

/** How long what was sent KILL may take to be gone. A process in the kernel's uninterruptible sleep may take for ever. */
const GIVE_UP_MS = 2000;

/** More killed processes than these are not named one by one: a fork bomb must not flood the log. */
const NAMED_AT_MOST = 32;

type In<Name extends State["name"]> = Extract<State, { name: Name }>;
type Of<Type extends Fact["type"]> = Extract<Fact, { type: Type }>;

/** The first step of a run. */
export function begin(policy: Policy, command: Command): Step {
  return [{ name: "starting", policy, command, kept: [] }, [{ type: "spawn", command }]];
}

/** The step that a fact leads to. */
export function reduce(state: State, fact: Fact): Step {
  switch (state.name) {
    case "starting":
      return whileStarting(state, fact);
    case "running":
      return whileRunning(state, fact);
    case "stopping":
      return whileStopping(state, fact);
    case "killing":
      return whileKilling(state, fact);
    case "ended":
      return [state, []];
  }
}

function whileStarting(state: In<"starting">, fact: Fact): Step {
  switch (fact.type) {
    case "signalled":
      return [{ ...state, kept: [...state.kept, fact.signal] }, []];
    case "spawned":
      return started(state, fact);
    case "spawn-failed": {
      const exitCode = state.policy.startFailureCodes[fact.failure.name];
      const { command } = state;
      return [{ name: "ended", exitCode }, [
        error({ type: "not-started", command, failure: fact.failure }),
        { type: "exit", code: exitCode },
      ]];
    }
    case "reaped": // children from before an execve(2) of ours
      return [state, tellReaped(state.policy, fact.children)];
    case "stopped":
    case "counted":
    case "surveyed":
    case "timer-fired":
      return [state, []];
  }
}

function started(state: In<"starting">, fact: Of<"spawned">): Step {
  const main: Main = { pid: fact.pid, command: state.command, foreground: fact.foreground };
  const running: State = {
    name: "running",
    policy: state.policy,
    main,
    stopSignal: null,
    forwarded: new Set(),
    handOff: new Set(fact.handOff),
  };
  const orders: Order[] = [info({ type: "started", main })];
  return state.kept.reduce<Step>(
    ([before, soFar], signal) => {
      const [after, more] = reduce(before, { type: "signalled", signal, atMs: fact.atMs });
      return [after, [...soFar, ...more]];
    },
    [running, orders],
  );
}

function whileRunning(state: In<"running">, fact: Fact): Step {
  switch (fact.type) {
    case "signalled":
      return forwardToMain(state, fact);
    case "reaped":
      return reapedWhileRunning(state, fact);
    case "stopped":
      return mainMayHaveStopped(state, fact);
    case "timer-fired":
      if (fact.timer !== "kill-after" || state.stopSignal === null) return [state, []];
      return [state, [
        warning({
          type: "main-killed",
          main: state.main,
          signal: state.stopSignal,
          afterMs: state.policy.killAfterMs!,
        }),
        { type: "send-signal", target: { name: "process", pid: state.main.pid }, signal: SIGKILL },
      ]];
    case "spawned":
    case "spawn-failed":
    case "counted":
    case "surveyed":
      return [state, []];
  }
}

/** The signal that goes on in place of one that came; 0 for none. */
function rewritten(policy: Policy, signal: number): number {
  return policy.rewrite.get(signal) ?? signal;
}

function forwardToMain(state: In<"running">, { signal: came, typed }: Of<"signalled">): Step {
  if (came === SIGCHLD) return [state, []]; // news of our own children
  const { policy, main } = state;
  if (state.handOff.has(came)) {
    const handOff = new Set(state.handOff);
    handOff.delete(came);
    return [{ ...state, handOff }, [info({ type: "dropped", signal: came })]];
  }
  const signal = rewritten(policy, came);
  const stops: Order[] = policy.stopsItself && TERMINAL_STOPS.includes(came) ? [{ type: "stop-self" }] : [];
  if (signal === 0) return [state, [info({ type: "dropped", signal: came }), ...stops]];

  const target = mainTarget(policy, main);
  const orders: Order[] = [
    { type: "send-signal", target, signal },
    info({ type: "forwarded", came, signal, target }),
    ...stops,
  ];
  const forwarded = new Set(state.forwarded);
  if (!typed) forwarded.add(signal);
  if (signal === SIGCONT) TERMINAL_STOPS.forEach((stop) => forwarded.delete(stop));
  const asksToStop = STOP_SIGNALS.includes(came) || STOP_SIGNALS.includes(signal);
  if (!asksToStop || state.stopSignal !== null || policy.killAfterMs === null) {
    return [{ ...state, forwarded }, orders];
  }
  orders.push({ type: "set-timer", timer: "kill-after", delayMs: policy.killAfterMs });
  return [{ ...state, forwarded, stopSignal: signal }, orders];
}

function mainTarget(policy: Policy, main: Main): Target {
  switch (policy.signalTo) {
    case "group":
      return { name: "group", id: main.pid, orLeader: true };
    case "main":
      return { name: "process", pid: main.pid };
    case "all":
      return { name: "everyone" };
  }
}

/**
 * A stop that came from the terminal (Ctrl-Z, a read from the background) is the shell's business above us: it
 * must see us stop too. A stop that was forwarded was meant for main alone.
 */
function mainMayHaveStopped(state: In<"running">, fact: Of<"stopped">): Step {
  if (fact.pid !== state.main.pid) return [state, []];
  const orders: Order[] = [info({ type: "main-stopped", main: state.main, signal: fact.signal })];
  if (TERMINAL_STOPS.includes(fact.signal) && !state.forwarded.has(fact.signal)) {
    orders.push({ type: "suspend-with", group: state.main.pid, signal: fact.signal });
  }
  return [state, orders];
}

function reapedWhileRunning(state: In<"running">, fact: Of<"reaped">): Step {
  const { policy, main } = state;
  const others = fact.children.filter((child) => child.pid !== main.pid);
  const orders = tellReaped(policy, others);
  const ended = fact.children.find((child) => child.pid === main.pid);
  if (ended === undefined) return [state, orders];

  const exitCode = exitCodeOf(ended.status, policy.okExits);
  const note: Note = { type: "main-ended", main, status: ended.status };
  // Killed by somebody else (the kernel, for want of memory) or by a fault of its own: worth a line by itself.
  const unusual = ended.status.name === "killed" && !state.forwarded.has(ended.status.signal) &&
    !ENDS_BY_TERMINAL.includes(ended.status.signal) && state.stopSignal === null;
  orders.push(unusual ? warning(note) : info(note));
  if (main.foreground) orders.push({ type: "reclaim-terminal" });
  const term = rewritten(policy, SIGTERM);
  if (policy.atEnd === "term-and-leave" && policy.signalTo === "group" && term !== 0) {
    orders.push({ type: "send-signal", target: { name: "group", id: main.pid }, signal: term });
  }
  if (policy.atEnd !== "wait") return exit(orders, exitCode);
  orders.push({ type: "count" });
  return [
    { name: "stopping", policy, main, exitCode, asked: null, surveyMs: SURVEY_MS.first, surveyAtMs: null },
    orders,
  ];
}

/** Signals by which programs end that nobody wonders about, also when denit did not forward them: HUP, INT, QUIT, PIPE, TERM. */
const ENDS_BY_TERMINAL: readonly number[] = [1, 2, 3, 13, 15];

function whileStopping(state: In<"stopping">, fact: Fact): Step {
  const { policy } = state;
  switch (fact.type) {
    case "signalled":
      return [state, forwardToRest(policy, fact.signal)];
    case "reaped":
      return [state, [...tellReaped(policy, fact.children), { type: "count" }]];
    case "counted":
      if (!fact.anyone) return exit([], state.exitCode);
      if (state.asked === null) return [state, [{ type: "survey", withCommands: false }]];
      return planSurvey(state, SURVEY_MS.first, fact.atMs);
    case "surveyed":
      return ask(state, fact);
    case "timer-fired":
      switch (fact.timer) {
        case "survey":
          return [state, [{ type: "survey", withCommands: false }]];
        case "grace": {
          const { main, exitCode } = state;
          const asked = state.asked ?? new Map();
          return [{ name: "killing", policy, main, exitCode, asked, named: new Set(), surveyAtMs: null }, [
            { type: "survey", withCommands: true },
            { type: "set-timer", timer: "give-up", delayMs: GIVE_UP_MS },
          ]];
        }
        case "kill-after":
        case "give-up":
          return [state, []];
      }
      break;
    case "spawned":
    case "spawn-failed":
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
function ask(state: In<"stopping">, fact: Of<"surveyed">): Step {
  const { policy, main } = state;
  const first = state.asked === null;
  if (fact.remaining !== null && fact.remaining.length === 0) return exit([], state.exitCode);

  const asked = new Map(state.asked);
  const unasked = withoutAskedAncestor(fact.remaining ?? [], asked);
  const targets: Target[] = first && policy.role === "first"
    ? [{ name: "everyone" }] // in one go, and also whom /proc does not show
    : first && fact.remaining === null
    ? [{ name: "group", id: main.pid }]
    : unasked.map(({ pid }) => ({ name: "process", pid }));

  for (const process of unasked) {
    asked.set(processKey(process), fact.atMs);
  }

  const orders: Order[] = targets.flatMap((target) => [
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
function withoutAskedAncestor(
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
function planSurvey(state: In<"stopping"> | In<"killing">, delayMs: number, nowMs: number): Step {
  const atMs = nowMs + delayMs;
  if (state.surveyAtMs !== null && state.surveyAtMs <= atMs) return [state, []];
  return [{ ...state, surveyAtMs: atMs }, [{ type: "set-timer", timer: "survey", delayMs }]];
}

function whileKilling(state: In<"killing">, fact: Fact): Step {
  const { policy } = state;
  switch (fact.type) {
    case "reaped":
      return [state, [...tellReaped(policy, fact.children), { type: "count" }]];
    case "counted":
      if (!fact.anyone) return exit([], state.exitCode);
      return planSurvey(state, SURVEY_MS.first, fact.atMs);
    case "surveyed":
      return kill(state, fact);
    case "timer-fired":
      switch (fact.timer) {
        case "survey":
          return [state, [{ type: "survey", withCommands: true }]];
        case "give-up":
          return exit([error({ type: "gave-up" })], state.exitCode);
        case "grace":
        case "kill-after":
          return [state, []];
      }
      break;
    case "signalled": // they have KILL already
    case "spawned":
    case "spawn-failed":
    case "stopped":
      return [state, []];
  }
}

/** Sends KILL to all that is left, again for each that is new, and names each once. */
function kill(state: In<"killing">, fact: Of<"surveyed">): Step {
  if (fact.remaining !== null && fact.remaining.length === 0) return exit([], state.exitCode);
  const orders: Order[] = [];
  const named = new Set(state.named);
  const unnamed = (reason: "too many" | "no /proc"): Order =>
    warning({ type: "killed-unnamed", reason, askedMs: state.policy.graceMs });
  for (const process of fact.remaining ?? []) {
    const key = processKey(process);
    if (named.has(key)) continue;
    named.add(key);
    if (named.size === NAMED_AT_MOST + 1) orders.push(unnamed("too many"));
    if (named.size > NAMED_AT_MOST) continue;
    const asked = state.asked.get(key);
    const askedMs = asked === undefined ? null : fact.atMs - asked;
    orders.push(warning({ type: "killed", process, askedMs }));
  }
  if (fact.remaining === null && state.named.size === 0) {
    named.add("");
    orders.push(unnamed("no /proc"));
  }
  const target: Target = fact.remaining === null && state.policy.role !== "first"
    ? { name: "group", id: state.main.pid }
    : { name: "everyone" };
  orders.push({ type: "send-signal", target, signal: SIGKILL });
  const [next, more] = planSurvey({ ...state, named, surveyAtMs: null }, SURVEY_MS.first, fact.atMs);
  return [next, [...orders, ...more]];
}

/** After main has ended a signal goes to whoever is left. */
function forwardToRest(policy: Policy, came: number): Order[] {
  if (came === SIGCHLD) return [];
  const signal = rewritten(policy, came);
  if (signal === 0) return [info({ type: "dropped", signal: came })];
  return [
    { type: "send-signal", target: { name: "everyone" }, signal },
    info({ type: "forwarded", came, signal, target: "rest" }),
  ];
}

function exit(orders: readonly Order[], exitCode: number): Step {
  return [{ name: "ended", exitCode }, [...orders, { type: "exit", code: exitCode }]];
}

function tellReaped(policy: Policy, children: Of<"reaped">["children"]): Order[] {
  if (!policy.verbose && !policy.warnReaped) return [];
  return children.map((child) => (policy.warnReaped ? warning : info)({ type: "reaped", child }));
}

function info(note: Note): Order {
  return { type: "log", level: "info", note };
}

function warning(note: Note): Order {
  return { type: "log", level: "warning", note };
}

function error(note: Note): Order {
  return { type: "log", level: "error", note };
}
