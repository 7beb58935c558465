/** denit, wired together. */

import { readVariable, restoreEnvironment } from "../ffi/environment.ts";
import { invokedName } from "../ffi/libc.ts";
import { AT_ONCE, waitToWrite } from "../ffi/output.ts";
import { readOwnWords } from "../ffi/proc.ts";
import {
  becomeSubreaper,
  endBy,
  exitNow,
  parentId,
  sendSignal,
  setParentDeathSignal,
} from "../ffi/process.ts";
import { makeWait } from "./calm.ts";
import { type OwnRequest, parseCommandLine } from "./cli/parse.ts";
import type { Problem } from "./cli/settings.ts";
import { DENIT_FAILED } from "./core/exit_code.ts";
import type { Policy, Role, TimerName } from "./core/model.ts";
import { begin, reduce } from "./core/reduce.ts";
import { SIGINT, SIGTERM, STOP_SIGNALS } from "./core/signals.ts";
import { chooseDropIn, EXEC_WITH_LISTEN_PID } from "./drop_in/choose.ts";
import { factSource, reapChildren } from "./fact_source.ts";
import { type Log, makeLog } from "./log.ts";
import { runLoop } from "./loop.ts";
import { performer } from "./perform.ts";
import type { Plan, Request } from "./plan.ts";
import { loadConfig, loadExtras, loadServices, loadSuggest } from "./load_parts.ts";
import type { Host } from "./services/host.ts";
import { PRINT_PROJECT } from "./print_project.ts";
import { catchAllSignals, type SignalSource } from "./signal_source.ts";
import { Timers } from "./timers.ts";
import { type Line, makeVoice, type Voice } from "./voice.ts";

/** How long the exit waits for whoever reads standard error. */
const FLUSH_MS = 500;

const signals = catchAllSignals();
const dropIn = chooseDropIn(invokedName(), Deno.args);
if (signals === null) {
  const message =
    "Cannot catch signals: this system gives no descriptor, or no page of memory that may be executed";
  refuse({ message }, makeVoice("error", "text"));
} else if (Deno.args[0] === EXEC_WITH_LISTEN_PID) becomeListener(Deno.args.slice(1), signals);
else if (Deno.args[0] === PRINT_PROJECT) loadConfig().printProject(Deno.args.slice(1), hostWith(signals));
else if (dropIn === null) answerOwn(parseCommandLine(withoutAs(Deno.args), readVariable), signals);
else if ("unknown" in dropIn) refuseName(dropIn.unknown, dropIn.known);
else {
  const { name, words } = dropIn;
  answer(loadExtras().PARSERS[name]({ words, readVariable, pid: Deno.pid }), signals);
}

/** See src/drop_in/listen_pid.ts: we are started in the program's place, and say what catatonit says if we cannot. */
function becomeListener(command: readonly string[], signals: SignalSource): never {
  for (const signal of signals.take()) endBy(signal); // they were meant for the program that we become
  const reason = loadExtras().execWithListenPid(command, signals);
  return say(
    [{ stream: "stderr", text: `ERROR (catatonit:${Deno.pid}): failed to exec pid1: ${reason}` }],
    1,
  );
}

/** Does what denit's own command line asks for; what is not needed for a run is loaded here. */
async function answerOwn(request: OwnRequest, signals: SignalSource): Promise<void> {
  switch (request.name) {
    case "run":
      return run(request.plan, signals);
    case "up":
      return loadServices().up(request.words, hostWith(signals));
    case "config":
      return loadConfig().config(request.words, hostWith(signals));
    case "help":
      return say([{ stream: "stdout", text: loadExtras().helpText() }], 0);
    case "version":
      return say([{ stream: "stdout", text: `denit ${loadExtras().VERSION}` }], 0);
    case "refuse":
      return await refuse(request.problem, makeVoice("error", request.settings.logFormat));
  }
}

function hostWith(signals: SignalSource): Host {
  return { signals, takeRole, dieWithParent, loadConfig, say, exit };
}

function answer(request: Request, signals: SignalSource): never {
  switch (request.name) {
    case "run":
      return run(request.plan, signals);
    case "pause":
      return pause(makeLog(request.voice), signals);
    case "say":
      return say(request.lines, request.exitCode);
  }
}

function run(plan: Plan, signals: SignalSource): never {
  const log = makeLog(plan.voice);
  restoreEnvironment();
  const role = takeRole(plan.adopts, log);
  if (plan.parentDeathSignal !== null) dieWithParent(plan.parentDeathSignal);

  const policy: Policy = { ...plan.policy, role };
  const named = policy.verbose || policy.warnReaped;
  const timers = new Timers<TimerName>();
  const perform = performer({
    ownPid: Deno.pid,
    role,
    ignored: signals.ignored,
    blocked: signals.blocked,
    news: signals.descriptor,
    launch: plan.launch,
    rawCommand: rawWords(plan.command),
    timers,
    log,
    exit: (code, signal) => exit(code, log, FLUSH_MS, signal),
  });
  return runLoop({
    first: begin(policy, plan.command),
    reduce,
    perform,
    nextFacts: factSource(signals, timers, log, named),
    report: (error) => {
      log.write("error", { type: "problem", message: `Cannot go on as meant: ${String(error)}` });
    },
  });
}

/** Runs nothing: reaps what it is given until it is asked to leave. */
function pause(log: Log, signals: SignalSource): never {
  takeRole(true, log);
  const waitFor = makeWait();
  for (;;) {
    while (reapChildren(false).length > 0);
    waitFor(null, (limitMs) => signals.wait(limitMs, log.unwritten()));
    log.drain();
    const came = signals.take();
    if (came.includes(SIGINT) || came.includes(SIGTERM)) exit(0, log);
  }
}

function takeRole(adopts: boolean, log: Log): Role {
  if (Deno.pid === 1) return "first";
  if (adopts && becomeSubreaper()) return "subreaper";
  log.write("warning", { type: "cannot-adopt" });
  return "neither";
}

/** A parent that has died before we asked sends nothing any more: then the signal is due now. */
function dieWithParent(signal: number): void {
  const parent = parentId();
  setParentDeathSignal(signal);
  if (parentId() !== parent) sendSignal(Deno.pid, signal);
}

/** The command's words as bytes, if one of them was no UTF-8 and lost something on the way into a string. */
function rawWords(command: readonly string[]): readonly Uint8Array[] | null {
  return command.some((word) => word.includes("\ufffd"))
    ? readOwnWords()?.slice(-command.length) ?? null
    : null;
}

/** `--as denit` chooses what denit is anyway. */
function withoutAs(words: readonly string[]): readonly string[] {
  if (words[0] === "--as") return words.slice(2);
  return words[0] === "--as=denit" ? words.slice(1) : words;
}

function refuseName(wrong: string, known: readonly string[]): Promise<never> {
  const message = `--as: ${JSON.stringify(wrong)} is not valid; expected ${known.join(", ")}`;
  return refuse({ message, wrong, known }, makeVoice("error", "text"));
}

async function refuse({ message, wrong, known }: Problem, voice: Voice): Promise<never> {
  const meant = wrong === undefined ? null : (await loadSuggest()).suggest(wrong, known ?? []);
  const whole = meant === null ? message : `${message}; did you mean ${JSON.stringify(meant)}?`;
  return say(voice("error", { type: "problem", message: whole }), DENIT_FAILED);
}

/** Says something and leaves. On standard output is what was asked for: whoever reads it gets all of it. */
function say(lines: readonly Line[], code: number): never {
  const told = lines.filter(({ stream }) => stream === "stderr");
  const log = makeLog(() => told);
  log.write("info", { type: "problem", message: "" });
  const asked = lines.filter(({ stream }) => stream === "stdout").map(({ text }) => `${text}\n`).join("");
  if (asked === "" || signals === null) return exit(code, log);
  flush(log, FLUSH_MS);
  const failure = writeWhole(asked, signals);
  if (failure === null || dropIn !== null) return exitNow(code); // those that denit stands in for do not look
  const message = `Cannot write to standard output: ${failure}`;
  return say(makeVoice("error", "text")("error", { type: "problem", message }), DENIT_FAILED);
}

/** Writes as any tool does: waits for a slow reader until a signal ends that. Why it cannot; a reader may leave. */
function writeWhole(text: string, signals: SignalSource): string | null {
  try {
    for (let rest = new TextEncoder().encode(text); rest.length > 0;) {
      signals.wait(null, [1]);
      for (const signal of signals.take()) leaveBy(signal);
      if (waitToWrite([1], 0) === 0) continue;
      rest = rest.subarray(Deno.stdout.writeSync(rest.subarray(0, AT_ONCE)));
    }
    return null;
  } catch (error) {
    const { message } = error as Error;
    return error instanceof Deno.errors.BrokenPipe ? null : message.replace(/ \(os error \d+\)$/, "");
  }
}

/** The kernel spares PID 1 what the signal does by default. */
function leaveBy(signal: number): void {
  endBy(signal);
  if (STOP_SIGNALS.includes(signal)) exitNow(128 + signal);
}

/** Leaves, once what was said is written or nobody takes it; by the signal, if there is one. */
function exit(code: number, log: Log, limitMs = FLUSH_MS, signal: number | null = null): never {
  flush(log, limitMs);
  if (signal !== null) endBy(signal);
  return exitNow(code);
}

function flush(log: Log, limitMs: number): void {
  const until = performance.now() + limitMs;
  for (let left; log.unwritten().length > 0 && (left = until - performance.now()) > 0; log.drain()) {
    waitToWrite(log.unwritten(), left);
  }
}
