/** Command lines and variables that nobody would type: read, or refused in one clear line. */

import fc from "fast-check";
import { getopt, type Grammar, readOptions } from "../../src/cli/getopt.ts";
import type { Option } from "../../src/cli/option.ts";
import { OPTIONS } from "../../src/cli/options.ts";
import { parseCommandLine } from "../../src/cli/parse.ts";
import {
  CONFIG_OPTIONS,
  defaultConfigSettings,
  defaultUpSettings,
  UP_OPTIONS,
} from "../../src/cli/services.ts";
import { type Problem, readSettings } from "../../src/cli/settings.ts";
import { suggest } from "../../src/cli/suggest.ts";
import { parseCatatonit } from "../../src/drop_in/catatonit.ts";
import { chooseDropIn } from "../../src/drop_in/choose.ts";
import { parseDumbInit } from "../../src/drop_in/dumb_init.ts";
import { parseTini } from "../../src/drop_in/tini.ts";
import type { Plan, Request } from "../../src/plan.ts";
import { formatLine } from "../../src/voice.ts";
import { deepEqual, equal, ok } from "../assert.ts";
import { givesAway, isClear } from "./support/clear.ts";
import { type Line, lineOf, lineWith, value } from "./support/lines.ts";
import { always } from "./support/property.ts";
import { textOf } from "./support/texts.ts";

/** What stands for the environment: a name that is not set has no value, whatever an object has by nature. */
function reader(variables: Line["variables"]): (name: string) => string | undefined {
  return (name) => Object.hasOwn(variables, name) ? variables[name] : undefined;
}

function isToldClearly({ message, wrong, known }: Problem, given: Line): void {
  const meant = wrong === undefined ? null : suggest(wrong, known ?? []);
  if (givesAway(JSON.stringify(given))) return;
  for (const format of ["text", "json"] as const) {
    const line = formatLine("error", message + (meant ?? ""), format, new Date());
    if (format === "text") isClear(line.toWellFormed()); // as it is written
    else equal(JSON.parse(line).message, message + (meant ?? ""));
    ok(line.length < 2000, `${line.length} characters`);
  }
}

/** What is run is what was given, and each number is one that can be waited for, sent or exited with. */
function isSound({ command, policy, parentDeathSignal }: Plan, words: readonly string[]): void {
  ok(command.length > 0);
  deepEqual(command, words.slice(-command.length));
  const { graceMs, killAfterMs, rewrite, okExits } = policy;
  const YEAR_MS = 365 * 24 * 3_600_000;
  for (const ms of [graceMs, killAfterMs ?? 0]) ok(ms >= 0 && ms <= YEAR_MS, String(ms));
  for (const [from, to] of rewrite) {
    for (const signal of [from, to]) {
      ok(Number.isInteger(signal) && signal >= 0 && signal <= 64, String(signal));
    }
  }
  for (const code of okExits) ok(Number.isInteger(code) && code >= 0 && code <= 255, String(code));
  const death = parentDeathSignal ?? 1;
  ok(Number.isInteger(death) && death >= 1 && death <= 64, String(death));
}

always("denit's own command line is run, or refused in one line", lineWith(OPTIONS), (given) => {
  const request = parseCommandLine(given.words, reader(given.variables));
  if (request.name === "run") isSound(request.plan, given.words);
  else if (request.name === "refuse") isToldClearly(request.problem, given);
}, 10);

for (
  const [name, options, defaults] of [
    ["up", UP_OPTIONS, defaultUpSettings],
    ["config", CONFIG_OPTIONS, defaultConfigSettings],
  ] as const
) {
  always(`the command line of ${name} is read, or refused in one line`, lineWith(options), (given) => {
    const settings = defaults();
    const read = readSettings(
      options as readonly Option<typeof settings>[],
      settings,
      given.words,
      reader(given.variables),
      `denit ${name} --help`,
    );
    if (read.name === "problem") isToldClearly(read.problem, given);
    else if (read.name === "operands") { for (const word of read.words) ok(given.words.includes(word)); }
  }, 5);
}

const DROP_INS = {
  tini: {
    parse: parseTini,
    names: ["s", "p", "v", "w", "g", "e", "l", "h", "version"],
    variables: ["TINI_SUBREAPER", "TINI_VERBOSITY", "TINI_KILL_PROCESS_GROUP", "POSIXLY_CORRECT"],
  },
  "dumb-init": {
    parse: parseDumbInit,
    names: ["c", "r", "v", "h", "V", "single-child", "rewrite", "verbose", "help", "version"],
    variables: ["DUMB_INIT_DEBUG", "DUMB_INIT_SETSID"],
  },
  catatonit: {
    parse: parseCatatonit,
    names: ["g", "h", "L", "P", "V", "version"],
    variables: ["CATATONIT_LOG", "CATATONIT_DEBUG", "POSIXLY_CORRECT"],
  },
} as const;

for (const [name, { parse, names, variables }] of Object.entries(DROP_INS)) {
  always(`as ${name}, the command line is run, or answered`, lineOf(names, variables), (given) => {
    const request: Request = parse({ words: given.words, readVariable: reader(given.variables), pid: 7 });
    if (request.name === "run") {
      const { command, ...plan } = request.plan;
      for (const word of command) ok(given.words.includes(word));
      isSound({ ...plan, command: ["x"] }, ["x"]);
      speaks(request.plan, given);
    } else if (request.name === "say") {
      ok([0, 1].includes(request.exitCode));
      ok(request.lines.length > 0);
      if (givesAway(JSON.stringify(given))) return;
      for (const { text } of request.lines) for (const line of text.split("\n")) ok(!givesAway(line), line);
    }
  }, 5);
}

/** Whatever the program is called, what is said of it is one line each. */
function speaks({ voice, command }: Plan, given: Line): void {
  if (givesAway(JSON.stringify(given))) return;
  const failure = { name: "not found", reason: "it is not there", systemReason: "No such file" } as const;
  const lines = voice("error", { type: "not-started", command, failure });
  for (const { text } of lines) ok(!/[\p{Cc}\u2028\u2029]/u.test(text), JSON.stringify(text));
}

always("a name to be called by is known, or the known ones are told", value, (name) => {
  const chosen = chooseDropIn("denit", [`--as=${name}`, "x"]);
  if (chosen === null) equal(name, "denit");
  else if ("unknown" in chosen) equal(chosen.unknown, name);
  else ok([...Object.keys(DROP_INS), "docker-init"].includes(name));
  ok(chooseDropIn(name, []) === null || chosen !== null);
});

const grammar: fc.Arbitrary<Grammar> = fc.record({
  options: fc.array(
    fc.tuple(fc.constantFrom("a", "b", "v", "all", "alter", "beta", "--", "=", "\u{1f600}"), fc.boolean()),
    { maxLength: 6 },
  ).map((all) => new Map(all.map(([name, takesValue]) => [name, { takesValue }]))),
  permutes: fc.boolean(),
  abbreviates: fc.boolean(),
  refusesValues: fc.boolean(),
});
const optionWord = textOf(["-", "--", "a", "b", "v", "=", "all", "alter", "beta", "al", "\u{1f600}"], 4);

always(
  "options are those of the grammar, and no word is lost",
  fc.tuple(fc.array(optionWord), grammar),
  ([words, grammar]) => {
    const { options, operands, bad } = readOptions(words, grammar);
    for (const { name, value } of options) {
      const known = grammar.options.get(name);
      ok(known !== undefined, name);
      if (known.takesValue) ok(value !== null, `${name} has its value`);
      else ok(value === null || name.length > 1 && !grammar.refusesValues, `${name} has none`);
    }
    const strict = getopt(words, grammar);
    if (bad !== null) return deepEqual(strict, bad);
    deepEqual(strict, { options, operands });
    if (grammar.permutes) {
      let at = 0; // what is none stays in its order
      for (const word of operands) ok((at = words.indexOf(word, at) + 1) > 0, word);
    } else deepEqual(operands, operands.length === 0 ? [] : words.slice(-operands.length));
  },
  10,
);
