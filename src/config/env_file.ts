/** What a file of variables (`env_file`) says, in Compose's two formats. */

import { interpolate, type Lookup } from "./interpolate.ts";

/** Variables in the order of the file, or the line that is wrong and why, with no word of its content. */
export type Variables = ReadonlyMap<string, string> | { readonly failure: string };

/**
 * Docker's own format: what stands behind the first `=` is the value, with quotes, `$` and all.
 *
 * A name alone takes the value that `lookup` has for it, if any.
 */
export function readRawVariables(text: string, lookup: Lookup): Variables {
  const values = new Map<string, string>();
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const content = line.trimStart();
    if (content === "" || content.startsWith("#")) continue;
    const equals = content.indexOf("=");
    const name = equals < 0 ? content : content.slice(0, equals);
    if (name === "" || /\s/.test(name)) return { failure: `line ${i + 1}: expected NAME=value` };
    const value = equals < 0 ? lookup(name) : content.slice(equals + 1);
    if (value !== undefined) values.set(name, value);
  }
  return values;
}

/** One statement: `export` or not, a name, and what separates it from its value, if it has one. */
const STATEMENT = /(?:export[ \t]+)?([A-Za-z0-9_.-]+)[ \t]*([=:])?/y;
const BLANKS = /[ \t]*/y;
/** All that is between two statements. */
const BETWEEN = /(?:[ \t\r\n]+|#[^\n]*)*/y;
/** What may stand behind a value in quotes, and behind a name that has none. */
const REST = /[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/y;
const QUOTED = { '"': /"([^"\\]*(?:\\[^][^"\\]*)*)"/y, "'": /'([^'\\]*(?:\\[^][^'\\]*)*)'/y };
const UNQUOTED = /[^\n]*/y;

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", '"': '"', "\\": "\\" },
  $: "$$", // for the variables to be filled in behind it
};

function unescaped(text: string, escapes: Readonly<Record<string, string>>): string {
  return text.replace(/\\([^])/g, (all, escaped: string) => escapes[escaped] ?? all);
}

/**
 * Compose's format: comments, `export`, quotes, values of several lines in quotes, and variables where the value is not
 * in single quotes, in which only `\'` stands for something else.
 *
 * A variable is what `lookup` has for it, else what the file said above; `unset` learns of each name whose value asks for
 * another one, which it is not told: a password with a $ in it would be told with it.
 */
export function readVariables(text: string, lookup: Lookup, unset: (name: string) => void): Variables {
  const values = new Map<string, string>();
  const known: Lookup = (name) => lookup(name) ?? values.get(name);
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  const failure = (why: string, end = at) => ({
    failure: `line ${text.slice(0, end).split("\n").length}: ${why}`,
  });

  for (;;) {
    take(BETWEEN);
    if (at >= text.length) return values;
    const begin = at;
    const statement = take(STATEMENT);
    if (statement === null) return failure("expected NAME=value");
    const [, name = "", separator] = statement;
    if (separator === undefined) {
      if (take(REST) === null) return failure("expected NAME=value"); // what looks like a name may be a secret's line
      const value = lookup(name);
      if (value !== undefined) values.set(name, value);
      continue;
    }
    const blanks = take(BLANKS)![0];
    const quote = text[at];
    let value: string;
    if (quote === '"' || quote === "'") {
      const quoted = take(QUOTED[quote]);
      if (quoted === null) return failure(`the quote (${quote}) of ${name} is not closed`);
      if (take(REST) === null) return failure(`text behind the closing quote of ${name}`);
      value = quoted[1]!;
      if (quote === "'") {
        values.set(name, unescaped(value, { "'": "'" }));
        continue;
      }
      value = unescaped(value, ESCAPES);
    } else {
      value = (blanks + take(UNQUOTED)![0]).replace(/ #[^]*$/, "").trim();
    }
    const filled = interpolate(value, known, () => unset(name));
    if ("failure" in filled) return failure(`${name}: ${filled.failure}`, begin);
    values.set(name, filled.text);
  }
}
