/** denit, wired together. */

import { readVariable, restoreEnvironment } from "../ffi/environment.ts";
import { invokedName } from "../ffi/libc.ts";
import { readOwnWords } from "../ffi/proc.ts";
import { becomeSubreaper, exitNow, parentId, sendSignal, setParentDeathSignal } from "../ffi/process.ts";
import { reapChildren } from "./child_source.ts";
import { type OwnRequest, parseCommandLine, type Problem } from "./cli/parse.ts";
import { DENIT_FAILED } from "./core/exit_code.ts";
import type { Policy, Role } from "./core/model.ts";
import { begin, reduce } from "./core/reduce.ts";
import { SIGCHLD, SIGINT, SIGTERM } from "./core/signals.ts";
import { chooseDropIn, EXEC_WITH_LISTEN_PID } from "./drop_in/choose.ts";
import { type Log, makeLog } from "./log.ts";
import { startLoop } from "./loop.ts";
import { performer } from "./perform.ts";
import type { Plan, Request } from "./plan.ts";
import { catchSignals, type SignalSource } from "./signal_source.ts";
import { type Line, makeVoice } from "./voice.ts";

/** How long the exit waits for whoever reads standard error. */
const FLUSH_MS = 500;
const LONGEST_DELAY_MS = 2 ** 31 - 1;

const signals = catchSignals();
const dropIn = chooseDropIn(invokedName(), Deno.args);
if (Deno.args[0] === EXEC_WITH_LISTEN_PID) becomeListener(Deno.args.slice(1));
else if (dropIn === null) answerOwn(parseCommandLine(withoutAs(Deno.args), readVariable));
else if ("unknown" in dropIn) refuseName(dropIn.unknown, dropIn.known);
else {
  dropIn.load().then((parse) => answer(parse({ words: dropIn.words, readVariable, pid: Deno.pid })));
}

/** See src/drop_in/listen_pid.ts: we are started in the program's place, and say what catatonit says if we cannot. */
async function becomeListener(command: readonly string[]): Promise<void> {
  const { execWithListenPid } = await import("./drop_in/listen_pid.ts");
  const reason = execWithListenPid(command, signals.ignored);
  say([{ stream: "stderr", text: `ERROR (catatonit:${Deno.pid}): failed to exec pid1: ${reason}` }], 1);
}

/** Does what denit's own command line asks for; what most runs do not need is loaded here. */
async function answerOwn(request: OwnRequest): Promise<void> {
  switch (request.name) {
    case "run":
      return run(request.plan, signals);
    case "help":
      return say([{ stream: "stdout", text: (await import("./cli/help.ts")).helpText() }], 0);
    case "version":
      return say([{ stream: "stdout", text: `denit ${(await import("./version.ts")).VERSION}` }], 0);
    case "refuse":
      return await refuse(request.problem, makeLog(makeVoice("error", request.settings.logFormat)));
  }
}

function answer(request: Request): void {
  switch (request.name) {
    case "run":
      return run(request.plan, signals);
    case "pause":
      return pause(makeLog(request.voice), signals);
    case "say":
      return say(request.lines, request.exitCode);
  }
}

function run(plan: Plan, signals: SignalSource): void {
  const log = makeLog(plan.voice);
  restoreEnvironment();
  const role = takeRole(plan.adopts, log);
  if (plan.parentDeathSignal !== null) dieWithParent(plan.parentDeathSignal);
  if (!signals.complete) {
    const message = "Cannot catch real-time signals: this system allows no handler for them";
    log.write("warning", { type: "problem", message });
  }

  const policy: Policy = { ...plan.policy, role };
  const named = policy.verbose || policy.warnReaped;
  const perform = performer({
    ownPid: Deno.pid,
    role,
    ignored: signals.ignored,
    blocked: signals.blocked,
    launch: plan.launch,
    rawCommand: rawWords(plan.command),
    log,
    exit: (code) => exit(code, log),
  });
  const report = (error: unknown): void => {
    log.write("error", { type: "problem", message: `Cannot go on as meant: ${String(error)}` });
  };
  const dispatch = startLoop(begin(policy, plan.command), reduce, perform, report);

  goOnWhateverHappens(report);
  signals.deliverTo((signal) => {
    if (signal === SIGCHLD) reapChildren(dispatch, named);
    else dispatch({ type: "signalled", signal, atMs: performance.now() });
  });
  reapChildren(dispatch, named); // who ended before we listened
}

/** Runs nothing: reaps what it is given until it is asked to leave. */
function pause(log: Log, signals: SignalSource): void {
  takeRole(true, log);
  goOnWhateverHappens(() => {});
  const reap = (): void => reapChildren(() => {}, false);
  signals.deliverTo((signal) => {
    if (signal === SIGCHLD) reap();
    else if (signal === SIGINT || signal === SIGTERM) exit(0, log);
  });
  reap();
}

/** What is started depends on us: from here on no error of ours may end the process, nor want of anything to do. */
function goOnWhateverHappens(report: (error: unknown) => void): void {
  addEventListener("error", (event) => (event.preventDefault(), report(event.error)));
  addEventListener("unhandledrejection", (event) => (event.preventDefault(), report(event.reason)));
  setInterval(() => {}, LONGEST_DELAY_MS); // listeners alone do not keep the runtime alive
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

function refuseName(wrong: string, known: readonly string[]): void {
  const message = `--as: ${JSON.stringify(wrong)} is not valid; expected ${known.join(", ")}`;
  refuse({ message, wrong, known }, makeLog(makeVoice("error", "text")));
}

async function refuse({ message, wrong, known }: Problem, log: Log): Promise<void> {
  const { suggest } = await import("./cli/suggest.ts");
  const meant = wrong === undefined ? null : suggest(wrong, known ?? []);
  const whole = meant === null ? message : `${message}; did you mean ${JSON.stringify(meant)}?`;
  log.write("error", { type: "problem", message: whole });
  exit(DENIT_FAILED, log);
}

function say(lines: readonly Line[], code: number): void {
  const log = makeLog(() => lines);
  log.write("info", { type: "problem", message: "" });
  exit(code, log);
}

function exit(code: number, log: Log): void {
  if (log.idle) exitNow(code);
  log.flush(FLUSH_MS).then(() => exitNow(code));
}
