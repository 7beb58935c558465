import { helpText } from "../../src/cli/help.ts";
import { variableOf } from "../../src/cli/option.ts";
import { OPTIONS } from "../../src/cli/options.ts";
import { equal, match, ok } from "../assert.ts";

Deno.test("the help fits a screen of 80 columns and 24 lines", () => {
  const text = helpText();
  ok(!text.endsWith("\n"));
  const lines = text.split("\n");
  ok(lines.length <= 24, `${lines.length} lines`);
  for (const line of lines) {
    ok(line.length <= 80, `${line.length} columns: ${line}`);
    equal(line, line.trimEnd());
  }
});

Deno.test("the help shows how denit is used", () => {
  match(helpText(), /^Usage: denit \[OPTIONS\] -- COMMAND \[ARG\.\.\.\]\n/);
});

Deno.test("the help has a line for every option, with its short form and its value", () => {
  const text = helpText();
  for (const { long, short, value, help } of OPTIONS) {
    const names = `${short === undefined ? "    " : `-${short}, `}--${long}${
      value === undefined ? "" : ` ${value}`
    }`;
    const line = text.split("\n").find((line) => line.includes(`${names} `));
    ok(line !== undefined, names);
    ok(line.endsWith(help.split("\n")[0]!), line);
  }
  match(text, /-h, --help .*\n {2}-V, --version /);
});

Deno.test("what the help tells in its columns begins in one column", () => {
  const rows = helpText().split("\n").filter((line) => /^ {2,}-/.test(line));
  equal(rows.length, OPTIONS.length + 3);
  for (const row of rows) match(row, /^.{31} {2}\S/);
});

Deno.test("the variable that the help shows is one that exists", () => {
  const [, variable] = /\((DENIT_\w+)=/.exec(helpText())!;
  equal(variable, "DENIT_GRACE");
  ok(OPTIONS.some((option) => variableOf(option) === variable));
});

Deno.test("the help tells the exit codes of denit's own", () => {
  for (const code of ["127", "126", "125", "128+N"]) ok(helpText().includes(code), code);
});
