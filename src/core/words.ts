/** How processes, times and endings are told to people. */

import type { Command, Main, Note, Remaining, Status, Target } from "./model.ts";
import { signalName } from "./signals.ts";

/** A note in one sentence, without a period. */
export function describe(note: Note): string {
  switch (note.type) {
    case "started":
      return `started ${note.main.pid} (${describeCommand(note.main.command)})`;
    case "not-started":
      return `Cannot start ${JSON.stringify(note.command[0])}: ${note.failure.reason}`;
    case "forwarded":
      return `forwarded ${describeRewrite(note.came, note.signal)} to ${describeTarget(note.target)}`;
    case "dropped":
      return `dropped ${signalName(note.signal)}`;
    case "main-stopped":
      return `${describeMain(note.main)} was stopped by ${signalName(note.signal)}`;
    case "main-ended":
      return `${describeMain(note.main)} ${describeStatus(note.status)}`;
    case "main-killed":
      return `killed ${describeMain(note.main)}: it had not ended ${describeSeconds(note.afterMs)} after ${
        signalName(note.signal)
      }`;
    case "reaped": {
      const { pid, program, status } = note.child;
      return `reaped ${pid}${program === undefined ? "" : ` (${program})`}, which ${describeStatus(status)}`;
    }
    case "asked": {
      const whom = note.processes === null ? "" : ` (${note.processes.map(({ pid }) => pid).join(", ")})`;
      return `sent SIGTERM to whatever still runs${whom}`;
    }
    case "killed":
      return note.askedMs === null
        ? `killed ${describeProcess(note.process)}: it was started while the rest was being stopped`
        : `killed ${describeProcess(note.process)}: it had not ended ${
          describeSeconds(note.askedMs)
        } after SIGTERM`;
    case "killed-late":
      return note.of === null
        ? `killed ${describeProcess(note.process)}, which still ran`
        : `killed ${note.of.service} ${describeProcess(note.process)}: ${CUT_SHORT[note.of.at]}`;
    case "killed-unnamed":
      return note.reason === "too many"
        ? "killed more processes, which are not named"
        : `killed whatever still ran ${
          describeSeconds(note.askedMs)
        } after SIGTERM; there is no /proc to name it`;
    case "gave-up":
      return "Cannot end everything: some processes survived SIGKILL";
    case "cannot-adopt":
      return "Cannot adopt orphans: denit is not PID 1, and this kernel lets it be no subreaper";
    case "problem":
      return note.message;
  }
}

const CUT_SHORT = {
  "not asked": "it had not been asked to end",
  "pre_stop": "its pre_stop had not ended in time",
  "asked": "it had not ended in time",
} as const;

function describeMain(main: Main): string {
  return `main ${main.pid} (${describeCommand(main.command)})`;
}

function describeTarget(target: Target | "rest"): string {
  if (target === "rest") return "whatever still runs";
  switch (target.name) {
    case "group":
      return `group ${target.id}`;
    case "process":
      return String(target.pid);
    case "everyone":
      return "everyone";
  }
}

function describeRewrite(came: number, signal: number): string {
  return came === signal ? signalName(signal) : `${signalName(came)} as ${signalName(signal)}`;
}

const SHOWN_AT_MOST = 100;

/** A command as one line, cut where it gets long; an argument that would be unclear is quoted. */
export function describeCommand(command: Command): string {
  return shorten(command.map((word) => isPlain(word) ? word : JSON.stringify(word)).join(" "));
}

/** Whether a word stands for itself in a shell. */
export function isPlain(word: string): boolean {
  return /^[\w@%+=:,./-]+$/.test(word);
}

/** `12 (sleep 1000)`. */
export function describeProcess(process: Remaining): string {
  return process.command === undefined ? String(process.pid) : `${process.pid} (${shorten(process.command)})`;
}

/** A line, of which no more is shown than helps. */
export function shorten(line: string, atMost: number = SHOWN_AT_MOST): string {
  return line.length <= atMost ? line : `${line.slice(0, atMost - 1)}…`;
}

/** `ended with 3`, `ended with 139 (SIGSEGV, core dumped)`. */
export function describeStatus(status: Status): string {
  if (status.name === "exited") return `ended with ${status.code}`;
  return `ended with ${128 + status.signal} (${signalName(status.signal)}${
    status.coreDumped ? ", core dumped" : ""
  })`;
}

/** `8s`, `0.3s`. */
export function describeSeconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(ms < 10_000 ? 1 : 0))}s`;
}
