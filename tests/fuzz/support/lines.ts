/** Command lines and variables, most of which are wrong. */

import fc from "fast-check";
import { type Option, variableOf } from "../../../src/cli/option.ts";
import { anyText, textOf } from "./texts.ts";

/** Values of which each is right for some option. */
const VALUES: readonly string[] = [
  ...[
    "8s",
    "1m30s",
    "500ms",
    "0",
    "off",
    "group",
    "main",
    "all",
    "TERM:QUIT",
    "HUP:",
    "15:0",
    "RTMIN+3",
    "143",
  ],
  ...[
    "255",
    "256",
    "SIGKILL",
    "text",
    "json",
    "true",
    "false",
    "/tmp",
    "denit.yaml",
    "1:2",
    "20:10",
    ",",
    " ",
  ],
];

/** A value for an option, right or not. */
export const value: fc.Arbitrary<string> = fc.oneof(fc.constantFrom(...VALUES), anyText, textOf(VALUES, 4));

/** A word that has something to do with these options. */
function wordFor(names: readonly string[]): fc.Arbitrary<string> {
  const name = fc.constantFrom(...names);
  const dashed = name.map((name) => name.length === 1 ? `-${name}` : `--${name}`);
  return fc.oneof(
    { weight: 3, arbitrary: dashed },
    { weight: 2, arbitrary: fc.tuple(dashed, value).map(([name, value]) => `${name}=${value}`) },
    { weight: 2, arbitrary: fc.tuple(dashed, value).map(([name, value]) => name + value) },
    { weight: 1, arbitrary: fc.tuple(dashed, fc.nat({ max: 9 })).map(([name, end]) => name.slice(0, end)) },
    { weight: 1, arbitrary: fc.array(name, { maxLength: 6 }).map((names) => `-${names.join("")}`) },
    { weight: 3, arbitrary: value },
    { weight: 2, arbitrary: fc.constantFrom("--", "-", "sh", "up", "config", "--as", "-h", "-V") },
  );
}

/** What a person gives denit. */
export interface Line {
  readonly words: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
}

/** A command line with options of these names, and some of these variables. */
export function lineOf(names: readonly string[], variables: readonly string[]): fc.Arbitrary<Line> {
  return fc.record({
    words: fc.array(wordFor(names), { maxLength: 8 }),
    variables: fc.oneof(
      fc.constant({}),
      fc.dictionary(fc.constantFrom(...variables), value, { maxKeys: 3 }),
    ),
  });
}

/** A command line for these options. */
export function lineWith(options: readonly Option<never>[]): fc.Arbitrary<Line> {
  return lineOf(
    options.flatMap(({ long, short }) => short === undefined ? [long] : [long, short]),
    options.map(variableOf),
  );
}
