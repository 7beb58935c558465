/** Files that are no YAML: one line each, of the slip and not of what follows from it. */

import { deepEqual, ok } from "../assert.ts";
import { problemsOf } from "./system.ts";

const NO_KEY = 'a key needs a colon and a blank behind it, as in "key: value"';
const PAIR = 'a value with ": " in it needs quotes';
const BAD_INDENT = "this line is not indented as those that it belongs to";

/** Lines below `services: {web: ...}`, which begin in line 3, and what is said of them. */
const BELOW_WEB: readonly (readonly [lines: string, said: string])[] = [
  ["    schedule: * * * * *", '3:15: a value that begins with "*" needs quotes'],
  ["    schedule: */5 * * * *", '3:15: a value that begins with "*" needs quotes'],
  ["    schedule: * 3 * * *", '3:15: a value that begins with "*" needs quotes'],
  ["    command: *", '3:14: a value that begins with "*" needs quotes'],
  ["    command:\n      - ls\n      - *.txt *.md", '5:9: a value that begins with "*" needs quotes'],
  ["    x-a: {b: a, schedule: */5 * * * *}", '3:27: a value that begins with "*" needs quotes'],
  ["    command: & b", '3:14: a value that begins with "&" needs quotes'],
  ["    command: @a", '3:14: a value that begins with "@" needs quotes'],
  ["    command: `a`", '3:14: a value that begins with "`" needs quotes'],
  ["    command: echo a: b", `3:14: ${PAIR}`],
  ["    environment:\n      - A: b: c", `4:12: ${PAIR}`],
  ["    command a", `3:5: ${NO_KEY}`],
  ["    command:a", `3:5: ${NO_KEY}`],
  ["    environment:\n      A=b\n      C: d", `4:7: ${NO_KEY}`],
  ["    user: a\n   umask: b", `4:4: ${BAD_INDENT}`],
  ["    user: a\n     umask: b", `4:6: ${BAD_INDENT}`],
  ["    command:\n      - a\n     - b", `5:6: ${BAD_INDENT}`],
  ["    command: - a", "3:14: a list begins on a line of its own, or is written [a, b]"],
  ["    command: 'it's'", "3:18: a value ends with its quote or bracket: put all of it in quotes"],
  ['    command: "a', '3:14: this " is not closed'],
  ["    command: ['a', 'b]", "3:20: this ' is not closed"],
  ["    command: [a, [b, c]", "3:14: this [ is not closed"],
  ["    x-a: {b: {c: d}", "3:10: this { is not closed"],
  [
    "    x-a: {command: a user: b}",
    "3:20: in [ ] and { } a comma stands between two values, and lines begin no list or mapping",
  ],
  ['    command: "a\\d"', "3:16: this backslash escapes nothing; double it, or use single quotes"],
  ["    command: |x\n      a", "3:15: not YAML: Block scalar header includes extra characters: |x"],
];

for (const [lines, said] of BELOW_WEB) {
  Deno.test(`${JSON.stringify(lines.trimStart())}: ${said}`, () => {
    deepEqual(problemsOf(`services:\n  web:\n${lines}\n    restart: always\n`), [`denit.yaml:${said}`]);
  });
}

Deno.test("a key without a colon at the end of a mapping", () => {
  deepEqual(problemsOf("services:\n  web:\n    restart: always\n    command a\n"), [
    `denit.yaml:4:5: ${NO_KEY}`,
  ]);
});

Deno.test("a long line with many stars is refused at once", () => {
  const since = performance.now();
  problemsOf(`a: [${"- *".repeat(60_000)}]`);
  ok(performance.now() - since < 5000);
});
