/** denit, wired together. */

import { readVariable, restoreEnvironment } from "../ffi/environment.ts";
import { readOwnArguments } from "../ffi/proc.ts";
import { becomeSubreaper, exitNow, parentId, sendSignal, setParentDeathSignal } from "../ffi/process.ts";
import { reapChildren } from "./child_source.ts";
import { parseCommandLine, type Problem } from "./cli/parse.ts";
import { DENIT_FAILED } from "./core/exit_code.ts";
import type { Policy, Role } from "./core/model.ts";
import { begin, reduce } from "./core/reduce.ts";
import { SIGCHLD } from "./core/signals.ts";
import { type Log, makeLog } from "./log.ts";
import { startLoop } from "./loop.ts";
import { performer } from "./perform.ts";
import { catchAllSignals, type SignalSource } from "./signal_source.ts";

/** How long the exit waits for whoever reads standard error. */
const FLUSH_MS = 500;

const signals = catchAllSignals();
const request = parseCommandLine(Deno.args, readVariable);
switch (request.name) {
  case "help":
    await print((await import("./cli/help.ts")).helpText());
    break;
  case "version":
    await print(`denit ${(await import("./version.ts")).VERSION}\n`);
    break;
  case "refuse":
    await refuse(request.problem, makeLog("error", request.settings.logFormat));
    break;
  case "run":
    if (signals === null) {
      const message = "Cannot catch signals: this system gives no page of memory that may be executed";
      await refuse({ message }, makeLog("error", request.settings.logFormat));
    } else run(request, signals);
}

type RunRequest = Extract<typeof request, { name: "run" }>;

function run({ settings, command }: RunRequest, signals: SignalSource): void {
  const level = ({ quiet: "error", normal: "warning", verbose: "info" } as const)[settings.verbosity];
  const log = makeLog(level, settings.logFormat);
  restoreEnvironment();
  const role = takeRole(log);
  if (settings.parentDeathSignal !== null) dieWithParent(settings.parentDeathSignal);

  const policy: Policy = { ...settings, verbose: settings.verbosity === "verbose", role };
  const named = policy.verbose || policy.warnReaped;
  const perform = performer({
    ownPid: Deno.pid,
    role,
    ignored: signals.ignored,
    rawCommand: rawWords(command),
    log,
    exit: (code) => exit(code, log),
  });
  const report = (error: unknown): void => log.write("error", `Cannot go on as meant: ${String(error)}`);
  const dispatch = startLoop(begin(policy, command), reduce, perform, report);

  // What is started depends on us: from here on no error of ours may end the process.
  addEventListener("error", (event) => (event.preventDefault(), report(event.error)));
  addEventListener("unhandledrejection", (event) => (event.preventDefault(), report(event.reason)));
  setInterval(() => {}, 2 ** 31 - 1); // listeners alone do not keep the runtime alive
  signals.deliverTo((signal) => {
    if (signal === SIGCHLD) reapChildren(dispatch, named);
    else dispatch({ type: "signalled", signal, atMs: performance.now() });
  });
  reapChildren(dispatch, named); // who ended before we listened
}

function takeRole(log: Log): Role {
  if (Deno.pid === 1) return "first";
  if (becomeSubreaper()) return "subreaper";
  log.write("warning", "Cannot adopt orphans: denit is not PID 1, and this kernel lets it be no subreaper");
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
  return command.some((word) => word.includes("\ufffd")) ? readOwnArguments(command.length) : null;
}

function exit(code: number, log: Log): void {
  if (log.idle) exitNow(code);
  log.flush(FLUSH_MS).then(() => exitNow(code));
}

async function print(text: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(text)).catch(() => {}); // nobody reads: no error of ours
  exitNow(0);
}

async function refuse({ message, wrong, known }: Problem, log: Log): Promise<void> {
  const { suggest } = await import("./cli/suggest.ts");
  const meant = wrong === undefined ? null : suggest(wrong, known ?? []);
  log.write("error", meant === null ? message : `${message}; did you mean ${JSON.stringify(meant)}?`);
  exit(DENIT_FAILED, log);
}
