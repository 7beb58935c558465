/** From the command line and the environment to what is to be done. */

import { START_FAILURE_CODES } from "../core/exit_code.ts";
import type { Command } from "../core/model.ts";
import type { Plan, Request } from "../plan.ts";
import { makeVoice } from "../voice.ts";
import { type BadOption, getopt, type Grammar } from "./getopt.ts";
import {
  type BadValue,
  defaultSettings,
  type Option,
  OPTIONS,
  type Settings,
  variableOf,
} from "./options.ts";

/** What denit's own command line asks for, with texts still to be loaded. */
export type OwnRequest =
  | Extract<Request, { name: "run" }>
  | { readonly name: "help" }
  | { readonly name: "version" }
  | { readonly name: "refuse"; readonly settings: Settings; readonly problem: Problem };

/** What is wrong with a command line, and words of which one may have been meant instead of `wrong`. */
export interface Problem {
  readonly message: string;
  readonly wrong?: string;
  readonly known?: readonly string[];
}

/** What the error says when there is nothing to run. */
const USAGE = "expected: denit [OPTIONS] -- COMMAND [ARG...]";

const GRAMMAR: Grammar = {
  options: new Map([
    ...OPTIONS.flatMap(({ long, short, value }) =>
      [long, ...short === undefined ? [] : [short]].map((name) =>
        [name, { takesValue: value !== undefined }] as const
      )
    ),
    ...["help", "h", "version", "V"].map((name) => [name, { takesValue: false }] as const),
  ]),
};

/**
 * Reads the command line, and before it each option's variable by `readVariable`: the command line wins.
 *
 * An option that may be repeated adds to what its variable holds.
 */
export function parseCommandLine(
  words: readonly string[],
  readVariable: (name: string) => string | undefined,
): OwnRequest {
  const settings = defaultSettings();
  const refuse = (problem: Problem): OwnRequest => ({ name: "refuse", settings, problem });

  for (const option of OPTIONS) {
    const variable = variableOf(option);
    const text = readVariable(variable);
    if (text === undefined || text === "") continue;
    for (const value of option.repeatable ? text.split(/[\s,]+/).filter((part) => part !== "") : [text]) {
      const bad = option.apply(settings, value);
      if (bad !== null) return refuse(badValue(`${variable}=${text}`, value, bad));
    }
  }

  // Options end at the first `--`, also where getopt_long(3) would take it for the value of the last one.
  const end = words.indexOf("--");
  const line = getopt(end < 0 ? words : words.slice(0, end), GRAMMAR);
  if ("problem" in line) return refuse(badOption(line));
  for (const given of line.options) {
    if (given.name === "help" || given.name === "h") return { name: "help" };
    if (given.name === "version" || given.name === "V") return { name: "version" };
    const option = OPTIONS.find(({ long, short }) => given.name === long || given.name === short)!;
    const value = given.value ?? "true";
    const bad = option.apply(settings, value);
    if (bad !== null) return refuse(badValue(writeOption(given.name), value, bad));
  }

  const separated = end >= 0 && line.operands.length === 0;
  const [command, ...rest] = separated ? words.slice(end + 1) : line.operands;
  if (command === undefined) return refuse({ message: `no command given; ${USAGE}` });
  if (!separated) {
    const right = ["denit", "--", ...line.operands].join(" ");
    return refuse({
      message: `${JSON.stringify(command)} is no subcommand; to run a program write: ${right}`,
    });
  }
  return { name: "run", plan: planOf(settings, [command, ...rest]) };
}

function planOf(settings: Settings, command: Command): Plan {
  const verbose = settings.verbosity === "verbose";
  const level = ({ quiet: "error", normal: "warning", verbose: "info" } as const)[settings.verbosity];
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
      verbose,
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
    voice: makeVoice(level, settings.logFormat),
  };
}

function badOption({ problem, option }: BadOption): Problem {
  if (problem === "no value") {
    const name = option.replace(/^-+/, "");
    const { value } = OPTIONS.find(({ long, short }) => name === long || name === short) as Option;
    return { message: `${option} needs a value: ${option} ${value}` };
  }
  if (option === "--as") return { message: "--as NAME must be the first words of the command line" };
  return {
    message: `unknown option ${option}; denit --help lists them`,
    wrong: option,
    known: [...GRAMMAR.options.keys()].filter((name) => name.length > 1).map((name) => `--${name}`),
  };
}

function badValue(where: string, value: string, bad: BadValue): Problem {
  const message = `${where}: ${JSON.stringify(value)} is not valid; expected ${bad.expected}`;
  return bad.known === undefined ? { message } : { message, wrong: bad.wrong ?? value, known: bad.known };
}

function writeOption(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}
