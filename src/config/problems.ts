/** What is wrong with a file: gathered first, so that a person learns of all at once. */

import { suggest } from "../cli/suggest.ts";
import { type Path, pathText, type Place } from "./tree.ts";

/** One thing that is wrong. */
export interface Problem {
  readonly at: Place;
  /** Where that is by its keys; empty where it is not about one key. */
  readonly path: Path;
  readonly message: Message;
}

/** What is wrong in words; a function where to find them takes time, which only those that are shown are worth. */
export type Message = string | (() => string);

/** Notes a problem. */
export type Report = (at: Place, path: Path, message: Message) => void;

/** More lines than this help nobody, and neither does more of one. */
const MOST = 100;
const LONGEST = 1000;

/** `denit.yaml:12:5: services.web.helthcheck: unknown key`: a line each, in the order of the files. */
export function problemLines(problems: readonly Problem[]): string[] {
  const files = [...new Set(problems.map(({ at }) => at.file))];
  const sorted = problems.toSorted((a, b) =>
    files.indexOf(a.at.file) - files.indexOf(b.at.file) || a.at.line - b.at.line || a.at.column - b.at.column
  );
  // Of a value only the first thing that was found: the next one may be no more than what follows from it.
  const first = new Map<string, readonly [where: string, message: Message]>();
  for (const { at, path, message } of sorted) {
    const where = [placeText(at), ...path.length === 0 ? [] : [pathText(path)]].join(": ");
    const key = path.length === 0 ? `${where}: ${textOf(message)}` : where;
    if (!first.has(key)) first.set(key, [where, message]);
  }
  const lines = [...first.values()].slice(0, MOST).map(([where, message]) =>
    oneLine(`${where}: ${shortened(textOf(message))}`)
  );
  return first.size <= MOST ? lines : [...lines, `${first.size - MOST} more problems are not shown`];
}

/** `denit.yaml:12:5`, or the file alone for what concerns it as a whole. */
export function placeText({ file, line, column }: Place): string {
  return line === 0 ? file : `${file}:${line}:${column}`;
}

/** `; did you mean "healthcheck"?`, or nothing if nothing is near. */
export function didYouMean(wrong: string, known: readonly string[]): string {
  const meant = wrong.length <= 80 ? suggest(wrong, known) : null;
  return meant === null || meant === wrong ? "" : `; did you mean ${JSON.stringify(meant)}?`;
}

function textOf(message: Message): string {
  return typeof message === "string" ? message : message();
}

function shortened(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}...`;
}

/** Characters of a file cannot make a line of their own, colour one, or turn it round. */
function oneLine(line: string): string {
  return line.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu, " ").trimEnd().toWellFormed();
}
