/**
 * The heart: what denit does about each fact, in each state.
 *
 * Pure. The same state and fact give the same step, so that every order of events can be tested as values.
 */

import { exitCodeOf } from "./exit_code.ts";
import type { Command, Fact, Main, Note, Order, Policy, State, Status, Step } from "./model.ts";
import { endRest, exit, reduceRest, rewritten, tellReaped } from "./rest.ts";
import { error, info, warning } from "./say.ts";
import {
  SIGCHLD,
  SIGCONT,
  SIGINT,
  SIGKILL,
  SIGSTOP,
  SIGTERM,
  STOP_SIGNALS,
  TERMINAL_STOPS,
} from "./signals.ts";
import { targetOf } from "./target.ts";

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
    case "killing":
    case "ended":
      if (fact.type === "spawned" || fact.type === "spawn-failed") return [state, []];
      return reduceRest(state, fact);
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

  const target = targetOf(policy.signalTo, main.pid);
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

/**
 * A stop that came from the terminal (Ctrl-Z, a read from the background) is the shell's business above us: it
 * must see us stop too. So is a STOP of who has the terminal, such as a shell's `suspend`. A stop that was forwarded was
 * meant for main alone.
 */
function mainMayHaveStopped(state: In<"running">, fact: Of<"stopped">): Step {
  const { main } = state;
  if (fact.pid !== main.pid) return [state, []];
  const told = info({ type: "main-stopped", main, signal: fact.signal });
  const forwarded = new Set(state.forwarded);
  // What was forwarded explains one stop: somebody else may continue main, and then the terminal stop it.
  if (forwarded.delete(fact.signal)) return [{ ...state, forwarded }, [told]];
  const concernsShell = TERMINAL_STOPS.includes(fact.signal) || fact.signal === SIGSTOP && main.foreground;
  if (!concernsShell) return [state, [told]];
  return [
    { ...state, main: { ...main, foreground: true } },
    [told, { type: "suspend-with", group: main.pid, signal: fact.signal }],
  ];
}

function reapedWhileRunning(state: In<"running">, fact: Of<"reaped">): Step {
  const { policy, main } = state;
  const others = fact.children.filter((child) => child.pid !== main.pid);
  const orders: Order[] = tellReaped(policy, others);
  const ended = fact.children.find((child) => child.pid === main.pid);
  if (ended === undefined) return [state, orders];

  const exitCode = exitCodeOf(ended.status, policy.okExits);
  const note: Note = { type: "main-ended", main, status: ended.status };
  // Killed by somebody else (the kernel, for want of memory) or by a fault of its own: worth a line by itself.
  const unusual = ended.status.name === "killed" && !state.forwarded.has(ended.status.signal) &&
    !ENDS_BY_TERMINAL.includes(ended.status.signal) && state.stopSignal === null;
  orders.push(unusual ? warning(note) : info(note));
  if (main.foreground) orders.push({ type: "reclaim-terminal" });
  if (isInterrupted(state, ended.status) && exitCode !== 0) orders.push({ type: "leave-by-interrupt" });
  const term = rewritten(policy, SIGTERM);
  if (policy.atEnd === "term-and-leave" && policy.signalTo === "group" && term !== 0) {
    orders.push({ type: "send-signal", target: { name: "group", id: main.pid }, signal: term });
  }
  const [next, more] = policy.atEnd === "wait"
    ? endRest({ policy, group: main.pid, exitCode })
    : exit(exitCode);
  return [next, [...orders, ...more]];
}

/** Whether Ctrl-C has ended main: a shell ends its loop then only if it sees us end in that way, too. */
function isInterrupted({ policy, main, forwarded }: In<"running">, status: Status): boolean {
  return status.name === "killed" && status.signal === SIGINT && main.foreground && !forwarded.has(SIGINT) &&
    policy.role !== "first";
}

/** Signals by which programs end that nobody wonders about, also when denit did not forward them: HUP, INT, QUIT, PIPE, TERM. */
const ENDS_BY_TERMINAL: readonly number[] = [1, 2, 3, 13, 15];
