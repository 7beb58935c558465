/** denit as tini: its command line, variables, streams and exit codes. */

import { type Grammar, readOptions } from "../cli/getopt.ts";
import type { Command, Level, Note, Policy } from "../core/model.ts";
import { parseSignal, signalName } from "../core/signals.ts";
import type { Plan, Request } from "../plan.ts";
import { escapeControls, type Voice } from "../voice.ts";
import {
  complaint,
  DROPPED,
  err,
  FAULTS,
  type Invocation,
  LICENCE,
  out,
  say,
  SMALL_INIT,
} from "./invocation.ts";

/** The version of tini whose behaviour this is. */
const LIKE = "tini version 0.19.0 (denit)";

const USAGE = `Usage: tini [OPTIONS] PROGRAM -- [ARGS] | --version

Runs PROGRAM as a container's first process, forwards signals to it and reaps
orphans. This is denit in the place of tini.

  -s            become a subreaper (also by TINI_SUBREAPER)
  -p SIGNAL     the signal to get when the parent dies, such as SIGKILL
  -v            say more; up to three times (also by TINI_VERBOSITY)
  -w            a warning for each process that is reaped
  -g            signals go to the child's process group (TINI_KILL_PROCESS_GROUP)
  -e EXIT_CODE  turn EXIT_CODE (0 to 255) into 0; repeatable
  -l            the licence
  -h            this text
  --version     the version`;

const FLAGS: readonly string[] = ["s", "v", "w", "g", "l", "h"];
const WITH_VALUE: readonly string[] = ["p", "e"];

/** The exit codes for a program that cannot be started; what is in no row is 1. */
const START_FAILURES: Policy["startFailureCodes"] = {
  "not found": 127,
  "no interpreter": 127,
  "not permitted": 126,
  "bad path": 1,
  "not executable": 1,
  "refused": 1,
};

/** The last signal that tini knows a name for. */
const LAST_STANDARD = 31;
/** Names of signals that others know and tini does not. */
const UNNAMED: readonly string[] = ["SIGSTKFLT", "SIGIOT", "SIGCLD", "SIGIO", "SIGPOLL", "SIGPWR"];
/** The highest verbosity. */
const EVERYTHING = 4;
/** Signals that tini ignores: they mean its own access to the terminal. */
const TERMINAL_ACCESS: readonly number[] = [21, 22];

/** Reads tini's command line. */
export function parseTini({ words, readVariable, pid }: Invocation): Request {
  if (words.length === 1 && words[0] === "--version") return say(0, out(LIKE));

  const grammar: Grammar = {
    options: new Map(
      [...FLAGS, ...WITH_VALUE].map((name) => [name, { takesValue: WITH_VALUE.includes(name) }]),
    ),
    permutes: readVariable("POSIXLY_CORRECT") === undefined,
  };
  const line = readOptions(words, grammar);

  let verbosity = 1;
  let subreaper = readVariable("TINI_SUBREAPER") !== undefined;
  let group = readVariable("TINI_KILL_PROCESS_GROUP") !== undefined;
  let warnReaped = false;
  let parentDeathSignal: number | null = null;
  const okExits = new Set<number>();
  const fatal = (text: string): Request => say(1, err(prefix("FATAL", pid) + text));

  for (const { name, value } of line.options) {
    switch (name) {
      case "s":
        subreaper = true;
        break;
      case "g":
        group = true;
        break;
      case "w":
        warnReaped = true;
        break;
      case "v":
        verbosity++;
        break;
      case "h":
        return say(0, out(USAGE));
      case "l":
        return say(0, out(LICENCE));
      case "p": {
        const named = /^SIG[A-Z]+[0-9]?$/.test(value!) && !UNNAMED.includes(value!);
        const signal = named ? parseSignal(value!) : null;
        if (signal === null || signal > LAST_STANDARD) return fatal(`Not a valid option for -p: ${value}`);
        parentDeathSignal = signal;
        break;
      }
      case "e":
        if (!/^(?:\s*[+-]?[0-9]+)?$/.test(value!) || Number(value) < 0 || Number(value) > 255) {
          return fatal(`Not a valid option for -e: ${value}`);
        }
        okExits.add(Number(value));
        break;
    }
  }
  if (line.bad !== null) return say(1, complaint("tini", line.bad), err(USAGE));
  const [program, ...rest] = line.operands;
  if (program === undefined) return say(1, err(USAGE));

  const variable = readVariable("TINI_VERBOSITY");
  if (variable !== undefined) verbosity = Number.parseInt(variable, 10) || 0;
  if (verbosity < 0) verbosity = EVERYTHING; // tini takes it for a very large number
  return {
    name: "run",
    plan: tiniPlan([program, ...rest], {
      verbosity,
      subreaper,
      group,
      warnReaped,
      parentDeathSignal,
      okExits,
      pid,
    }),
  };
}

interface TiniSettings {
  readonly verbosity: number;
  readonly subreaper: boolean;
  readonly group: boolean;
  readonly warnReaped: boolean;
  readonly parentDeathSignal: number | null;
  readonly okExits: ReadonlySet<number>;
  readonly pid: number;
}

function tiniPlan(command: Command, settings: TiniSettings): Plan {
  const { verbosity, okExits, warnReaped, group, pid } = settings;
  return {
    command,
    policy: {
      signalTo: group ? "group" : "main",
      rewrite: new Map([...FAULTS, ...TERMINAL_ACCESS].map((signal) => [signal, DROPPED])),
      ...SMALL_INIT,
      okExits,
      warnReaped,
      verbose: verbosity > 1,
      startFailureCodes: rewriteOk(START_FAILURES, okExits),
    },
    launch: {
      place: "terminal group",
      keepsMask: true,
      keepsIgnored: "all",
      closesInherited: false,
      leavesDirectory: false,
      wrap: null,
    },
    adopts: settings.subreaper,
    parentDeathSignal: settings.parentDeathSignal,
    voice: tiniVoice(verbosity, pid),
  };
}

/** tini's child is there before its program cannot be started, and `-e` holds for how that child ends. */
function rewriteOk(
  codes: Policy["startFailureCodes"],
  okExits: ReadonlySet<number>,
): Policy["startFailureCodes"] {
  const rewritten = Object.entries(codes).map(([name, code]) => [name, okExits.has(code) ? 0 : code]);
  return Object.fromEntries(rewritten) as Policy["startFailureCodes"];
}

/** tini's voice: what is fatal and what is a warning goes to standard error, its story to standard output. */
function tiniVoice(verbosity: number, pid: number): Voice {
  const wanted: Readonly<Record<Level, boolean>> = {
    error: true,
    warning: verbosity > 0,
    info: verbosity > 1,
  };
  return (level, note) => {
    const told = tell(note);
    if (told === null || !wanted[level]) return [];
    const [text, mark, least] = told;
    if (verbosity < least) return [];
    const line = (least > 1 ? out : err)(escapeControls(prefix(mark, pid) + text));
    if (note.type !== "not-started" || verbosity < 2) return [line];
    return [
      out(escapeControls(`${prefix("INFO", pid)}Cannot spawn child process '${note.command[0]}'`)),
      line,
    ];
  };
}

type Mark = "FATAL" | "WARN " | "INFO " | "DEBUG";

/** The text, how grave it is, and the verbosity from which on it is said. */
function tell(note: Note): readonly [string, Mark, number] | null {
  switch (note.type) {
    case "not-started":
      return [`exec ${note.command[0]} failed: ${note.failure.systemReason}`, "FATAL", 0];
    case "cannot-adopt":
      return [
        "This is neither PID 1 nor a child subreaper: orphans go elsewhere, so zombie reaping won't work. " +
        "Use -s or TINI_SUBREAPER, or run it as PID 1.",
        "WARN ",
        1,
      ];
    case "reaped":
      return [`Reaped zombie process with pid=${note.child.pid}`, "WARN ", 1];
    case "started":
      return [`Spawned child process '${note.main.command[0]}' with pid '${note.main.pid}'`, "INFO ", 2];
    case "main-ended":
      return note.status.name === "exited"
        ? [`Main child exited normally (with status '${note.status.code}')`, "INFO ", 2]
        : [`Main child exited with signal (with signal '${signalName(note.status.signal)}')`, "INFO ", 2];
    case "forwarded":
      return [`Passing signal: '${signalName(note.signal)}'`, "DEBUG", 3];
    case "problem":
      return [note.message, "WARN ", 1];
    case "dropped":
    case "main-stopped":
    case "main-killed":
    case "asked":
    case "killed":
    case "killed-late":
    case "killed-unnamed":
    case "gave-up":
      return null;
  }
}

function prefix(mark: string, pid: number): string {
  return `[${mark.padEnd(5)} tini (${pid})] `;
}
