/** The small languages of denit's input: durations, variables in texts, files of variables, words, schedules, users. */

import fc from "fast-check";
import { parseDuration } from "../../src/cli/duration.ts";
import { nextTime, scheduleFailure } from "../../src/config/cron.ts";
import { readRawVariables, readVariables } from "../../src/config/env_file.ts";
import { interpolate, type Lookup } from "../../src/config/interpolate.ts";
import { resolvePath } from "../../src/config/system.ts";
import { splitWords } from "../../src/config/words.ts";
import { parseSignal } from "../../src/core/signals.ts";
import { lookUpUser } from "../../src/users.ts";
import { deepEqual, doesNotMatch, equal, match, ok } from "../assert.ts";
import { always } from "./support/property.ts";
import { anyText, mutated, textOf } from "./support/texts.ts";

const DURATION_PIECES = [
  "0",
  "1",
  "59",
  "1.5",
  ".",
  "s",
  "m",
  "h",
  "ms",
  "us",
  "-",
  "+",
  " ",
  "e3",
  "999999999",
];

always("a duration is none, or from nothing to a year", textOf(DURATION_PIECES, 6), (text) => {
  const ms = parseDuration(text);
  ok(ms === null || ms >= 0 && ms <= 365 * 24 * 3_600_000, `${text} is ${ms} ms`);
  if (ms !== null) match(text, /^[0-9.a-z]+$/);
}, 10);

always(
  "a duration is the sum of its parts",
  fc.array(fc.tuple(fc.nat({ max: 999 }), fc.constantFrom("h", "m", "s", "ms")), {
    minLength: 1,
    maxLength: 5,
  }),
  (parts) => {
    const UNIT_MS = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
    equal(
      parseDuration(parts.map(([count, unit]) => `${count}${unit}`).join("")),
      parts.reduce((sum, [count, unit]) => sum + count * UNIT_MS[unit], 0),
    );
  },
);

const VARIABLES: Readonly<Record<string, string>> = { A: "a}", EMPTY: "", B: "$A ${A}" };
const lookup: Lookup = (name) => Object.hasOwn(VARIABLES, name) ? VARIABLES[name] : undefined;
const TEXT_PIECES = [
  "$",
  "$$",
  "${",
  "}",
  "A",
  "EMPTY",
  "NONE",
  ":-",
  "-",
  ":?",
  "?",
  ":+",
  "+",
  "${A}",
  "x",
  " ",
  "$A",
];

always("variables are filled in, or one reason is told", textOf(TEXT_PIECES), (text) => {
  const filled = interpolate(text, lookup, () => {});
  if ("failure" in filled) ok(filled.failure.length > 0);
  else if (!text.includes("$")) equal(filled.text, text);
}, 10);

always("a text in which each $ is doubled is itself", fc.oneof(anyText, textOf(TEXT_PIECES)), (text) => {
  deepEqual(interpolate(text.replaceAll("$", "$$$$"), lookup, () => {}), { text });
});

always("a value that is filled in is not filled in again", fc.constantFrom("", "-", ":-"), (operator) => {
  deepEqual(interpolate(`\${B${operator}}`, lookup, () => {}), { text: VARIABLES["B"] });
});

/** Stands in every value of a file of variables that is wrong: no word of it may be told. */
const SECRET = "hunter2";
const ENV_PIECES = [
  ...[
    "A=",
    "B=",
    "export ",
    "=",
    ":",
    "\n",
    "\r\n",
    "#",
    " #",
    "'",
    '"',
    "\\",
    "$",
    "${",
    "}",
    "$$",
    " ",
    "\t",
  ],
  ...[SECRET, "${A:-", "${NONE:?", "\\n", '\\"', "A", "B C", "\x0b", "\ufeff"],
];

for (const [name, read] of [["", readVariables], ["raw, ", readRawVariables]] as const) {
  always(`${name}a file of variables is read, or the wrong line told`, textOf(ENV_PIECES), (text) => {
    const unset: string[] = [];
    const found = read(text, lookup, (name) => void unset.push(name));
    if (!("failure" in found)) {
      for (const [name, value] of found) ok(name !== "" && !name.includes("=") && typeof value === "string");
      return;
    }
    const [, line] = /^line ([0-9]+): \S/.exec(found.failure) ?? [];
    ok(Number(line) >= 1 && Number(line) <= text.split("\n").length, found.failure);
  }, 10);
}

/** Variables with a value in each form; what breaks them breaks at the value. */
const SECRETS = `A=${SECRET}\nB="${SECRET}"\nexport C='${SECRET}'\nD: ${SECRET}\n`;

always(
  "no word of a value is told of a file of variables that is wrong",
  mutated(SECRETS, ["'", '"', "\n", "=", " "]),
  (text) => {
    for (const read of [readVariables, readRawVariables]) {
      const found = read(text, lookup, (name) => doesNotMatch(name, /hunter2/));
      if ("failure" in found && !/hunter2[\w.-]*[ \t]*[=:]/.test(text)) {
        doesNotMatch(found.failure, /hunter2/);
      }
    }
  },
  5,
);

const variableName = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,9}$/);

always("what is written in quotes is read as it was", fc.dictionary(variableName, anyText), (values) => {
  const double = (text: string): string =>
    `"${text.replace(/[\\"$]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\r", "\\r")}"`;
  const text = Object.entries(values).map(([name, value]) => `${name}=${double(value)}\n`).join("");
  const found = readVariables(text, () => undefined, () => {});
  deepEqual(found instanceof Map ? Object.fromEntries(found) : found, { ...values });
}, 2);

always("words in quotes are read as they were", fc.array(anyText), (words) => {
  const double = (word: string): string => `"${word.replace(/[\\"]/g, "\\$&")}"`;
  deepEqual(splitWords(words.map(double).join(" ")), words);
  const single = words.filter((word) => !word.includes("'"));
  deepEqual(splitWords(single.map((word) => `'${word}'`).join("\t\n")), single);
}, 2);

always(
  "a command is split into words, or one reason is told",
  textOf(["a", " ", "'", '"', "\\", ";", "$(", "\n"]),
  (text) => {
    const words = splitWords(text);
    if ("failure" in words) match(words.failure, /^\S.*$/);
    else ok(words.join("").length <= text.length);
  },
  5,
);

const field = textOf(
  ["*", "0", "1", "5", "31", "60", "-", ",", "/", "L", "W", "#", "?", "MON", "JAN", "7"],
  4,
);
const NOW_MS = Date.UTC(2026, 1, 28, 23, 59, 59);

always(
  "a schedule is refused, or comes again and again",
  fc.array(field, { minLength: 4, maxLength: 6 }),
  (fields) => {
    const schedule = fields.join(" ");
    const failure = scheduleFailure(schedule);
    if (failure !== null) {
      return match(failure, /^(?:expected five fields|expected a time that comes|[a-z ]+: .* is not [0-9])/s);
    }
    let atMs = NOW_MS;
    for (let i = 0; i < 3; i++) {
      const nextMs = nextTime(schedule, atMs);
      ok(nextMs > atMs && !Number.isNaN(nextMs), `${schedule}: ${nextMs} after ${atMs}`);
      if (nextMs === Infinity) return;
      atMs = nextMs;
    }
  },
  2,
);

const ID_PIECES = [
  "0",
  "1",
  "1000",
  "4294967295",
  "2147483647",
  "2147483648",
  "-1",
  " 1",
  "1e3",
  "0x1",
  "99999999999999999999",
];
const entry = fc.array(
  fc.oneof(fc.constantFrom("app", "root", "x", "", "staff", "/", "a,app", ...ID_PIECES), anyText),
  { maxLength: 8 },
).map((fields) => fields.join(":"));
const userFile = fc.oneof(
  { weight: 9, arbitrary: fc.array(entry, { maxLength: 5 }).map((lines) => lines.join("\n")) },
  { weight: 1, arbitrary: fc.constant(null) },
);
const userWord = fc.oneof(
  textOf(["app", ":", "staff", ...ID_PIECES], 4),
  fc.constantFrom("app", "app:staff", ":staff", "1000:0"),
);

always(
  "a user is one that the kernel can take, or one reason is told",
  fc.record({
    passwd: userFile,
    group: userFile,
    user: fc.option(userWord),
    add: fc.array(userWord, { maxLength: 2 }),
  }),
  ({ passwd, group, user, add }) => {
    const own = { uid: 5, gid: 6, groups: [6] };
    const found = lookUpUser(user, add, (path) => path === "/etc/passwd" ? passwd : group, own);
    if ("failure" in found) {
      ok(found.failure.length < 600, `${found.failure.length} characters`);
      return doesNotMatch(found.failure, /undefined|NaN|\n/);
    }
    for (const id of [found.uid, found.gid, ...found.groups]) {
      ok(Number.isInteger(id) && id >= 0 && id < 2 ** 31, String(id));
    }
    ok(found.groups.includes(found.gid));
  },
  5,
);

always(
  "a signal is none, or one that there is",
  textOf(["SIG", "TERM", "RT", "MIN", "MAX", "+", "-", "1", "64", "9", "kill"], 5),
  (text) => {
    const signal = parseSignal(text);
    if (signal === null) return;
    ok(Number.isInteger(signal) && signal >= 1 && signal <= 64, String(signal));
    match(text, /^[A-Za-z0-9+-]+$/);
  },
  5,
);

always(
  "a path is absolute and goes up nowhere",
  fc.tuple(textOf(["/", "..", ".", "a"]), textOf(["/", "..", ".", "a"])),
  ([folder, path]) => {
    const resolved = resolvePath(`/${folder}`, path);
    match(resolved, /^\//);
    ok(!resolved.split("/").some((step) => step === ".." || step === "."), resolved);
    equal(resolvePath("/elsewhere", resolved), resolved);
  },
);
