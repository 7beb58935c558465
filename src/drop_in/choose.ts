/** Which init denit stands in for, and how that one's command line is read. */

import type { Parser } from "./invocation.ts";

/** The first word of denit's own call for src/drop_in/listen_pid.ts. */
export const EXEC_WITH_LISTEN_PID = "--exec-with-listen-pid";

/** The names that denit answers to, each with the command line that then holds. Loaded only where it is used. */
const PARSERS: Readonly<Record<string, () => Promise<Parser>>> = {
  "tini": async () => (await import("./tini.ts")).parseTini,
  "docker-init": async () => (await import("./tini.ts")).parseTini,
  "dumb-init": async () => (await import("./dumb_init.ts")).parseDumbInit,
  "catatonit": async () => (await import("./catatonit.ts")).parseCatatonit,
};

/** What denit is to be: the parser of another init's command line and the words for it. */
export interface DropIn {
  readonly load: () => Promise<Parser>;
  readonly words: readonly string[];
}

/** A name behind `--as` that denit does not answer to. */
export interface UnknownName {
  readonly unknown: string;
  readonly known: readonly string[];
}

/**
 * Chosen by the name that denit was started under, or by `--as NAME` as the first words; `null`: denit itself.
 */
export function chooseDropIn(invokedName: string, words: readonly string[]): DropIn | UnknownName | null {
  const [first, second, ...others] = words;
  const given = first === "--as"
    ? second ?? ""
    : first?.startsWith("--as=")
    ? first.slice("--as=".length)
    : null;
  if (given !== null) {
    const rest = first === "--as" ? others : words.slice(1);
    if (given === "denit") return null;
    const load = Object.hasOwn(PARSERS, given) ? PARSERS[given] : undefined;
    return load === undefined ? { unknown: given, known: Object.keys(PARSERS) } : { load, words: rest };
  }
  const load = Object.hasOwn(PARSERS, invokedName) ? PARSERS[invokedName] : undefined;
  return load === undefined ? null : { load, words };
}
