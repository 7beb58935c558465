import { readRawVariables, readVariables } from "../../src/config/env_file.ts";
import { deepEqual } from "../assert.ts";

const DENITS: Readonly<Record<string, string>> = { HOME: "/var/lib", EMPTY: "" };
const lookup = (name: string): string | undefined => DENITS[name];

for (
  const [text, values, unset = []] of [
    ["", {}],
    ["# nothing\n\n   # here", {}],
    ["A=1\nB=2", { A: "1", B: "2" }],
    ["A=1\r\nB=2\r\n", { A: "1", B: "2" }],
    ["  export A=1", { A: "1" }],
    ["A = 1 ", { A: "1" }],
    ["A: 1", { A: "1" }],
    ["A=", { A: "" }],
    ["A=\nB=2", { A: "", B: "2" }],
    ["A=1\nA=2", { A: "2" }],
    ["A=b c # comment", { A: "b c" }],
    ["A=b#c", { A: "b#c" }],
    ["A=b\t#c", { A: "b\t#c" }],
    ["A=#c", { A: "#c" }],
    ["A= # comment", { A: "" }],
    ["A='b # $HOME \\n' # comment", { A: "b # $HOME \\n" }],
    ["A='b\nc'", { A: "b\nc" }],
    ["A='Let\\'s go!' # comment\nB='\\t\\\\'", { A: "Let's go!", B: "\\t\\\\" }],
    ['A="b\nc" # comment\nB=1', { A: "b\nc", B: "1" }],
    ['A="b\\nc\\t\\"d\\" \\\\ \\x"', { A: 'b\nc\t"d" \\ \\x' }],
    ["A=$HOME/x", { A: "/var/lib/x" }],
    ['A="${HOME}/x"', { A: "/var/lib/x" }],
    ['A="\\$HOME"', { A: "$HOME" }],
    ["A=$$HOME", { A: "$HOME" }],
    ["A=1\nB=${A}2", { A: "1", B: "12" }],
    ["HOME=mine\nB=$HOME", { HOME: "mine", B: "/var/lib" }],
    ["A=${NONE:-d}", { A: "d" }],
    ["A=$NONE", { A: "" }, ["A"]],
    ["HOME\nNONE\nB=1", { HOME: "/var/lib", B: "1" }],
    ["A.b-c_1=1", { "A.b-c_1": "1" }],
    ["A=b'c\"d", { A: "b'c\"d" }],
  ] as const
) {
  Deno.test(`${JSON.stringify(text)} sets ${JSON.stringify(values)}`, () => {
    const told: string[] = [];
    const found = readVariables(text, lookup, (name) => told.push(name));
    deepEqual(found instanceof Map ? Object.fromEntries(found) : found, values);
    deepEqual(told, [...unset]);
  });
}

for (
  const [text, failure] of [
    ["A=1\n=2", "line 2: expected NAME=value"],
    ["A=1\n\nB C", "line 3: expected NAME=value"],
    ['A=1\nB="secret', 'line 2: the quote (") of B is not closed'],
    ["A='secret", "line 1: the quote (') of A is not closed"],
    ['A="x" y', "line 1: text behind the closing quote of A"],
    ["A=1\nB=${\nC=2", 'line 2: B: expected the name of a variable behind "${"'],
    ['A=1\nB="x\n${"\nC=2', 'line 2: B: expected the name of a variable behind "${"'],
    ["A=x${Secret!", "line 1: A: expected }, :-, -, :?, ?, :+ or + behind the name of a variable"],
    ["A=${B:?say it}", "line 1: A: the variable B must be set: say it"],
  ] as const
) {
  Deno.test(`${JSON.stringify(text)} is refused, and no value told`, () => {
    deepEqual(readVariables(text, lookup, () => {}), { failure });
  });
}

for (
  const [text, values] of [
    ["A='b' # $HOME\n# no\n\n  B=2 ", { A: "'b' # $HOME", B: "2 " }],
    ["A=b=c\r\nHOME\nNONE", { A: "b=c", HOME: "/var/lib" }],
  ] as const
) {
  Deno.test(`raw: ${JSON.stringify(text)} sets ${JSON.stringify(values)}`, () => {
    const found = readRawVariables(text, lookup);
    deepEqual(found instanceof Map ? Object.fromEntries(found) : found, values);
  });
}

for (const text of ["A=1\n=2", "A=1\n=", "A=1\nB C=2", "A=1\nB C\nC=3"]) {
  Deno.test(`raw: ${JSON.stringify(text)} is refused`, () => {
    deepEqual(readRawVariables(text, lookup), { failure: "line 2: expected NAME=value" });
  });
}

Deno.test("a value of a megabyte is read in no time, in quotes or not", () => {
  const long = 'x\\"'.repeat(300_000);
  deepEqual(readVariables(`A="${long}"`, lookup, () => {}), new Map([["A", 'x"'.repeat(300_000)]]));
  deepEqual(readVariables(`A=${long}`, lookup, () => {}), new Map([["A", long]]));
});
