/** From the bytes of a file to its tree, and from values to the text of a file: all that denit asks of YAML. */

import {
  Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  parseDocument,
  Scalar,
  visit,
} from "yaml";
import { didYouMean, type Report } from "./problems.ts";
import { explain, MOST_DEPTH } from "./syntax_errors.ts";
import { type Entry, type Path, type Place, type Plain, type Tree } from "./tree.ts";

/** Larger is no file of services. */
const MOST_BYTES = 1024 * 1024;
/** Parsing takes up to a kilobyte of memory for each, be it a bracket or a long text. */
const MOST_TOKENS = 200_000;
/** How many values there may be, aliases and merges taken for what they stand for ... */
const MOST_VALUES = 500_000;
/** ... and after so many characters a text counts as one more. */
const CHARACTERS_OF_VALUE = 64;

/** JavaScript's own properties of every object: as keys they would be lost on the way. */
const LOST_KEYS: readonly string[] = ["__proto__", "constructor", "prototype"];

/**
 * Reads YAML 1.2 (core schema) with merge keys; `null` if there is nothing to go on with, which was reported.
 *
 * Each text, but no key, is handed to `fill`, which puts the values of variables in.
 */
export function readYaml(
  bytes: Uint8Array,
  file: string,
  report: Report,
  fill: (text: string, at: Place, path: Path) => string,
): Tree | null {
  const start: Place = { file, line: 0, column: 0 };
  if (bytes.length > MOST_BYTES) {
    report(start, [], `the file is larger than ${MOST_BYTES / 1024} KiB`);
    return null;
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    report(start, [], "the file is not UTF-8");
    return null;
  }
  if (hasTooManyTokens(text)) {
    report(start, [], `the file has more than ${MOST_TOKENS} words and signs`);
    return null;
  }

  const lines = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  // Keys are compared below: the library's own comparison takes the square of their number.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    schema: "core",
    uniqueKeys: false,
  });
  // A tag that is not known, such as !reset, is only a warning to the library.
  const errors = [...document.errors, ...document.warnings];
  // Those behind the first are as a rule what follows from it; but where it gave up, that is the reason.
  const error = errors.find(({ code }) => code === "RESOURCE_EXHAUSTION") ?? errors[0];
  if (error !== undefined) {
    const { offset, message } = explain(error, document, text);
    report(placeAt(offset), [], message);
    return null;
  }
  if (document.contents === null) {
    report(start, [], "the file is empty");
    return null;
  }

  /** How many values were met; of an alias, all that it stands for. */
  let values = 0;
  let full = false;
  const anchors = new Map<string, { readonly tree: Tree; readonly values: number } | "open">();
  const whole = convert(document.contents, []);
  return full ? null : whole;

  function convert(node: unknown, path: Path): Tree {
    const offset = (node as { range?: [number, number, number] | null } | null)?.range?.[0] ?? 0;
    const at = placeAt(offset);
    const nothing: Tree = { kind: "scalar", at, value: null, source: "" };
    count(1, at);
    if (full) return nothing;
    if (isAlias(node)) {
      const anchor = anchors.get(node.source);
      if (anchor === undefined || anchor === "open") {
        report(
          at,
          path,
          anchor === "open"
            ? `the alias *${node.source} stands for what it is in itself`
            : () =>
              `no anchor &${node.source} before this alias${didYouMean(node.source, [...anchors.keys()])}`,
        );
        return nothing;
      }
      count(anchor.values, at);
      return anchor.tree;
    }
    const before = values;
    const name = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (name !== undefined) anchors.set(name, "open");
    const tree = convertOwn(node, at, path) ?? nothing;
    if (name !== undefined) anchors.set(name, { tree, values: values - before });
    return tree;
  }

  function convertOwn(node: unknown, at: Place, path: Path): Tree | null {
    if (path.length > MOST_DEPTH) {
      report(at, [], `nested more than ${MOST_DEPTH} deep`);
      full = true;
      return null;
    }
    if (isSeq(node)) {
      return { kind: "list", at, items: node.items.map((item, i) => convert(item, [...path, i])) };
    }
    if (isMap(node)) return convertMapping(node.items, at, path);
    if (!isScalar(node)) return null;
    const { value, source } = node;
    if (typeof value === "string") {
      if (value.includes("\0")) report(at, path, "holds a NUL, which no program can be given");
      const filled = fill(value, at, path);
      countText(filled, at);
      return { kind: "scalar", at, value: filled, source: filled };
    }
    if (typeof value !== "number" && typeof value !== "boolean") return null;
    return { kind: "scalar", at, value, source: source ?? String(value) };
  }

  function convertMapping(
    pairs: readonly { readonly key: unknown; readonly value: unknown }[],
    at: Place,
    path: Path,
  ): Tree {
    const own = new Map<string, Entry>();
    const merged: Tree[] = [];
    for (const { key, value } of pairs) {
      if (full) break;
      const keyAt = placeAt((key as { range?: [number, number, number] | null } | null)?.range?.[0] ?? 0);
      if (!isScalar(key) || typeof key.value !== "string") {
        report(keyAt, path, "a key must be text; put it in quotes");
        continue;
      }
      const name = key.value;
      const here = [...path, name];
      countText(name, keyAt);
      if (name === "<<" && key.type === "PLAIN") {
        if (merged.length > 0) report(keyAt, here, "there are two; write <<: [*one, *other]");
        const tree = convert(value, here);
        for (const source of tree.kind === "list" ? tree.items : [tree]) {
          if (source.kind === "mapping") merged.push(source);
          else if (!full) report(source.at, here, "expected an alias of a mapping, or a list of them");
        }
        continue;
      }
      const first = own.get(name);
      if (LOST_KEYS.includes(name)) report(keyAt, here, "this word cannot be a key");
      else if (first !== undefined) {
        report(keyAt, here, `the key is there already, at line ${first.keyAt.line}`);
      } else own.set(name, { keyAt, value: convert(value, here) });
    }
    // The mapping's own keys win, and of those merged the earlier ones.
    for (const source of merged) {
      if (source.kind !== "mapping") continue;
      count(source.entries.size, at);
      if (full) break;
      for (const [name, entry] of source.entries) if (!own.has(name)) own.set(name, entry);
    }
    return { kind: "mapping", at, entries: own };
  }

  function countText(text: string, at: Place): void {
    count(Math.floor(text.length / CHARACTERS_OF_VALUE), at);
  }

  function count(more: number, at: Place): void {
    values += more;
    if (full || values <= MOST_VALUES) return;
    full = true;
    report(at, [], `more than ${MOST_VALUES} values, with all that aliases stand for`);
  }
}

function hasTooManyTokens(text: string): boolean {
  // The lexer puts a mark in front of each scalar, and one or two at the ends: no text has more tokens than this.
  if (2 * text.length + 2 <= MOST_TOKENS) return false;
  let count = 0;
  for (const _token of new Lexer().lex(text)) if (++count > MOST_TOKENS) return true;
  return false;
}

/** The text of a file that says this, also to readers of YAML 1.1, to whom `no` is false. */
export function writeYaml(value: Plain): string {
  const document = new Document(value, { compat: "yaml-1.1", aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, node) {
      // Of lines that are all blank the library makes a block whose first blanks are taken for its indentation.
      if (typeof node.value === "string" && /^\s*\n\s*$/.test(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ lineWidth: 0 });
}
