/** What `denit --help` prints. */

import { type Option, variableOf } from "./option.ts";
import { OPTIONS } from "./options.ts";

const COLUMN = 33;

/** The help: one screen of 80 columns. */
export function helpText(): string {
  return `Usage: denit [OPTIONS] -- COMMAND [ARG...]
       denit up, denit config    run, check a file of services: denit up --help

Runs COMMAND as the first process of a container: forwards every signal to it,
reaps every orphan, and leaves with its exit status once all others have ended.
${optionRows(OPTIONS)}
      --as NAME                  as first words: be tini, dumb-init or catatonit
  -h, --help                     this text
  -V, --version                  the version
Each option has a variable too (${variableOf(OPTIONS[2]!)}=5s); the command line wins.
Exit: main's own code, 128+N if signal N ended it, 127 not found,
126 not executable, 125 an error of denit's own.`;
}

/** A row for each option: its names, its value, and what it does. */
export function optionRows(options: readonly Option<never>[]): string {
  return options.map(({ long, short, value, help }) => {
    const names = `${short === undefined ? "    " : `-${short}, `}--${long}${
      value === undefined ? "" : ` ${value}`
    }`;
    return `  ${names.padEnd(COLUMN - 2)}${help.replaceAll("\n", `\n${" ".repeat(COLUMN)}`)}`;
  }).join("\n");
}
