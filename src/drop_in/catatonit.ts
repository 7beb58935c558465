/** denit as catatonit: its command line, variables, streams and exit codes. */

import { type Grammar, readOptions } from "../cli/getopt.ts";
import type { Level, Note, Policy } from "../core/model.ts";
import { signalName, TERMINAL_STOPS } from "../core/signals.ts";
import type { Request } from "../plan.ts";
import { escapeControls, type Line, type Voice } from "../voice.ts";
import { wrapForListenPid } from "./listen_pid.ts";
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

/** The version of catatonit whose behaviour this is; it names tini, whose place it takes too. */
const LIKE = "tini version 0.1.7_catatonit (denit)";

const USAGE = "usage: catatonit [-ghLPV] [--] <program> [<arguments>...]";

const HELP = `${USAGE}

Runs a program as a container's first process, forwards signals to it and reaps
orphans. This is denit in the place of catatonit.

  -g             signals go to the program's process group
  -h             this text
  -L             the licence
  -P             pause: run nothing, reap, and leave at INT or TERM
  -V, --version  the version`;

const GRAMMAR: Grammar = {
  options: new Map(["g", "h", "L", "P", "V", "version"].map((name) => [name, { takesValue: false }])),
  abbreviates: true,
  refusesValues: true,
};

/** Whatever keeps the program from starting, it is a 1. */
const START_FAILURES: Policy["startFailureCodes"] = {
  "not found": 1,
  "no interpreter": 1,
  "not permitted": 1,
  "bad path": 1,
  "not executable": 1,
  "refused": 1,
};

/** Reads catatonit's command line. */
export function parseCatatonit({ words, readVariable, pid }: Invocation): Request {
  const fail = (message: string): Line => err(`ERROR (catatonit:${pid}): ${message}`);
  if (readVariable("CATATONIT_LOG") !== undefined) {
    return say(1, fail("CATATONIT_LOG is kept for later use, and must not be set"));
  }
  const permutes = readVariable("POSIXLY_CORRECT") === undefined;
  const line = readOptions(words, { ...GRAMMAR, permutes });
  let group = false;
  let pause = false;
  for (const { name } of line.options) {
    switch (name) {
      case "g":
        group = true;
        break;
      case "P":
        pause = true;
        break;
      case "h":
        return say(0, err(HELP));
      case "L":
        return say(0, out(LICENCE));
      case "V":
      case "version":
        return say(0, out(LIKE));
    }
  }
  if (line.bad !== null) return say(1, complaint("catatonit", line.bad), err(USAGE));
  const voice = catatonitVoice(readVariable("CATATONIT_DEBUG") !== undefined, pid);
  if (pause) return { name: "pause", voice };
  const [program, ...rest] = line.operands;
  if (program === undefined) return say(1, fail("missing program name"), err(USAGE));

  return {
    name: "run",
    plan: {
      command: [program, ...rest],
      policy: {
        ...SMALL_INIT,
        signalTo: group ? "group" : "main",
        rewrite: new Map([...FAULTS, ...TERMINAL_STOPS].map((signal) => [signal, DROPPED])),
        okExits: new Set(),
        warnReaped: false,
        verbose: true,
        startFailureCodes: START_FAILURES,
      },
      launch: {
        place: "terminal group",
        keepsMask: true,
        keepsIgnored: "all",
        closesInherited: true,
        leavesDirectory: false,
        wrap: wrapForListenPid,
      },
      adopts: true,
      parentDeathSignal: null,
      voice,
    },
  };
}

/** catatonit's voice: all on standard error, its story only where it was asked for. */
function catatonitVoice(debug: boolean, pid: number): Voice {
  const marks: Readonly<Record<Level, string>> = { error: "ERROR", warning: "WARN", info: "DEBUG" };
  return (level, note) => {
    const text = tell(note);
    const story = level === "info" || note.type === "main-ended"; // the end is no warning, however it came
    if (text === null || (story && !debug)) return [];
    return [err(escapeControls(`${marks[level]} (catatonit:${pid}): ${text}`))];
  };
}

function tell(note: Note): string | null {
  switch (note.type) {
    case "not-started":
      return `failed to exec pid1: ${note.failure.systemReason}`;
    case "started":
      return `pid1 (${note.main.pid}) spawned: ${note.main.command[0]}`;
    case "forwarded":
      return `forwarded ${signalName(note.signal)} to pid1`;
    case "reaped":
      return `reaped ${note.child.pid}`;
    case "main-ended":
      return `pid1 (${note.main.pid}) has ended`;
    case "cannot-adopt":
      return "failed to become a subreaper";
    case "problem":
      return note.message;
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
