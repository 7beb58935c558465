/** The options of the one-program form: one table for parsing, environment variables and `--help`. */

import type { Policy } from "../core/model.ts";
import { parseSignal, SIGCHLD, SIGKILL, signalNames, SIGSTOP } from "../core/signals.ts";
import type { LogFormat } from "../voice.ts";
import { parseDuration } from "./duration.ts";

/** What the command line and the environment ask for; what they leave out has its default. */
export interface Settings {
  signalTo: Policy["signalTo"];
  rewrite: Map<number, number>;
  graceMs: number;
  killAfterMs: number | null;
  wait: boolean;
  okExits: Set<number>;
  parentDeathSignal: number | null;
  warnReaped: boolean;
  verbosity: "quiet" | "normal" | "verbose";
  logFormat: LogFormat;
}

/** The settings when nothing is asked for. */
export function defaultSettings(): Settings {
  return {
    signalTo: "group",
    rewrite: new Map(),
    graceMs: 8000,
    killAfterMs: null,
    wait: true,
    okExits: new Set(),
    parentDeathSignal: null,
    warnReaped: false,
    verbosity: "normal",
    logFormat: "text",
  };
}

/** A value that an option does not take. */
export interface BadValue {
  /** What would have been right, as the object of "expected". */
  readonly expected: string;
  /** The part of the value that is wrong, if not all of it, and words of which one may have been meant. */
  readonly wrong?: string;
  readonly known?: readonly string[];
}

/** One option. */
export interface Option {
  readonly long: string;
  readonly short?: string;
  /** How its value is called in `--help`; an option without takes none. */
  readonly value?: string;
  /** Whether it may be given several times; in its variable the values are then separated by spaces or commas. */
  readonly repeatable?: true;
  readonly help: string;
  /** Puts a value into the settings, or says what is wrong with it. */
  readonly apply: (settings: Settings, value: string) => BadValue | null;
}

const TRUE: readonly string[] = ["1", "true", "yes", "on"];
const FALSE: readonly string[] = ["0", "false", "no", "off", ""];

/** The options, in the order of `--help`. */
export const OPTIONS: readonly Option[] = [
  {
    long: "signal-to",
    value: "WHOM",
    help: "who gets signals: main's group, main alone, or\nevery process (group, main, all) [group]",
    apply: choice("signalTo", ["group", "main", "all"]),
  },
  {
    long: "rewrite",
    short: "r",
    value: "FROM:TO",
    repeatable: true,
    help: 'forward TO for FROM; "FROM:" drops; repeatable',
    apply(settings, value) {
      const [from = "", to, more] = value.split(":");
      const fromSignal = parseSignal(from);
      const toSignal = to === "" || to === "0" ? 0 : parseSignal(to ?? "");
      if (fromSignal === null || toSignal === null || more !== undefined) {
        const expected = 'FROM:TO, signals by name or number, such as TERM:QUIT, or "HUP:" to drop one';
        return { expected, ...unknownSignal(fromSignal === null ? from : to ?? "") };
      }
      if ([SIGKILL, SIGSTOP, SIGCHLD].includes(fromSignal)) {
        return {
          expected: "a signal that can be forwarded in front of the colon: KILL, STOP and CHLD cannot",
        };
      }
      settings.rewrite.set(fromSignal, toSignal);
      return null;
    },
  },
  {
    long: "grace",
    short: "t",
    value: "DURATION",
    help: "for the rest: time from TERM to KILL [8s]",
    apply: duration("graceMs"),
  },
  {
    long: "kill-after",
    value: "DURATION",
    help: "KILL main so long after INT, TERM, QUIT [off]",
    apply(settings, value) {
      if (value !== "off") return duration("killAfterMs")(settings, value);
      settings.killAfterMs = null;
      return null;
    },
  },
  {
    long: "no-wait",
    help: "leave as soon as main has ended",
    apply: flag((settings, on) => settings.wait = !on),
  },
  {
    long: "ok-exit",
    short: "e",
    value: "CODE",
    repeatable: true,
    help: "exit 0 when main exits with CODE; repeatable",
    apply(settings, value) {
      if (!/^[0-9]{1,3}$/.test(value) || Number(value) > 255) {
        return { expected: "an exit code from 0 to 255" };
      }
      settings.okExits.add(Number(value));
      return null;
    },
  },
  {
    long: "parent-death-signal",
    short: "p",
    value: "SIG",
    help: "the signal denit gets when its parent dies",
    apply(settings, value) {
      const signal = parseSignal(value);
      if (signal === null) {
        return {
          expected: "a signal by name or number, such as TERM, SIGQUIT, 15 or RTMIN+3",
          ...unknownSignal(value),
        };
      }
      settings.parentDeathSignal = signal;
      return null;
    },
  },
  {
    long: "warn-reaped",
    short: "w",
    help: "a line for each adopted process that was reaped",
    apply: flag((settings, on) => settings.warnReaped = on),
  },
  {
    long: "verbose",
    short: "v",
    help: "tell on standard error what happens",
    apply: verbosity("verbose"),
  },
  {
    long: "quiet",
    short: "q",
    help: "say nothing but errors",
    apply: verbosity("quiet"),
  },
  {
    long: "log-format",
    value: "FORMAT",
    help: "how denit's own lines look: text or json [text]",
    apply: choice("logFormat", ["text", "json"]),
  },
];

function unknownSignal(text: string): Pick<BadValue, "wrong" | "known"> {
  return { wrong: text.toUpperCase().replace(/^SIG/, ""), known: signalNames() };
}

/** The environment variable of an option. */
export function variableOf(option: Option): string {
  return `DENIT_${option.long.toUpperCase().replaceAll("-", "_")}`;
}

function choice<Key extends "signalTo" | "logFormat">(
  key: Key,
  words: readonly Settings[Key][],
): Option["apply"] {
  return (settings, value) => {
    const word = words.find((word) => word === value);
    if (word === undefined) return { expected: words.join(", ").replace(/, (\w+)$/, " or $1"), known: words };
    settings[key] = word;
    return null;
  };
}

function duration(key: "graceMs" | "killAfterMs"): Option["apply"] {
  return (settings, value) => {
    const ms = parseDuration(value);
    if (ms === null) {
      return /^[0-9.]+$/.test(value)
        ? { expected: "a duration with its unit, at most a year", known: [`${value}s`] }
        : { expected: "a duration such as 500ms, 8s or 1m30s, at most a year" };
    }
    settings[key] = ms;
    return null;
  };
}

/** Switched off, one of the two leaves the other as it is. */
function verbosity(word: "quiet" | "verbose"): Option["apply"] {
  return flag((settings, on) => {
    if (on) settings.verbosity = word;
    else if (settings.verbosity === word) settings.verbosity = "normal";
  });
}

/** An option that is on or off: `--no-wait` is on, `--no-wait=false` off, which a variable may need. */
function flag(set: (settings: Settings, on: boolean) => void): Option["apply"] {
  return (settings, value) => {
    const word = value.toLowerCase();
    if (!TRUE.includes(word) && !FALSE.includes(word)) {
      return { expected: "true, 1, yes, on, false, 0, no or off" };
    }
    set(settings, TRUE.includes(word));
    return null;
  };
}
