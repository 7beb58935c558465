/** What `denit --help` prints. */

import { OPTIONS, variableOf } from "./options.ts";

const COLUMN = 33;

/** The help: one screen of 80 columns. */
export function helpText(): string {
  const rows = OPTIONS.map(({ long, short, value, help }) => {
    const names = `${short === undefined ? "    " : `-${short}, `}--${long}${
      value === undefined ? "" : ` ${value}`
    }`;
    return `  ${names.padEnd(COLUMN - 2)}${help.replaceAll("\n", `\n${" ".repeat(COLUMN)}`)}`;
  });
  return `Usage: denit [OPTIONS] -- COMMAND [ARG...]

Runs COMMAND as the first process of a container: forwards every signal to it,
reaps every orphan, and leaves with its exit status once all others have ended.

${rows.join("\n")}
      --as NAME                  as first words: be tini, dumb-init or catatonit
  -h, --help                     this text
  -V, --version                  the version

Each option has a variable too (${variableOf(OPTIONS[2]!)}=5s); the command line wins.
Exit: main's own code, 128+N if signal N ended it, 127 not found,
126 not executable, 125 an error of denit's own.`;
}
