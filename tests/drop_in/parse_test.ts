/** The three command lines, as values. */

import { deepEqual, equal, ok } from "../assert.ts";
import { parseCatatonit } from "../../src/drop_in/catatonit.ts";
import { chooseDropIn } from "../../src/drop_in/choose.ts";
import { parseDumbInit } from "../../src/drop_in/dumb_init.ts";
import type { Parser } from "../../src/drop_in/invocation.ts";
import { parseTini } from "../../src/drop_in/tini.ts";
import type { Note } from "../../src/core/model.ts";
import type { Plan, Request } from "../../src/plan.ts";

type Variables = Readonly<Record<string, string>>;
const PID = 77;

function parse(parser: Parser, words: string, variables: Variables = {}): Request {
  return parser({
    words: words.split(" ").filter((word) => word !== ""),
    readVariable: (name) => variables[name],
    pid: PID,
  });
}

function plan(parser: Parser, words: string, variables: Variables = {}): Plan {
  const request = parse(parser, words, variables);
  ok(request.name === "run", `${words} runs something`);
  return request.plan;
}

/** A command line, its variables, and what of the plan matters. */
type Row<Seen> = readonly [string, Variables, Seen];

function table<Seen>(
  name: string,
  parser: Parser,
  look: (plan: Plan) => Seen,
  rows: readonly Row<Seen>[],
): void {
  for (const [words, variables, seen] of rows) {
    Deno.test(`${name} ${words} ${JSON.stringify(variables)}`, () => {
      deepEqual(look(plan(parser, words, variables)), seen);
    });
  }
}

table("tini", parseTini, ({ command }) => command, [
  ["x", {}, ["x"]],
  ["-- x -g", {}, ["x", "-g"]],
  ["x -g y -- -s", {}, ["x", "y", "-s"]],
  ["x -g y", { POSIXLY_CORRECT: "" }, ["x", "-g", "y"]],
  ["-sgw x", {}, ["x"]],
]);
table("tini", parseTini, ({ policy, adopts, parentDeathSignal }) => ({
  to: policy.signalTo,
  ok: [...policy.okExits],
  warn: policy.warnReaped,
  adopts,
  death: parentDeathSignal,
}), [
  ["x", {}, { to: "main", ok: [], warn: false, adopts: false, death: null }],
  ["-gw -e 1 -e143 -pSIGKILL x", {}, { to: "group", ok: [1, 143], warn: true, adopts: false, death: 9 }],
  ["-s -p SIGTERM x", {}, { to: "main", ok: [], warn: false, adopts: true, death: 15 }],
  [
    "x",
    { TINI_SUBREAPER: "", TINI_KILL_PROCESS_GROUP: "" },
    { to: "group", ok: [], warn: false, adopts: true, death: null },
  ],
]);
table("tini", parseTini, ({ policy }) => policy.startFailureCodes["not found"], [
  ["x", {}, 127],
  ["-e 127 x", {}, 0],
]);

table("dumb-init", parseDumbInit, ({ command, policy, launch }) => ({
  command,
  to: policy.signalTo,
  rewrite: [...policy.rewrite],
  place: launch.place,
}), [
  ["x -c", {}, { command: ["x", "-c"], to: "group", rewrite: stopping(), place: "own session" }],
  ["-c x", {}, { command: ["x"], to: "main", rewrite: [], place: "our group" }],
  ["x", { DUMB_INIT_SETSID: "0" }, { command: ["x"], to: "main", rewrite: [], place: "our group" }],
  ["--sing -r 1:2 --rew=15:0 -- x", {}, {
    command: ["x"],
    to: "main",
    rewrite: [[1, 2], [15, 0]],
    place: "our group",
  }],
  ["-r 20:0 -r21:10 x", {}, {
    command: ["x"],
    to: "group",
    rewrite: [[20, 0], [21, 10], [22, 19]],
    place: "own session",
  }],
]);

function stopping(): [number, number][] {
  return [[20, 19], [21, 19], [22, 19]];
}

table("catatonit", parseCatatonit, ({ command, policy, launch, adopts }) => ({
  command,
  to: policy.signalTo,
  closes: launch.closesInherited,
  adopts,
}), [
  ["x", {}, { command: ["x"], to: "main", closes: true, adopts: true }],
  ["x -g y", {}, { command: ["x", "y"], to: "group", closes: true, adopts: true }],
  ["-g -- x -P", {}, { command: ["x", "-P"], to: "group", closes: true, adopts: true }],
]);
Deno.test("catatonit -P pauses", () => equal(parse(parseCatatonit, "-P").name, "pause"));

/** What is only said: the program, its words and variables, the exit code and the stream. */
const SAID: readonly (readonly [string, Parser, string, Variables, number, "stdout" | "stderr"])[] = [
  ["tini", parseTini, "", {}, 1, "stderr"],
  ["tini", parseTini, "-x", {}, 1, "stderr"],
  ["tini", parseTini, "-h", {}, 0, "stdout"],
  ["tini", parseTini, "-lx", {}, 0, "stdout"],
  ["tini", parseTini, "--version", {}, 0, "stdout"],
  ["tini", parseTini, "--version x", {}, 1, "stderr"],
  ["tini", parseTini, "-e 256 x", {}, 1, "stderr"],
  ["tini", parseTini, "-p SIGPWR x", {}, 1, "stderr"],
  ["dumb-init", parseDumbInit, "", {}, 1, "stderr"],
  ["dumb-init", parseDumbInit, "-h", {}, 0, "stderr"],
  ["dumb-init", parseDumbInit, "-V -x", {}, 0, "stderr"],
  ["dumb-init", parseDumbInit, "--ver", {}, 1, "stderr"],
  ["dumb-init", parseDumbInit, "--verbose=1 x", {}, 1, "stderr"],
  ["dumb-init", parseDumbInit, "-r 32:1 x", {}, 1, "stderr"],
  ["catatonit", parseCatatonit, "", {}, 1, "stderr"],
  ["catatonit", parseCatatonit, "--ver", {}, 0, "stdout"],
  ["catatonit", parseCatatonit, "-h", {}, 0, "stderr"],
  ["catatonit", parseCatatonit, "-V", { CATATONIT_LOG: "" }, 1, "stderr"],
];
for (const [name, parser, words, variables, exitCode, stream] of SAID) {
  Deno.test(`${name} ${words}: said on ${stream}, with ${exitCode}`, () => {
    const request = parse(parser, words, variables);
    ok(request.name === "say");
    equal(request.exitCode, exitCode);
    ok(request.lines.length > 0 && request.lines.every((line) => line.stream === stream));
  });
}

const STARTED: Note = { type: "started", main: { pid: 5, command: ["x"], foreground: false } };
const VERBOSITIES: readonly (readonly [string, Variables, boolean])[] = [
  ["x", {}, false],
  ["-v x", {}, true],
  ["-vvv x", { TINI_VERBOSITY: "1" }, false],
  ["x", { TINI_VERBOSITY: "2" }, true],
  ["x", { TINI_VERBOSITY: "-1" }, true],
  ["-v x", { TINI_VERBOSITY: "much" }, false],
];
for (const [words, variables, tells] of VERBOSITIES) {
  Deno.test(`tini ${words} ${JSON.stringify(variables)} ${tells ? "tells" : "does not tell"} its story`, () => {
    equal(plan(parseTini, words, variables).voice("info", STARTED).length > 0, tells);
  });
}

Deno.test("an object's own properties are no names", () => {
  equal(chooseDropIn("constructor", []), null);
  deepEqual(Object.keys(chooseDropIn("denit", ["--as=constructor"])!), ["unknown", "known"]);
});
