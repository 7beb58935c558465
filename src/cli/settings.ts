/** From words and variables to settings, by a table of options. */

import { isPlain } from "../core/words.ts";
import { type BadOption, getopt, type Grammar } from "./getopt.ts";
import { type BadValue, type Option, variableOf } from "./option.ts";

/** What is wrong with a command line, and words of which one may have been meant instead of `wrong`. */
export interface Problem {
  readonly message: string;
  readonly wrong?: string;
  readonly known?: readonly string[];
}

/** What a command line says: the words behind the options, where it asks for nothing else. */
export type Given =
  | { readonly name: "operands"; readonly words: readonly string[] }
  | { readonly name: "help" }
  | { readonly name: "version" }
  | { readonly name: "problem"; readonly problem: Problem };

/**
 * Puts into the settings each option's variable by `readVariable`, and then what the command line says, which wins.
 *
 * An option that may be repeated adds to what its variable holds. `help` is the command that lists the options.
 */
export function readSettings<Settings>(
  options: readonly Option<Settings>[],
  settings: Settings,
  words: readonly string[],
  readVariable: (name: string) => string | undefined,
  help: string,
): Given {
  for (const option of options) {
    const variable = variableOf(option);
    const text = readVariable(variable);
    if (text === undefined || text === "") continue;
    for (const value of option.repeatable ? text.split(/[\s,]+/).filter((part) => part !== "") : [text]) {
      const bad = option.apply(settings, value);
      if (bad !== null) return problem(badValue(`${variable}=${text}`, value, bad));
    }
  }

  if (words.length === 0) return { name: "operands", words }; // as a rule, and at each start a part of it
  const line = getopt(words, grammarOf(options));
  if ("problem" in line) return problem(badOption(line, options, help));
  const met = new Set<Option<Settings>>();
  for (const given of line.options) {
    if (given.name === "help" || given.name === "h") return { name: "help" };
    if (given.name === "version" || given.name === "V") return { name: "version" };
    const option = options.find(({ long, short }) => given.name === long || given.name === short)!;
    if (option.once !== undefined && met.has(option)) {
      return problem({ message: `${writeOption(given.name)} is there twice; ${option.once}` });
    }
    met.add(option);
    const value = given.value ?? "true";
    const bad = option.apply(settings, value);
    if (bad !== null) return problem(badValue(writeOption(given.name), value, bad));
  }
  return { name: "operands", words: line.operands };
}

function problem(problem: Problem): Given {
  return { name: "problem", problem };
}

function grammarOf(options: readonly Option<never>[]): Grammar {
  return {
    options: new Map([
      ...options.flatMap(({ long, short, value }) =>
        [long, ...short === undefined ? [] : [short]].map((name) =>
          [name, { takesValue: value !== undefined }] as const
        )
      ),
      ...["help", "h", "version", "V"].map((name) => [name, { takesValue: false }] as const),
    ]),
  };
}

function badOption({ problem, option }: BadOption, options: readonly Option<never>[], help: string): Problem {
  if (problem === "no value") {
    const name = option.replace(/^-+/, "");
    const value = options.find(({ long, short }) => name === long || name === short)?.value;
    return { message: `${option} needs a value: ${option} ${value}` };
  }
  if (option === "--as") return { message: "--as NAME must be the first words of the command line" };
  return {
    message: `unknown option ${shortened(option)}; ${help} lists them`,
    wrong: option,
    known: ["help", "version", ...options.map(({ long }) => long)].map((name) => `--${name}`),
  };
}

function badValue(where: string, value: string, bad: BadValue): Problem {
  const shown = JSON.stringify(shortened(value));
  const message = `${shortened(where)}: ${shown} is not valid; expected ${bad.expected}`;
  return bad.known === undefined ? { message } : { message, wrong: bad.wrong ?? value, known: bad.known };
}

/** More of a word does not help to find it on the command line. */
const LONGEST = 200;

/** A text in a message: the kernel lets a word have 128 KiB, execve(2). */
export function shortened(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}...`;
}

/** A command line as a shell takes it. */
export function typed(words: readonly string[]): string {
  const quoted = words.map((word) => isPlain(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
  return shortened(quoted.join(" "));
}

function writeOption(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}
