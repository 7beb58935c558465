/** From the command line and the environment to what is to be done. */

import { START_FAILURE_CODES } from "../core/exit_code.ts";
import type { Command } from "../core/model.ts";
import type { Plan, Request } from "../plan.ts";
import { makeVoice } from "../voice.ts";
import { LEVELS } from "./option.ts";
import { defaultSettings, OPTIONS, type Settings } from "./options.ts";
import { type Problem, readSettings, shortened, typed } from "./settings.ts";

/** What denit's own command line asks for, with texts still to be loaded. */
export type OwnRequest =
  | Extract<Request, { name: "run" }>
  /** A subcommand, whose words are read where it is done. */
  | { readonly name: Subcommand; readonly words: readonly string[] }
  | { readonly name: "help" }
  | { readonly name: "version" }
  | { readonly name: "refuse"; readonly settings: Settings; readonly problem: Problem };

const SUBCOMMANDS = ["up", "config"] as const;

/** What is done with a file of services. */
export type Subcommand = (typeof SUBCOMMANDS)[number];

/** What the error says when there is nothing to run. */
const USAGE = "expected: denit [OPTIONS] -- COMMAND [ARG...], or denit up [OPTIONS] [SERVICE...]";

function isSubcommand(word: string): word is Subcommand {
  return (SUBCOMMANDS as readonly string[]).includes(word);
}

/**
 * Reads the command line, and before it each option's variable by `readVariable`: the command line wins.
 *
 * An option that may be repeated adds to what its variable holds.
 */
export function parseCommandLine(
  words: readonly string[],
  readVariable: (name: string) => string | undefined,
): OwnRequest {
  const [first, ...others] = words;
  if (first !== undefined && isSubcommand(first)) return { name: first, words: others };

  const settings = defaultSettings();
  const refuse = (problem: Problem): OwnRequest => ({ name: "refuse", settings, problem });
  // Options end at the first `--`, also where getopt_long(3) would take it for the value of the last one.
  const end = words.indexOf("--");
  const optionWords = end < 0 ? words : words.slice(0, end);
  const given = readSettings(OPTIONS, settings, optionWords, readVariable, "denit --help");
  const subcommand = optionWords.findIndex(isSubcommand);
  if (given.name === "problem") {
    return refuse(subcommand < 0 ? hinted(given.problem, words) : comesFirst(optionWords, subcommand));
  }
  if (given.name !== "operands") return given;

  const separated = end >= 0 && given.words.length === 0;
  const [command, ...rest] = separated ? words.slice(end + 1) : given.words;
  if (command === undefined) return refuse({ message: `no command given; ${USAGE}` });
  if (!separated && isSubcommand(command)) {
    return refuse(comesFirst(optionWords, optionWords.length - given.words.length));
  }
  if (!separated) {
    const at = optionWords.length - given.words.length;
    const right = typed(["denit", ...words.slice(0, at), "--", ...words.slice(at)]);
    return refuse({
      message: `${JSON.stringify(shortened(command))} is no subcommand; to run a program write: ${right}`,
      wrong: command,
      known: SUBCOMMANDS,
    });
  }
  return { name: "run", plan: planOf(settings, [command, ...rest]) };
}

function comesFirst(words: readonly string[], at: number): Problem {
  const right = typed(["denit", words[at]!, ...words.slice(0, at), ...words.slice(at + 1)]);
  return { message: `a subcommand comes first, its options behind it: ${right}` };
}

/** What tini needs an option for, and denit does without one. */
const TINIS: Readonly<Record<string, string>> = {
  "-g": "signals go to main's process group anyway",
  "-s": "denit adopts orphans anyway",
};

function hinted(problem: Problem, words: readonly string[]): Problem {
  const hint = TINIS[problem.wrong ?? ""];
  if (hint === undefined) return problem;
  const right = typed(["denit", "--as", "tini", ...words]);
  return { message: `unknown option ${problem.wrong}: ${hint}; for tini's own options write: ${right}` };
}

function planOf(settings: Settings, command: Command): Plan {
  return {
    command,
    policy: {
      signalTo: settings.signalTo,
      rewrite: settings.rewrite,
      graceMs: settings.graceMs,
      killAfterMs: settings.killAfterMs,
      atEnd: settings.wait ? "wait" : "leave",
      stopsItself: false,
      okExits: settings.okExits,
      warnReaped: settings.warnReaped,
      verbose: settings.verbosity === "verbose",
      startFailureCodes: START_FAILURE_CODES,
    },
    launch: {
      place: "terminal group",
      keepsMask: false,
      keepsIgnored: "all",
      closesInherited: true,
      leavesDirectory: true,
      wrap: null,
    },
    adopts: true,
    parentDeathSignal: settings.parentDeathSignal,
    voice: makeVoice(LEVELS[settings.verbosity], settings.logFormat),
  };
}
