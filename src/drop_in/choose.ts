/** Which init denit stands in for, and how that one's command line is read. */

import { parseCatatonit } from "./catatonit.ts";
import { parseDumbInit } from "./dumb_init.ts";
import type { Parser } from "./invocation.ts";
import { parseTini } from "./tini.ts";

/**
 * The names that denit answers to, each with the command line that then holds.
 *
 * Not loaded on demand: to wait for that would give the runtime's event loop a turn, see src/loop.ts.
 */
const PARSERS: Readonly<Record<string, Parser>> = {
  "tini": parseTini,
  "docker-init": parseTini,
  "dumb-init": parseDumbInit,
  "catatonit": parseCatatonit,
};

/** What denit is to be: the parser of another init's command line and the words for it. */
export interface DropIn {
  readonly parse: Parser;
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
    const parse = Object.hasOwn(PARSERS, given) ? PARSERS[given] : undefined;
    return parse === undefined ? { unknown: given, known: Object.keys(PARSERS) } : { parse, words: rest };
  }
  const parse = Object.hasOwn(PARSERS, invokedName) ? PARSERS[invokedName] : undefined;
  return parse === undefined ? null : { parse, words };
}
