/** What the command line asks for, and every wrong use: refused by words that tell what was expected. */

import { type OwnRequest, parseCommandLine } from "../../src/cli/parse.ts";
import { suggest } from "../../src/cli/suggest.ts";
import { deepEqual, equal, match } from "../assert.ts";

const NO_VARIABLES = (): undefined => undefined;

Deno.test("denit -- COMMAND ARG... runs it, whatever its words are", () => {
  for (
    const command of [["web"], ["web", "-v", "--", "--help", ""], ["-v"], ["--"], [""], [
      "a b",
      "\n",
    ]] as const
  ) {
    const request = parseCommandLine(["--", ...command], NO_VARIABLES);
    equal(request.name, "run");
    if (request.name === "run") deepEqual(request.plan.command, command);
  }
});

for (const word of ["--help", "-h"]) {
  Deno.test(`denit ${word} shows the help, also where a command follows`, () => {
    equal(parseCommandLine([word], NO_VARIABLES).name, "help");
    equal(parseCommandLine(["-v", word, "--", "web"], NO_VARIABLES).name, "help");
  });
}

for (const word of ["--version", "-V"]) {
  Deno.test(`denit ${word} shows the version`, () => {
    equal(parseCommandLine([word], NO_VARIABLES).name, "version");
  });
}

Deno.test("-v is verbose, not the version", () => {
  equal(parseCommandLine(["-v", "--", "web"], NO_VARIABLES).name, "run");
});

const SIGNAL = "a signal by name or number, such as TERM, SIGQUIT, 15 or RTMIN+3";
const DURATION = "a duration such as 500ms, 8s or 1m30s, at most a year";
const REWRITE = 'FROM:TO, signals by name or number, such as TERM:QUIT, or "HUP:" to drop one';
const UNFORWARDABLE = "a signal that can be forwarded in front of the colon: KILL, STOP and CHLD cannot";

/** What is refused, the words of the refusal, and the right word that is offered, if there is one near. */
const REFUSED: readonly (readonly [line: string[], message: string, meant: string | null])[] = [
  [
    [],
    "no command given; expected: denit [OPTIONS] -- COMMAND [ARG...], or denit up [OPTIONS] [SERVICE...]",
    null,
  ],
  [
    ["--"],
    "no command given; expected: denit [OPTIONS] -- COMMAND [ARG...], or denit up [OPTIONS] [SERVICE...]",
    null,
  ],
  [
    ["-v", "--"],
    "no command given; expected: denit [OPTIONS] -- COMMAND [ARG...], or denit up [OPTIONS] [SERVICE...]",
    null,
  ],
  [["nginx"], '"nginx" is no subcommand; to run a program write: denit -- nginx', null],
  [["nginx", "-g", "x"], '"nginx" is no subcommand; to run a program write: denit -- nginx -g x', null],
  [
    ["sh", "-c", "it's; exit 3", ""],
    `"sh" is no subcommand; to run a program write: denit -- sh -c 'it'\\''s; exit 3' ''`,
    null,
  ],
  [
    ["-t", "5s", "nginx", "--", "-g"],
    '"nginx" is no subcommand; to run a program write: denit -t 5s -- nginx -- -g',
    null,
  ],
  [
    ["--profile=a b", "up"],
    "a subcommand comes first, its options behind it: denit up '--profile=a b'",
    null,
  ],
  [["-v", "up", "-f", "x"], "a subcommand comes first, its options behind it: denit up -v -f x", null],
  [["-f", "x", "up"], "a subcommand comes first, its options behind it: denit up -f x", null],
  [
    ["--profile=p", "config", "web"],
    "a subcommand comes first, its options behind it: denit config --profile=p web",
    null,
  ],
  [
    ["-g", "--", "web", "-v"],
    "unknown option -g: signals go to main's process group anyway; for tini's own options write: denit --as tini -g -- web -v",
    null,
  ],
  [
    ["-s"],
    "unknown option -s: denit adopts orphans anyway; for tini's own options write: denit --as tini -s",
    null,
  ],
  [["-"], '"-" is no subcommand; to run a program write: denit -- -', null],
  [["--grce", "8s"], "unknown option --grce; denit --help lists them", "--grace"],
  [["--Verbose"], "unknown option --Verbose; denit --help lists them", "--verbose"],
  [["--hlep"], "unknown option --hlep; denit --help lists them", "--help"],
  [["--versoin"], "unknown option --versoin; denit --help lists them", "--version"],
  [["--xyzzy"], "unknown option --xyzzy; denit --help lists them", null],
  [["-x"], "unknown option -x; denit --help lists them", null],
  [["-vx"], "unknown option -x; denit --help lists them", null],
  [["-v\u{1f600}"], "unknown option -\u{1f600}; denit --help lists them", null],
  [["--grace"], "--grace needs a value: --grace DURATION", null],
  [["-t", "--", "web"], "-t needs a value: -t DURATION", null],
  [["-vt"], "-t needs a value: -t DURATION", null],
  [["-r"], "-r needs a value: -r FROM:TO", null],
  [["--signal-to"], "--signal-to needs a value: --signal-to WHOM", null],
  [["--signal-to=everyone"], '--signal-to: "everyone" is not valid; expected group, main or all', null],
  [["--signal-to=gruop"], '--signal-to: "gruop" is not valid; expected group, main or all', "group"],
  [["--signal-to=groups"], '--signal-to: "groups" is not valid; expected group, main or all', "group"],
  [["--signal-to="], '--signal-to: "" is not valid; expected group, main or all', null],
  [["--log-format=jsn"], '--log-format: "jsn" is not valid; expected text or json', "json"],
  [["--log-format=yaml"], '--log-format: "yaml" is not valid; expected text or json', null],
  [["-t", "soon"], `-t: "soon" is not valid; expected ${DURATION}`, null],
  [["-t", "-1s"], `-t: "-1s" is not valid; expected ${DURATION}`, null],
  [["--grace=5"], '--grace: "5" is not valid; expected a duration with its unit, at most a year', "5s"],
  [
    ["--kill-after=1.5"],
    '--kill-after: "1.5" is not valid; expected a duration with its unit, at most a year',
    "1.5s",
  ],
  [["--grace=9000h"], `--grace: "9000h" is not valid; expected ${DURATION}`, null],
  [["-r", "TERM"], `-r: "TERM" is not valid; expected ${REWRITE}`, null],
  [["-r", "TRM:QUIT"], `-r: "TRM:QUIT" is not valid; expected ${REWRITE}`, "TERM"],
  [["-r", "TERM:SIGQIT"], `-r: "TERM:SIGQIT" is not valid; expected ${REWRITE}`, "QUIT"],
  [["-r", ":TERM"], `-r: ":TERM" is not valid; expected ${REWRITE}`, null],
  [["-r", ":"], `-r: ":" is not valid; expected ${REWRITE}`, null],
  [["-r", "1:2:3"], `-r: "1:2:3" is not valid; expected ${REWRITE}`, null],
  [["-r", "65:1"], `-r: "65:1" is not valid; expected ${REWRITE}`, null],
  [["-r", "KILL:TERM"], `-r: "KILL:TERM" is not valid; expected ${UNFORWARDABLE}`, null],
  [["-r", "STOP:TERM"], `-r: "STOP:TERM" is not valid; expected ${UNFORWARDABLE}`, null],
  [["-r", "CHLD:TERM"], `-r: "CHLD:TERM" is not valid; expected ${UNFORWARDABLE}`, null],
  [["-e", "256"], '-e: "256" is not valid; expected an exit code from 0 to 255', null],
  [["-e", "-1"], '-e: "-1" is not valid; expected an exit code from 0 to 255', null],
  [["-e", ""], '-e: "" is not valid; expected an exit code from 0 to 255', null],
  [["-e", "0x1"], '-e: "0x1" is not valid; expected an exit code from 0 to 255', null],
  [["-p", "FOO"], `-p: "FOO" is not valid; expected ${SIGNAL}`, null],
  [["-p", "SIGTERMS"], `-p: "SIGTERMS" is not valid; expected ${SIGNAL}`, "TERM"],
  [["-p", "0"], `-p: "0" is not valid; expected ${SIGNAL}`, null],
  [
    ["--no-wait=maybe"],
    '--no-wait: "maybe" is not valid; expected true, 1, yes, on, false, 0, no or off',
    null,
  ],
  [["--verbose=2"], '--verbose: "2" is not valid; expected true, 1, yes, on, false, 0, no or off', null],
];

for (const [line, message, meant] of REFUSED) {
  Deno.test(`refuses denit ${line.join(" ")}`, () => {
    refusedWith(parseCommandLine(line, NO_VARIABLES), message, meant);
  });
}

const VARIABLES: readonly (readonly [name: string, value: string, message: string, meant: string | null])[] =
  [
    [
      "DENIT_GRACE",
      "5",
      'DENIT_GRACE=5: "5" is not valid; expected a duration with its unit, at most a year',
      "5s",
    ],
    ["DENIT_SIGNAL_TO", "al", 'DENIT_SIGNAL_TO=al: "al" is not valid; expected group, main or all', "all"],
    [
      "DENIT_REWRITE",
      "TERM:QUIT,HUPP:",
      `DENIT_REWRITE=TERM:QUIT,HUPP:: "HUPP:" is not valid; expected ${REWRITE}`,
      "HUP",
    ],
    [
      "DENIT_OK_EXIT",
      "1 999",
      'DENIT_OK_EXIT=1 999: "999" is not valid; expected an exit code from 0 to 255',
      null,
    ],
    [
      "DENIT_VERBOSE",
      "si",
      'DENIT_VERBOSE=si: "si" is not valid; expected true, 1, yes, on, false, 0, no or off',
      null,
    ],
  ];

for (const [name, value, message, meant] of VARIABLES) {
  Deno.test(`refuses ${name}=${value}`, () => {
    const request = parseCommandLine(["--", "web"], (asked) => asked === name ? value : undefined);
    refusedWith(request, message, meant);
  });
}

Deno.test("a refusal keeps the log format that was asked for, so that its line can be read", () => {
  const request = parseCommandLine(["--log-format=json", "-t", "x", "--", "web"], NO_VARIABLES);
  equal(request.name, "refuse");
  if (request.name === "refuse") equal(request.settings.logFormat, "json");
});

Deno.test("a refusal is one line, whatever the wrong word holds", () => {
  const request = parseCommandLine(["-t", "a\nb", "--", "web"], NO_VARIABLES);
  equal(request.name, "refuse");
  if (request.name === "refuse") match(request.problem.message, /^-t: "a\\nb" is not valid; [^\n]*$/);
});

Deno.test("a refusal is short, however long the wrong word is", () => {
  const long = "x".repeat(131_000); // the kernel lets a word have 128 KiB
  for (
    const [words, variables] of [
      [["-t", long, "--", "web"]],
      [[`--${long}`, "--", "web"]],
      [[long]],
      [Array<string>(10_000).fill("x")],
      [["--", "web"], { DENIT_REWRITE: long }],
    ] as readonly (readonly [readonly string[], Readonly<Record<string, string>>?])[]
  ) {
    const request = parseCommandLine(words, (name) => variables?.[name]);
    equal(request.name, "refuse");
    if (request.name === "refuse") match(request.problem.message, /^.{20,800}$/);
  }
});

function refusedWith(request: OwnRequest, message: string, meant: string | null): void {
  equal(request.name, "refuse");
  if (request.name !== "refuse") return;
  const { wrong, known } = request.problem;
  equal(request.problem.message, message);
  equal(wrong === undefined ? null : suggest(wrong, known ?? []), meant);
}
