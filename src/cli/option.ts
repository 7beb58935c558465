/** What an option is, and those that both forms of a run have. */

import { parseSignal, signalNames } from "../core/signals.ts";
import type { LogFormat } from "../voice.ts";
import { parseDuration } from "./duration.ts";

/** A value that an option does not take. */
export interface BadValue {
  /** What would have been right, as the object of "expected". */
  readonly expected: string;
  /** The part of the value that is wrong, if not all of it, and words of which one may have been meant. */
  readonly wrong?: string;
  readonly known?: readonly string[];
}

/** One option, which puts its value into settings. */
export interface Option<Settings> {
  readonly long: string;
  readonly short?: string;
  /** How its value is called in `--help`; an option without takes none. */
  readonly value?: string;
  /** Whether it may be given several times; in its variable the values are then separated by spaces or commas. */
  readonly repeatable?: true;
  /** What is right in place of giving it twice, where the last one alone would be a surprise. */
  readonly once?: string;
  readonly help: string;
  /** Puts a value into the settings, or says what is wrong with it. */
  readonly apply: (settings: Settings, value: string) => BadValue | null;
}

/** The environment variable of an option. */
export function variableOf(option: { readonly long: string }): string {
  return `DENIT_${option.long.toUpperCase().replaceAll("-", "_")}`;
}

/** What both forms of a run are told about themselves. */
export interface CommonSettings {
  parentDeathSignal: number | null;
  warnReaped: boolean;
  verbosity: "quiet" | "normal" | "verbose";
  logFormat: LogFormat;
}

/** The common settings when nothing is asked for. */
export function defaultCommonSettings(): CommonSettings {
  return { parentDeathSignal: null, warnReaped: false, verbosity: "normal", logFormat: "text" };
}

/** The level up to which denit's own lines are shown. */
export const LEVELS = { quiet: "error", normal: "warning", verbose: "info" } as const;

const PARENT_DEATH_SIGNAL: Option<CommonSettings> = {
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
};

const WARN_REAPED: Option<CommonSettings> = {
  long: "warn-reaped",
  short: "w",
  help: "a line for each adopted process that was reaped",
  apply: flag((settings, on) => settings.warnReaped = on),
};

const VERBOSE: Option<CommonSettings> = {
  long: "verbose",
  short: "v",
  help: "tell on standard error what happens",
  apply: verbosity("verbose"),
};

/** `-q`, the one of them that also what only looks at a file has. */
export const QUIET: Option<Pick<CommonSettings, "verbosity">> = {
  long: "quiet",
  short: "q",
  help: "say nothing but errors",
  apply: verbosity("quiet"),
};

/** The options of both forms, but `--log-format`, of which each says what it formats. */
export const COMMON_OPTIONS: readonly Option<CommonSettings>[] = [
  PARENT_DEATH_SIGNAL,
  WARN_REAPED,
  VERBOSE,
  QUIET,
];

/** Switched off, one of the two leaves the other as it is. */
function verbosity(word: "quiet" | "verbose"): Option<Pick<CommonSettings, "verbosity">>["apply"] {
  return flag((settings, on) => {
    if (on) settings.verbosity = word;
    else if (settings.verbosity === word) settings.verbosity = "normal";
  });
}

/** What helps to find the signal that was meant. */
export function unknownSignal(text: string): Pick<BadValue, "wrong" | "known"> {
  return { wrong: text.toUpperCase().replace(/^SIG/, ""), known: signalNames() };
}

/** An option whose value is one of some words. */
export function choice<Settings, Word extends string>(
  words: readonly Word[],
  set: (settings: Settings, word: Word) => void,
): Option<Settings>["apply"] {
  return (settings, value) => {
    const word = words.find((word) => word === value);
    if (word === undefined) return { expected: words.join(", ").replace(/, (\w+)$/, " or $1"), known: words };
    set(settings, word);
    return null;
  };
}

/** An option whose value is a duration. */
export function duration<Settings>(set: (settings: Settings, ms: number) => void): Option<Settings>["apply"] {
  return (settings, value) => {
    const ms = parseDuration(value);
    if (ms === null) {
      return /^[0-9.]+$/.test(value)
        ? { expected: "a duration with its unit, at most a year", known: [`${value}s`] }
        : { expected: "a duration such as 500ms, 8s or 1m30s, at most a year" };
    }
    set(settings, ms);
    return null;
  };
}

const TRUE: readonly string[] = ["1", "true", "yes", "on"];
const FALSE: readonly string[] = ["0", "false", "no", "off", ""];

/** An option that is on or off: `--no-wait` is on, `--no-wait=false` off, which a variable may need. */
export function flag<Settings>(set: (settings: Settings, on: boolean) => void): Option<Settings>["apply"] {
  return (settings, value) => {
    const word = value.toLowerCase();
    if (!TRUE.includes(word) && !FALSE.includes(word)) {
      return { expected: "true, 1, yes, on, false, 0, no or off" };
    }
    set(settings, TRUE.includes(word));
    return null;
  };
}
