/** What is wrong with a text that is no YAML, in the words of whoever wrote it. */

import { type Document, isNode, visit, type YAMLError } from "yaml";

/** One error, and where the slip is: the library knows where it cannot go on. */
export interface SyntaxError {
  readonly offset: number;
  readonly message: string;
}

const NO_KEY = 'a key needs a colon and a blank behind it, as in "key: value"';
const BAD_INDENT = "this line is not indented as those that it belongs to";

/** How deep a file of services may nest: the deepest place that means something is at 7. */
export const MOST_DEPTH = 50;

/** By the library's codes: what it says less well, or does not know of an init. */
const BY_CODE: Readonly<Record<string, string>> = {
  BAD_DQ_ESCAPE: "this backslash escapes nothing; double it, or use single quotes",
  BLOCK_IN_FLOW: "in [ ] and { } a comma stands between two values, and lines begin no list or mapping",
  MULTILINE_IMPLICIT_KEY: NO_KEY,
  MULTIPLE_DOCS: "a second document begins here; one file is one document",
  RESOURCE_EXHAUSTION: `nested more than ${MOST_DEPTH} deep`,
  TAB_AS_INDENT: "a tab cannot indent; use spaces",
};

/** By its words, where one code stands for several things. */
const BY_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^Implicit map keys need/, NO_KEY],
  [/^Missing , /, "a comma is missing in front of this"],
  [/must start at the same column$|^A block sequence may not/, BAD_INDENT],
  [/^Unexpected scalar at node end$/, "a value ends with its quote or bracket: put all of it in quotes"],
  [/^Unexpected block-seq-ind/, "a list begins on a line of its own, or is written [a, b]"],
];

/** Puts an error of the library into our words; `document` is as far as it came with the text. */
export function explain(error: YAMLError, document: Document, text: string): SyntaxError {
  const { code, message, pos: [offset] } = error;
  const own = unquoted(error, text) ?? unclosed(error, document, text);
  if (own !== null) return own;
  const words = BY_WORDS.find(([pattern]) => pattern.test(message))?.[1];
  if (words === BAD_INDENT) return badIndent(offset, text);
  return { offset, message: words ?? BY_CODE[code] ?? `not YAML: ${message.split("\n", 1)[0]}` };
}

/** At the first word of the line. */
function badIndent(offset: number, text: string): SyntaxError {
  return { offset: offset + /^\s*/.exec(text.slice(offset))![0].length, message: BAD_INDENT };
}

/** A value that begins with a star, up to where the library stumbles: at the star itself, or at the words behind it. */
const STAR = /(?:^|[:,-][ \t]+|[[{][ \t]*)(\*[^,\]}]*)$/;

/** So far from its first word nobody's value is stumbled over. */
const LONGEST = 1000;

/** What is taken for more than a text, since it is not in quotes. */
function unquoted({ code, pos: [offset] }: YAMLError, text: string): SyntaxError | null {
  const line = text.slice(Math.max(0, offset - LONGEST), offset + 1).split("\n").at(-1)!;
  const star = STAR.exec(line)?.[1];
  if (star !== undefined && (code === "BAD_ALIAS" || code === "UNEXPECTED_TOKEN")) {
    return { offset: offset + 1 - star.length, message: needsQuotes("*") };
  }
  if (code === "BAD_ALIAS" || code === "BAD_SCALAR_START") {
    return { offset, message: needsQuotes(text.charAt(offset)) };
  }
  if (code !== "BLOCK_AS_IMPLICIT_KEY" || !/^[^-?\s]/.test(text.slice(offset))) return null;
  const rest = /^.*/.exec(text.slice(offset))![0];
  if (/:(?:\s|$)/.test(rest)) return { offset, message: 'a value with ": " in it needs quotes' };
  return badIndent(offset + rest.length, text); // the line behind it was taken for more of it
}

function needsQuotes(start: string): string {
  return `a value that begins with ${JSON.stringify(start)} needs quotes`;
}

/** The library says where it has looked for the end in vain: what counts is where that was opened. */
function unclosed({ message, pos: [end] }: YAMLError, document: Document, text: string): SyntaxError | null {
  const [, quote, bracket] = /^Missing closing (["'])|end with a ([\]}])$/.exec(message) ?? [];
  const opening = quote ?? (bracket === "]" ? "[" : "{");
  if (quote === undefined && bracket === undefined) return null;
  let offset = end;
  visit(document, (_key, node) => {
    if (isNode(node) && node.range?.[1] === end && text[node.range[0]] === opening) offset = node.range[0];
  });
  return { offset, message: `this ${opening} is not closed` };
}
