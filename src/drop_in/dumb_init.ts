/** denit as dumb-init: its command line, variables, streams and exit codes. */

import { type Grammar, readOptions } from "../cli/getopt.ts";
import { exitCodeOf } from "../core/exit_code.ts";
import type { Note, Policy } from "../core/model.ts";
import { SIGCHLD, SIGSTOP, SIGTERM, TERMINAL_STOPS } from "../core/signals.ts";
import type { Request } from "../plan.ts";
import { escapeControls, type Voice } from "../voice.ts";
import { complaint, DROPPED, err, type Invocation, say, SMALL_INIT } from "./invocation.ts";

/** The version of dumb-init whose behaviour this is. */
const LIKE = "dumb-init v1.2.5 (denit)";

const SHORT_USAGE = `Usage: dumb-init [option] program [args]
Try dumb-init --help for full usage.`;

const USAGE = `${LIKE}
Usage: dumb-init [option] program [args]

Runs a program as a container's first process: forwards signals to its session
and reaps orphans. This is denit in the place of dumb-init.

   -c, --single-child   no session: signals go to the direct child alone
                        (also by DUMB_INIT_SETSID=0)
   -r, --rewrite s:r    forward signal r in place of s, both as numbers;
                        0 in the place of r: do not forward it; repeatable
   -v, --verbose        tell on standard error what happens
                        (also by DUMB_INIT_DEBUG=1)
   -h, --help           this text
   -V, --version        the version`;

const REWRITE_USAGE = `Usage: -r option takes <signum>:<signum>, where <signum> is between 1 and 31.
This option can be specified multiple times.
Use --help for full usage.`;

const LONG_NAMES: Readonly<Record<string, string>> = {
  c: "single-child",
  r: "rewrite",
  v: "verbose",
  h: "help",
  V: "version",
};

const GRAMMAR: Grammar = {
  options: new Map(
    Object.entries(LONG_NAMES).flatMap((names) =>
      names.map((name) => [name, { takesValue: names[0] === "r" }] as const)
    ),
  ),
  abbreviates: true,
  refusesValues: true,
};

const LAST_SIGNAL = 31;

/** Whatever keeps the program from starting, it is a 2. */
const START_FAILURES: Policy["startFailureCodes"] = {
  "not found": 2,
  "no interpreter": 2,
  "not permitted": 2,
  "bad path": 2,
  "not executable": 2,
  "refused": 1,
};

/** Reads dumb-init's command line. */
export function parseDumbInit({ words, readVariable }: Invocation): Request {
  const line = readOptions(words, GRAMMAR);
  let debug = readVariable("DUMB_INIT_DEBUG") === "1";
  let session = readVariable("DUMB_INIT_SETSID") !== "0";
  const rewrite = new Map<number, number>();
  for (const { name, value } of line.options) {
    switch (name.length === 1 ? LONG_NAMES[name] : name) {
      case "help":
        return say(0, err(USAGE));
      case "version":
        return say(0, err(LIKE));
      case "verbose":
        debug = true;
        break;
      case "single-child":
        session = false;
        break;
      case "rewrite": {
        const [, from, to] = /^\s*([+-]?[0-9]+):\s*([+-]?[0-9]+)/.exec(value ?? "") ?? [];
        const valid = from !== undefined && Number(from) >= 1 && Number(from) <= LAST_SIGNAL &&
          Number(to) >= 0 && Number(to) <= LAST_SIGNAL;
        if (!valid) return say(1, err(REWRITE_USAGE));
        rewrite.set(Number(from), Number(to));
        break;
      }
    }
  }
  if (line.bad !== null) return say(1, complaint("dumb-init", line.bad), err(SHORT_USAGE));
  const [program, ...rest] = line.operands;
  if (program === undefined) return say(1, err(SHORT_USAGE));
  // A session of its own is an orphaned process group, in which TSTP and its like stop nobody.
  if (session) { for (const stop of TERMINAL_STOPS) if (!rewrite.has(stop)) rewrite.set(stop, SIGSTOP); }

  return {
    name: "run",
    plan: {
      command: [program, ...rest],
      policy: {
        ...SMALL_INIT,
        signalTo: session ? "group" : "main",
        rewrite,
        atEnd: "term-and-leave",
        stopsItself: true,
        okExits: new Set(),
        warnReaped: false,
        verbose: debug,
        startFailureCodes: START_FAILURES,
      },
      launch: {
        place: session ? "own session" : "our group",
        keepsMask: false,
        keepsIgnored: "real-time",
        closesInherited: false,
        leavesDirectory: true,
        wrap: null,
      },
      adopts: false,
      parentDeathSignal: null,
      voice: dumbInitVoice(debug, {
        atStart: [
          ...readVariable("DUMB_INIT_DEBUG") === "1" ? ["Running in debug mode."] : [],
          ...readVariable("DUMB_INIT_SETSID") === "0" ? ["Not running in setsid mode."] : [],
        ],
        session,
        termAs: rewrite.get(SIGTERM) ?? SIGTERM,
      }),
    },
  };
}

/** What its story tells of how it was called. */
interface Setting {
  readonly atStart: readonly string[];
  readonly session: boolean;
  /** What the program's group gets in place of TERM when it has ended. */
  readonly termAs: number;
}

/** dumb-init's voice: all on standard error, its story only where it was asked for. */
function dumbInitVoice(debug: boolean, setting: Setting): Voice {
  return (_level, note) => {
    if (!debug && note.type !== "not-started" && note.type !== "problem") return [];
    return tell(note, setting).map((text) => err(escapeControls(`[dumb-init] ${text}`)));
  };
}

function tell(note: Note, { atStart, session, termAs }: Setting): readonly string[] {
  switch (note.type) {
    case "not-started":
      return [`${note.command[0]}: ${note.failure.systemReason}`];
    case "started":
      return [
        ...atStart,
        `Child spawned with PID ${note.main.pid}.`,
        ...session ? ["setsid complete."] : [],
      ];
    case "forwarded":
      return [`Received signal ${note.came}.`, forwarded(note.signal)];
    case "dropped":
      return [`Received signal ${note.signal}.`, notForwarded(note.signal)];
    case "reaped":
      return [`A child with PID ${note.child.pid} ${ending(note.child.status)}.`];
    case "main-ended":
      return [
        `Received signal ${SIGCHLD}.`,
        `A child with PID ${note.main.pid} ${ending(note.status)}.`,
        termAs === DROPPED ? notForwarded(SIGTERM) : forwarded(termAs),
        `Child exited with status ${exitCodeOf(note.status, new Set())}. Goodbye.`,
      ];
    case "problem":
      return [note.message];
    case "cannot-adopt":
    case "main-stopped":
    case "main-killed":
    case "asked":
    case "killed":
    case "killed-late":
    case "killed-unnamed":
    case "gave-up":
      return [];
  }
}

function forwarded(signal: number): string {
  return `Forwarded signal ${signal} to children.`;
}

function notForwarded(signal: number): string {
  return `Not forwarding signal ${signal} to children (ignored).`;
}

function ending(status: Extract<Note, { type: "main-ended" }>["status"]): string {
  return status.name === "exited"
    ? `exited with exit status ${status.code}`
    : `was terminated by signal ${status.signal}`;
}
