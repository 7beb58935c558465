import { type BadOption, getopt, type GivenOption, type Grammar, readOptions } from "../../src/cli/getopt.ts";
import { deepEqual } from "../assert.ts";

const GRAMMAR: Grammar = {
  options: new Map([
    ["grace", { takesValue: true }],
    ["t", { takesValue: true }],
    ["verbose", { takesValue: false }],
    ["v", { takesValue: false }],
    ["w", { takesValue: false }],
    ["q", { takesValue: false }],
  ]),
};

const given = (name: string, value: string | null = null): GivenOption => ({ name, value });

type Row = readonly [line: string[], options: GivenOption[], operands: string[]];

const LINES: readonly Row[] = [
  [[], [], []],
  [["--"], [], []],
  [["--", "web"], [], ["web"]],
  [["web", "-v"], [], ["web", "-v"]],
  [["-v", "web", "--", "x"], [given("v")], ["web", "--", "x"]],
  [["--", "web", "--", "-v", "--grace"], [], ["web", "--", "-v", "--grace"]],
  [["--grace", "8s", "--", "web"], [given("grace", "8s")], ["web"]],
  [["--grace=8s", "--", "web"], [given("grace", "8s")], ["web"]],
  [["--grace=", "--"], [given("grace", "")], []],
  [["--grace=a=b", "--"], [given("grace", "a=b")], []],
  [["-t", "8s", "--"], [given("t", "8s")], []],
  [["-t8s", "--"], [given("t", "8s")], []],
  [["-t=8s", "--"], [given("t", "=8s")], []],
  [["-vt8s", "--"], [given("v"), given("t", "8s")], []],
  [["-vwt", "8s", "--"], [given("v"), given("w"), given("t", "8s")], []],
  [["-tv", "--"], [given("t", "v")], []],
  [["-t", "-v", "--"], [given("t", "-v")], []],
  [["-t", "--", "web"], [given("t", "--")], ["web"]],
  [["--grace", "--", "--"], [given("grace", "--")], []],
  [["--verbose", "--"], [given("verbose")], []],
  [["--verbose=false", "--"], [given("verbose", "false")], []],
  [["--verbose", "web"], [given("verbose")], ["web"]],
  [["-v", "-v"], [given("v"), given("v")], []],
  [["-", "-v"], [], ["-", "-v"]],
  [["", "-v"], [], ["", "-v"]],
];

for (const [line, options, operands] of LINES) {
  Deno.test(`denit ${line.map((word) => word || '""').join(" ")}`, () => {
    deepEqual(getopt(line, GRAMMAR), { options, operands });
  });
}

const BAD: readonly (readonly [line: string[], bad: BadOption])[] = [
  [["--grce", "8s"], { problem: "unknown", option: "--grce" }],
  [["--grce=8s"], { problem: "unknown", option: "--grce" }],
  [["--gra", "8s"], { problem: "unknown", option: "--gra" }],
  [["--Verbose"], { problem: "unknown", option: "--Verbose" }],
  [["-x"], { problem: "unknown", option: "-x" }],
  [["-vx"], { problem: "unknown", option: "-x" }],
  [["--v"], { problem: "unknown", option: "--v" }],
  [["--=8s"], { problem: "unknown", option: "--" }],
  [["---"], { problem: "unknown", option: "---" }],
  [["--grace"], { problem: "no value", option: "--grace" }],
  [["-t"], { problem: "no value", option: "-t" }],
  [["-vt"], { problem: "no value", option: "-t" }],
  [["-v", "--grace=1s", "--oops", "--", "web"], { problem: "unknown", option: "--oops" }],
];

for (const [line, bad] of BAD) {
  Deno.test(`denit ${line.join(" ")}: ${bad.option} ${bad.problem}`, () => {
    deepEqual(getopt(line, GRAMMAR), bad);
  });
}

Deno.test("an option that stands after the command is the command's", () => {
  deepEqual(getopt(["-v", "--", "-v"], GRAMMAR), {
    options: [given("v")],
    operands: ["-v"],
  });
});

Deno.test("where the grammar permutes, options may stand behind words, up to --", () => {
  deepEqual(getopt(["a", "-v", "b", "-t", "8s", "--", "-v", "c"], { ...GRAMMAR, permutes: true }), {
    options: [given("v"), given("t", "8s")],
    operands: ["a", "b", "-v", "c"],
  });
  deepEqual(getopt(["a", "-v", "-", "b"], { ...GRAMMAR, permutes: true }), {
    options: [given("v")],
    operands: ["a", "-", "b"],
  });
});

Deno.test("where the grammar abbreviates, a long name may be cut short as far as it stays the only one", () => {
  const grammar: Grammar = {
    options: new Map(
      ["verbose", "version", "ver", "help", "h", "r"].map((name) => [name, { takesValue: name === "help" }]),
    ),
    abbreviates: true,
  };
  deepEqual(getopt(["--verb", "--vers", "--ver", "--he=x"], grammar), {
    options: [given("verbose"), given("version"), given("ver"), given("help", "x")],
    operands: [],
  });
  deepEqual(getopt(["--ve"], grammar), { problem: "unknown", option: "--ve" });
  deepEqual(getopt(["--r"], grammar), { problem: "unknown", option: "--r" });
  deepEqual(getopt(["--hel"], grammar), { problem: "no value", option: "--help" });
  deepEqual(getopt(["--h", "x"], grammar), { // -h is another option
    options: [given("help", "x")],
    operands: [],
  });
});

Deno.test("where the grammar refuses values, a name that takes none may have none", () => {
  const grammar: Grammar = { ...GRAMMAR, refusesValues: true };
  deepEqual(getopt(["--verbose=1"], grammar), { problem: "unwanted value", option: "--verbose" });
  deepEqual(getopt(["--grace=1", "--verbose"], grammar), {
    options: [given("grace", "1"), given("verbose")],
    operands: [],
  });
});

Deno.test("what stood before the first wrong word is there for programs that obey each option as it comes", () => {
  deepEqual(readOptions(["-v", "--grace=1", "-x", "-w", "web"], GRAMMAR), {
    options: [given("v"), given("grace", "1")],
    operands: [],
    bad: { problem: "unknown", option: "-x" },
  });
  deepEqual(readOptions(["-v", "--", "web"], GRAMMAR), {
    options: [given("v")],
    operands: ["web"],
    bad: null,
  });
});
