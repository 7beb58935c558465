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

type Row = readonly [line: string[], options: GivenOption[], operands: string[], separated: boolean];

const LINES: readonly Row[] = [
  [[], [], [], false],
  [["--"], [], [], true],
  [["--", "web"], [], ["web"], true],
  [["web", "-v"], [], ["web", "-v"], false],
  [["-v", "web", "--", "x"], [given("v")], ["web", "--", "x"], false],
  [["--", "web", "--", "-v", "--grace"], [], ["web", "--", "-v", "--grace"], true],
  [["--grace", "8s", "--", "web"], [given("grace", "8s")], ["web"], true],
  [["--grace=8s", "--", "web"], [given("grace", "8s")], ["web"], true],
  [["--grace=", "--"], [given("grace", "")], [], true],
  [["--grace=a=b", "--"], [given("grace", "a=b")], [], true],
  [["-t", "8s", "--"], [given("t", "8s")], [], true],
  [["-t8s", "--"], [given("t", "8s")], [], true],
  [["-t=8s", "--"], [given("t", "=8s")], [], true],
  [["-vt8s", "--"], [given("v"), given("t", "8s")], [], true],
  [["-vwt", "8s", "--"], [given("v"), given("w"), given("t", "8s")], [], true],
  [["-tv", "--"], [given("t", "v")], [], true],
  [["-t", "-v", "--"], [given("t", "-v")], [], true],
  [["-t", "--", "web"], [given("t", "--")], ["web"], false],
  [["--grace", "--", "--"], [given("grace", "--")], [], true],
  [["--verbose", "--"], [given("verbose")], [], true],
  [["--verbose=false", "--"], [given("verbose", "false")], [], true],
  [["--verbose", "web"], [given("verbose")], ["web"], false],
  [["-v", "-v"], [given("v"), given("v")], [], false],
  [["-", "-v"], [], ["-", "-v"], false],
  [["", "-v"], [], ["", "-v"], false],
];

for (const [line, options, operands, separated] of LINES) {
  Deno.test(`denit ${line.map((word) => word || '""').join(" ")}`, () => {
    deepEqual(getopt(line, GRAMMAR), { options, operands, separated });
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
    separated: true,
  });
});

Deno.test("where the grammar permutes, options may stand behind words, up to --", () => {
  deepEqual(getopt(["a", "-v", "b", "-t", "8s", "--", "-v", "c"], { ...GRAMMAR, permutes: true }), {
    options: [given("v"), given("t", "8s")],
    operands: ["a", "b", "-v", "c"],
    separated: true,
  });
  deepEqual(getopt(["a", "-v", "-", "b"], { ...GRAMMAR, permutes: true }), {
    options: [given("v")],
    operands: ["a", "-", "b"],
    separated: false,
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
    separated: false,
  });
  deepEqual(getopt(["--ve"], grammar), { problem: "unknown", option: "--ve" });
  deepEqual(getopt(["--r"], grammar), { problem: "unknown", option: "--r" });
  deepEqual(getopt(["--hel"], grammar), { problem: "no value", option: "--help" });
  deepEqual(getopt(["--h", "x"], grammar), { // -h is another option
    options: [given("help", "x")],
    operands: [],
    separated: false,
  });
});

Deno.test("where the grammar refuses values, a name that takes none may have none", () => {
  const grammar: Grammar = { ...GRAMMAR, refusesValues: true };
  deepEqual(getopt(["--verbose=1"], grammar), { problem: "unwanted value", option: "--verbose" });
  deepEqual(getopt(["--grace=1", "--verbose"], grammar), {
    options: [given("grace", "1"), given("verbose")],
    operands: [],
    separated: false,
  });
});

Deno.test("what stood before the first wrong word is there for programs that obey each option as it comes", () => {
  deepEqual(readOptions(["-v", "--grace=1", "-x", "-w", "web"], GRAMMAR), {
    options: [given("v"), given("grace", "1")],
    operands: [],
    separated: false,
    bad: { problem: "unknown", option: "-x" },
  });
  deepEqual(readOptions(["-v", "--", "web"], GRAMMAR), {
    options: [given("v")],
    operands: ["web"],
    separated: true,
    bad: null,
  });
});
