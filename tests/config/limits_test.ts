/** Files that someone made to hurt: refused in bounded time, or loaded. */

import { loadProject } from "../../src/config/load.ts";
import { deepEqual, equal, match, ok } from "../assert.ts";
import { bomb, services } from "./hostile.ts";
import { load, problemsOf, requestOf, systemOf } from "./system.ts";

const WEB = "services: {web: {command: a}}\n";

/** A mapping of five thousand keys, merged into five thousand others. */
function mergeBomb(): string {
  const keys = Array.from({ length: 5000 }, (_, i) => `k${i}: 1`);
  return `x-a: &a {${keys}}\n${Array.from({ length: 5000 }, (_, i) => `x-${i}: {<<: *a}\n`).join("")}`;
}

const DEEP = "nested more than 50 deep";

for (
  const [what, file, problem, variables = {}] of [
    [
      "aliases of aliases",
      bomb() + WEB,
      /^denit\.yaml:6:\d+: more than 500000 values, with all that aliases stand for$/,
    ],
    ["merges of merges", mergeBomb() + WEB, /^denit\.yaml:\d+:\d+: more than 500000 values/],
    [
      "an alias of itself",
      `x-a: &a [*a]\n${WEB}`,
      /^denit\.yaml:1:10: x-a\[0\]: the alias \*a stands for what it is in itself$/,
    ],
    [
      "lists in lists",
      `x-a: ${"[".repeat(60)}${"]".repeat(60)}\n${WEB}`,
      new RegExp(`^denit\\.yaml:1:56: ${DEEP}$`),
    ],
    [
      "lists in lists without end",
      `x-a: ${"[".repeat(100_000)}`,
      new RegExp(`^denit\\.yaml:1:\\d+: ${DEEP}$`),
    ],
    [
      "mappings in mappings",
      Array.from({ length: 1400 }, (_, i) => `${" ".repeat(i)}a:\n`).join(""),
      new RegExp(DEEP),
    ],
    [
      "brackets, and nothing else",
      "[".repeat(1024 * 1024),
      /^denit\.yaml: the file has more than 200000 words and signs$/,
    ],
    [
      "one long text, in a thousand places",
      `x-a: &a ${"x".repeat(500_000)}\nservices: {web: {command: [${"*a,".repeat(1000)}]}}\n`,
      /^denit\.yaml:2:\d+: more than 500000 values, with all that aliases stand for$/,
    ],
    [
      "one long key, in a thousand places",
      `x-a: &a {"${"x".repeat(500_000)}": a}\nservices: {web: {command: [${"*a,".repeat(1000)}]}}\n`,
      /^denit\.yaml:2:\d+: more than 500000 values, with all that aliases stand for$/,
    ],
    [
      "a large file",
      `# ${"x".repeat(1024 * 1024)}\n${WEB}`,
      /^denit\.yaml: the file is larger than 1024 KiB$/,
    ],
    [
      "ten thousand services",
      services(10_000),
      /^denit\.yaml: services: 10000 services are more than denit runs \(1000\)$/,
    ],
    [
      "a hundred thousand replicas",
      services(100, () => ", scale: 1000"),
      /^denit\.yaml: 100000 replicas are more than denit runs \(1000\)$/,
    ],
    [
      "a long circle",
      services(1000, (i) => `, depends_on: [s${(i + 1) % 1000}]`),
      /^denit\.yaml:2:33: services\.s0\.depends_on\[0\]: a circle: s0 -> s1 -> s2 -> s3 -> s4 -> s5 -> \(991 more\) -> s997 -> s998 -> s999 -> s0$/,
    ],
    [
      "a variable that is long, often",
      `x-a: [${"$LONG,".repeat(20_000)}]\n${WEB}`,
      /^denit\.yaml:1:\d+: with its variables filled in the file is too large$/,
      { LONG: "x".repeat(100_000) },
    ],
    [
      "defaults in defaults",
      `x-a: "${"${A:-".repeat(1000)}"\n${WEB}`,
      /^denit\.yaml:1:6: x-a: variables in variables, too deep$/,
    ],
    [
      "one key twenty thousand times",
      `${WEB}${"x-a: 1\n".repeat(20_000)}`,
      /^denit\.yaml:3:1: x-a: the key is there already, at line 2$/,
    ],
  ] as const
) {
  Deno.test(`${what}: refused in one line`, () => {
    const lines = problemsOf(file, { variables });
    match(lines[0]!, problem);
    if (what !== "one key twenty thousand times") equal(lines.length, 1);
  });
}

Deno.test("of a thousand problems a hundred are shown, and how many there are", () => {
  const lines = problemsOf(services(500, () => ", commnd: b"));
  equal(lines.length, 101);
  equal(lines[100], "400 more problems are not shown");
});

Deno.test("a large file of variables for a thousand services is not multiplied without bound", () => {
  const lines = problemsOf(services(100, () => ", env_file: a.env"), {
    files: { "/srv/a.env": `A=${"x".repeat(1024 * 1024 - 2)}` },
  });
  equal(lines.length, 84);
  match(
    lines[0]!,
    /^denit\.yaml:18:31: services\.s16\.env_file: Cannot read \/srv\/a\.env: with all that services read/,
  );
  match(
    problemsOf(services(1, () => ", env_file: a.env"), {
      files: { "/srv/a.env": "x".repeat(1024 * 1024 + 1) },
    })[0]!,
    /: larger than 1024 KiB$/,
  );
});

Deno.test("many variables are not multiplied without bound by many hooks", () => {
  const hooks = `[${"{command: a, environment: {B: b}},".repeat(1000)}]`;
  const lines = problemsOf(`services: {web: {command: a, env_file: a.env, post_start: ${hooks}}}`, {
    files: { "/srv/a.env": Array.from({ length: 50_000 }, (_, i) => `A${i}=\n`).join("") },
  });
  deepEqual(lines, [
    "denit.yaml: more than 200000 variables, those of all services and hooks taken together",
  ]);
});

Deno.test("services are counted in all files together", () => {
  const files = Object.fromEntries(
    Array.from({ length: 11 }, (_, k) => [
      `/srv/${k}.yaml`,
      `services: {${Array.from({ length: 100 }, (_, i) => `"${k}-${i}": {command: a}`)}}`,
    ]),
  );
  deepEqual(problemsOf(`include: [${Object.keys(files)}]\n${WEB}`, { files }), [
    "denit.yaml: services: 1001 services are more than denit runs (1000)",
  ]);
});

Deno.test("a thousand services that wait for fifty others each are loaded", () => {
  const { services: all } = load(
    services(
      1000,
      (i) =>
        `, depends_on: [${
          Array.from({ length: 50 }, (_, k) => i + 1 + k).filter((k) => k < 1000).map((k) => `s${k}`)
        }]`,
    ),
  );
  equal(all.length, 1000);
  equal(all[0]!.dependsOn.length, 50);
});

Deno.test("what is thrown inside is one line, not a stack", () => {
  const loaded = loadProject(requestOf(), {
    ...systemOf(""),
    readFile() {
      throw new TypeError("it broke\nbadly");
    },
  });
  deepEqual(loaded, { name: "refused", problems: ["denit.yaml: Cannot load it: it broke"] });
});

Deno.test("no text at all makes it throw", () => {
  const pieces = [
    "services:",
    "\n  ",
    "web:",
    " ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "command: a",
    "&a",
    "*a",
    "<<: ",
    "'",
    '"',
    "|",
    "\n",
    "- ",
    "? ",
    "$",
    "${",
    "#",
    "!!int",
    "\t",
    "\0",
    "%YAML",
    "---",
    "x-a: 1",
  ];
  let seed = 1;
  const next = (below: number): number => (seed = seed * 48271 % 2147483647) % below;
  for (let i = 0; i < 2000; i++) {
    const text = Array.from({ length: 1 + next(15) }, () => pieces[next(pieces.length)]).join("");
    const loaded = loadProject(requestOf(), systemOf(text));
    const problems = loaded.name === "loaded" ? [] : loaded.problems;
    ok(!problems.some((line) => line.includes("Cannot load it")), `${JSON.stringify(text)}: ${problems}`);
  }
});
