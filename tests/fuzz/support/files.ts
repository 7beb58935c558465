/** Files of services: one that has every key, ways to break it, and what must hold for whatever comes of that. */

import fc from "fast-check";
import type { Project } from "../../../src/core/services/project.ts";
import { loadProject } from "../../../src/config/load.ts";
import { projectText } from "../../../src/config/print.ts";
import { deepEqual, equal, fail, match, ok } from "../../assert.ts";
import { type Given, requestOf, systemOf } from "../../config/system.ts";
import { givesAway, isClear } from "./clear.ts";
import { anyText, BAD_TEXTS } from "./texts.ts";

/** Written as it stands here, whatever that is. */
export class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | number | boolean | null | Raw | readonly Value[] | { readonly [key: string]: Value };

/** Every key that a file may have. */
const WHOLE: { readonly [key: string]: Value } = {
  name: "shop",
  version: "3.8",
  "x-own": { a: 1 },
  include: ["more.yaml", { path: ["more.yaml"], project_directory: "." }],
  services: {
    web: {
      command: ["serve", "--port", "80"],
      entrypoint: "/bin/run",
      environment: {
        A: "1",
        N: 7,
        B: true,
        FROM: null,
        DB_FILE: "/run/secrets/db",
        T_FILE: "/run/secrets/t",
      },
      env_file: ["a.env", { path: "b.env", required: false, format: "raw" }],
      user: "app:staff",
      group_add: ["video", 44],
      working_dir: "/srv",
      umask: "022",
      ulimits: { nofile: { soft: 1024, hard: 2048 }, core: 0 },
      oom_score_adj: -500,
      nice: 5,
      scale: 2,
      profiles: ["all"],
      depends_on: { db: { condition: "service_healthy", required: true, restart: true } },
      healthcheck: {
        test: ["CMD", "true"],
        interval: "1s",
        timeout: "1s",
        retries: 3,
        start_period: "1m30s",
        start_interval: "500ms",
        disable: false,
      },
      restart: "on-failure:3",
      deploy: {
        replicas: 2,
        restart_policy: { condition: "any", delay: "1s", max_attempts: 3, window: "1m" },
      },
      stop_signal: "SIGQUIT",
      signal_to: "main",
      stop_grace_period: "10s",
      post_start: [{ command: "touch a", user: "1000", working_dir: "/", environment: ["A=1"] }],
      pre_stop: [{ command: ["a"] }],
      secrets: ["db", { source: "token", target: "t" }],
      logging: { driver: "local", options: { "max-size": "10m", "max-file": 3 } },
      essential: true,
      forward_signals: ["USR1", "SIGWINCH"],
    },
    db: { command: "db", healthcheck: { tcp: "127.0.0.1:5432" }, environment: ["A=1", "B"] },
    api: {
      command: "api",
      healthcheck: { http: "http://[::1]:80/well?x=1" },
      depends_on: ["db"],
      env_file: "a.env",
    },
    job: { command: "job", schedule: "0 3 * * 1-5", restart: "no", deploy: { replicas: 1 } },
  },
  secrets: { db: { file: "db.txt" }, token: { environment: "TOKEN" } },
};

const FILES: NonNullable<Given["files"]> = {
  "/srv/more.yaml": "services: {more: {command: a}}\n",
  "/srv/a.env": "A=1\nexport B='2'\n",
  "/srv/b.env": "C=$A\n",
  "/srv/db.txt": "hush\n",
};

/** What is around the file. */
const GIVEN: Given = { files: FILES, variables: { TOKEN: "t", PORT: "80", A: "a" } };

/** Pieces of YAML that mean something, and values that are not what they look like. */
const PIECES: readonly string[] = [
  ...[
    "services:\n",
    "\n  ",
    "web:",
    " ",
    "{",
    "}",
    "[",
    "]",
    ",",
    ": ",
    "- ",
    "? ",
    "|\n",
    ">-\n",
    "\n",
    "\r\n",
    "#",
  ],
  ...[
    "&a ",
    "*a",
    "<<: ",
    "<<: *a",
    "!!int ",
    "!!binary ",
    "!!js/function ",
    "!reset ",
    "%YAML 1.1\n",
    "---\n",
  ],
  ...[
    "...\n",
    "\t",
    "'",
    '"',
    "\\",
    "$",
    "${",
    "command: a",
    "x-a: 1",
    "\ufeff",
    "depends_on: [web]",
    "include: [a]",
  ],
];

/** Values as YAML has them, none of which is right everywhere. */
const BAD_VALUES: readonly string[] = [
  ...[
    "",
    "~",
    "true",
    "no",
    "0",
    "-0",
    "-1",
    "1.0",
    "1.5",
    "1e3",
    "1e309",
    "-1e309",
    ".nan",
    ".inf",
    "-.inf",
  ],
  ...["0x10", "0o17", "017", "1_000", "99999999999999999999", "9007199254740993", "2147483648", "2026-01-01"],
  ...[
    "12:30:45",
    "!!binary aGk=",
    "!!js/function 'x'",
    "!!str 1",
    "!!int '1'",
    "!!float 1",
    "!!set {a}",
    "!x y",
  ],
  ...[
    "!!timestamp 2026-01-01",
    "&a b",
    "*a",
    "&b [*b]",
    "&c {a: *c}",
    "*none",
    "{<<: {a: b}}",
    "{<<: *none}",
  ],
  ...[
    "{<<: [{a: b}, {a: c}]}",
    "{<<: a}",
    "{}",
    "[]",
    "[[]]",
    "[{}]",
    "[~]",
    "[1]",
    "[a, a]",
    "[a, '']",
    "{a: b}",
  ],
  ...["{__proto__: a}", "{constructor: a}", "{toString: {a: b}}", "{hasOwnProperty: {a: b}}", "{? [a] : b}"],
  ...[
    "{1: a}",
    "{'': a}",
    "{x-a: b}",
    '{"a.b": c}',
    "{a: {a: {a: {a: {a: {}}}}}}",
    "''",
    "' '",
    "' a'",
    '"a b"',
  ],
  ...[
    '"\\0"',
    '"a\\0b"',
    '"\\e[31m"',
    '"\\x9b31m"',
    '"\\u202ea"',
    '"\\u2028"',
    '"\\ud800"',
    '"a\\nb"',
    '"\\t"',
  ],
  ...[
    "$",
    "$$",
    "$$$$A",
    "${",
    "${A",
    "$A",
    "$NONE",
    '"${A:-${B:-c}}"',
    '"${A:?told}"',
    '"${NONE:?a\\nb}"',
    "$1",
  ],
  ...[
    "a b",
    "a=b",
    "=b",
    "a:b",
    "a;b",
    "'a",
    "a'",
    "/a",
    "../a",
    "a/../../../..",
    "-a",
    "--",
    "@a",
    "`a`",
    "# a",
  ],
  ...[
    "SIGTERM",
    "KILL",
    "RTMIN+99",
    "1s",
    "9000h",
    "1us",
    "0s",
    "* * * * *",
    "0 0 30 2 *",
    "*/0 * * * *",
    "L * * * *",
  ],
  ...[
    "root",
    "0:0",
    "4294967295",
    "a:",
    "-1:-1",
    "10k",
    "0.5b",
    "-1k",
    "9999999999g",
    "always",
    "on-failure:0",
  ],
  ...[
    "127.0.0.1:0",
    "http://localhost/",
    "http://" + "999.1.1.1/", // an address that there is not
    "http://[::g]/",
    "[::1]:99999",
    "service_started",
  ],
  ...BAD_TEXTS.map((text) => JSON.stringify(text)),
];

type Step = string | number;

/** Every place of the file that has every key. */
export const PLACES: readonly (readonly Step[])[] = placesIn(WHOLE);

function placesIn(value: Value): (readonly Step[])[] {
  if (typeof value !== "object" || value === null || value instanceof Raw) return [[]];
  return [
    [],
    ...Object.entries(value).flatMap(([key, each]) => placesIn(each).map((rest) => [key, ...rest])),
  ];
}

/** The file with something else at a place. */
export function withValue(place: readonly Step[], raw: string): string {
  return write(replaced(WHOLE, place, () => new Raw(raw)));
}

function replaced(value: Value, place: readonly Step[], change: (old: Value) => Value): Value {
  const [step, ...rest] = place;
  if (step === undefined) return change(value);
  if (Array.isArray(value)) {
    return value.map((each, i) => String(i) === String(step) ? replaced(each, rest, change) : each);
  }
  const entries = Object.entries(value as object).map(([key, each]) =>
    [key, key === step ? replaced(each, rest, change) : each] as const
  );
  return Object.fromEntries(entries);
}

/** As YAML: block style as far as two levels, so that lines mean something, and flow style below. */
function write(value: Value, depth = 0): string {
  if (value instanceof Raw) return value.text;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((each) => write(each, 9)).join(", ")}]`;
  const entries = Object.entries(value);
  if (depth > 2 || entries.length === 0) {
    return `{${entries.map(([key, each]) => `${key}: ${write(each, 9)}`).join(", ")}}`;
  }
  return entries.map(([key, each]) => `\n${"  ".repeat(depth)}${key}: ${write(each, depth + 1)}`).join("");
}

const TEXT = `${write(WHOLE).trimStart()}\n`;

const lineChange: fc.Arbitrary<(lines: string[]) => string[]> = fc.record({
  kind: fc.constantFrom(
    "drop",
    "double",
    "swap",
    "indent",
    "outdent",
    "tab",
    "value",
    "name",
    "piece",
    "comment",
  ),
  at: fc.nat({ max: TEXT.split("\n").length }),
  other: fc.nat({ max: TEXT.split("\n").length }),
  value: fc.oneof(fc.constantFrom(...BAD_VALUES), anyText),
  name: fc.oneof(fc.constantFrom(...BAD_TEXTS), anyText),
  piece: fc.constantFrom(...PIECES),
}).map(({ kind, at, other, value, name, piece }) => (lines) => {
  const line = lines[at] ?? "";
  const put = (...now: string[]): string[] => lines.toSpliced(at, 1, ...now);
  switch (kind) {
    case "drop":
      return put();
    case "double":
      return put(line, line);
    case "swap":
      return put(lines[other] ?? "").toSpliced(other, 1, line);
    case "indent":
      return put(`  ${line}`);
    case "outdent":
      return put(line.replace(/^ {2}/, ""));
    case "tab":
      return put(line.replace(/^ +/, "\t"));
    case "value":
      return put(line.replace(/: .*/, () => `: ${value}`));
    case "name":
      return put(line.replace(/[\w-]+:/, () => `${JSON.stringify(name)}:`));
    case "piece":
      return put(line + piece, line.slice(0, 6) + piece);
    case "comment":
      return put(`# ${line}`);
  }
});

const brokenLines = fc.tuple(
  fc.array(lineChange, { minLength: 1, maxLength: 4 }),
  fc.constantFrom("\n", "\n", "\n", "\r\n", "\r"),
  fc.constantFrom("", "", "", "\ufeff", "---\n", "%YAML 1.1\n---\n"),
).map(([changes, end, start]) =>
  start + changes.reduce((lines, change) => change(lines), TEXT.split("\n")).join(end)
);

const wrongValue = fc.tuple(
  fc.constantFrom(...PLACES),
  fc.oneof(fc.constantFrom(...BAD_VALUES), anyText.map((text) => JSON.stringify(text))),
).map(([place, value]) => withValue(place, value));

const wrongName = fc.tuple(fc.constantFrom(...PLACES.filter((place) => place.length > 0)), anyText).map(
  ([place, name]) => {
    const key = place.at(-1)!;
    const rename = (old: Value): Value =>
      typeof old !== "object" || old === null || Array.isArray(old) || old instanceof Raw
        ? new Raw(`{${JSON.stringify(name)}: ${write(old, 9)}}`)
        : Object.fromEntries(
          Object.entries(old).map(([each, value]) => [each === key ? JSON.stringify(name) : each, value]),
        );
    return write(replaced(WHOLE, place.slice(0, -1), rename));
  },
);

const pieces = fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.constantFrom(...BAD_VALUES)), {
  maxLength: 20,
})
  .map((all) => all.join(""));

const encoder = new TextEncoder();

const wrongBytes = fc.tuple(fc.nat({ max: TEXT.length }), fc.uint8Array({ minLength: 1, maxLength: 6 })).map(
  ([at, bytes]) => {
    const whole = encoder.encode(TEXT);
    return new Uint8Array([...whole.subarray(0, at), ...bytes, ...whole.subarray(at + 1)]);
  },
);

/** A file of services that is probably wrong: as text where it is one, so that it can be read when it fails. */
export const anyFile: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  { weight: 6, arbitrary: wrongValue },
  { weight: 6, arbitrary: brokenLines },
  { weight: 3, arbitrary: wrongName },
  { weight: 3, arbitrary: pieces },
  { weight: 1, arbitrary: wrongBytes },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }) },
);

/** What may be told of a file as a whole, with no place in it. */
const OF_THE_WHOLE =
  /^denit\.yaml: (?:the file (?:is empty|is not UTF-8|is larger than|has no services|has more than)|there is no service to run|more than|\d+ (?:services|replicas) are more)|^\d+ more problems are not shown$/;

/**
 * What must hold for any file: it is refused, each reason a clear line that says where, or it is loaded, and then what
 * is printed of it comes to the same.
 */
export function isTaken(file: string | Uint8Array): "loaded" | "refused" {
  const text = typeof file === "string" ? file : new TextDecoder().decode(file);
  const check = givesAway(text) ? () => {} : isClear;
  const request = requestOf({ profiles: ["all"] });
  const loaded = loadProject(request, systemOf(file, GIVEN));
  if (loaded.name === "refused") {
    ok(loaded.problems.length > 0);
    const lineCount = text.split("\n").length;
    for (const line of loaded.problems) {
      check(line);
      if (OF_THE_WHOLE.test(line) || line.startsWith("/srv/") || line.startsWith("more.yaml")) continue;
      const [, at, column] = /^denit\.yaml:(\d+):(\d+): /.exec(line) ?? fail(line);
      ok(Number(at) >= 1 && Number(at) <= lineCount && Number(column) >= 1, line);
    }
    return "refused";
  }
  for (const line of loaded.warnings) {
    check(line);
    match(line, /^[^:]+\.yaml:(?:\d+:\d+:| no service has the profile) /);
  }
  isSound(loaded.project);
  deepEqual(JSON.parse(JSON.stringify(loaded)), loaded, "it comes through src/services/reader.ts as it is");
  const printed = projectText(request, systemOf(file, GIVEN));
  if (printed.name === "refused") fail(`it cannot be printed: ${printed.problems.join("\n")}`);
  const again = loadProject(request, systemOf(printed.text, GIVEN));
  if (again.name === "refused") fail(`what was printed is refused: ${again.problems}\n${printed.text}`);
  deepEqual(byName(again.project), byName(loaded.project));
  return "loaded";
}

function byName({ services }: Project): unknown {
  return services.toSorted((a, b) => a.name < b.name ? -1 : 1);
}

/** No value in it is none: what a program is started with, how long is waited. */
function isSound(value: unknown, path = "project"): void {
  switch (typeof value) {
    case "number":
      return ok(Number.isFinite(value), `${path} is ${value}`);
    case "string":
      return ok(!value.includes("\0"), `${path} holds a NUL`);
    case "boolean":
      return;
    case "object":
      for (const [key, each] of Object.entries(value ?? {})) isSound(each, `${path}.${key}`);
      return;
    default:
      fail(`${path} is ${String(value)}`);
  }
}

/** The file with every key is right as it is. */
export function wholeIsRight(): void {
  equal(isTaken(TEXT), "loaded", problems(TEXT));
}

function problems(text: string): string {
  const loaded = loadProject(requestOf({ profiles: ["all"] }), systemOf(text, GIVEN));
  return loaded.name === "refused" ? loaded.problems.join("\n") : "";
}
