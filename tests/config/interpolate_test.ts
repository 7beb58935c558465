import { interpolate } from "../../src/config/interpolate.ts";
import { deepEqual, ok } from "../assert.ts";

const VARIABLES: Readonly<Record<string, string>> = { SET: "set", EMPTY: "", OTHER: "o", D: "$SET" };

for (
  const [text, filled, unset = []] of [
    ["plain", "plain"],
    ["", ""],
    ["$SET", "set"],
    ["a-$SET-b", "a-set-b"],
    ["${SET}", "set"],
    ["${SET}${OTHER}", "seto"],
    ["$UNSET", "", ["UNSET"]],
    ["<${UNSET}>", "<>", ["UNSET"]],
    ["$EMPTY", ""],
    ["${SET:-d}", "set"],
    ["${EMPTY:-d}", "d"],
    ["${UNSET:-d}", "d"],
    ["${SET-d}", "set"],
    ["${EMPTY-d}", ""],
    ["${UNSET-d}", "d"],
    ["${UNSET:-}", ""],
    ["${SET:?e}", "set"],
    ["${EMPTY?e}", ""],
    ["${SET:+a}", "a"],
    ["${EMPTY:+a}", ""],
    ["${UNSET:+a}", ""],
    ["${EMPTY+a}", "a"],
    ["${UNSET+a}", ""],
    ["${UNSET:-${OTHER}}", "o"],
    ["${UNSET:-${EMPTY:-${OTHER:-x}}}!", "o!"],
    ["${UNSET:-a$SET-b}", "aset-b"],
    ["${UNSET:-$NONE}", "", ["NONE"]],
    ["${SET:-$NONE}", "set"],
    ["${SET:+$OTHER}", "o"],
    ["${UNSET:-{}}", "{}"],
    ["${SET:-{}}", "set"],
    ['<${UNSET:-{"a": {"b": $OTHER}}}>', '<{"a": {"b": o}}>'],
    ['<${SET:-{"a": {"b": $OTHER}}}>', "<set>"],
    ["${SET-${UNSET-{a}}}b", "setb"],
    ["${SET:-$${a}}", "set"],
    ["${UNSET:-$${a}}", "${a}"],
    ["${SET:-{a}", "set"],
    ["${UNSET:-{a}-$SET", "{a-set"],
    ["${UNSET:-{${OTHER}}}", "{o}"],
    ["${UNSET:-{${OTHER}}-$SET", "{o-set"],
    ["${SET:-a}}", "set}"],
    ["$$SET", "$SET"],
    ["$$$SET", "$set"],
    ["$$$$", "$$"],
    ["${UNSET:-$$x}", "$x"],
    ["$D", "$SET"],
    ["}{", "}{"],
    ["$SET}", "set}"],
  ] as const
) {
  Deno.test(`${JSON.stringify(text)} is ${JSON.stringify(filled)}`, () => {
    const told: string[] = [];
    deepEqual(interpolate(text, (name) => VARIABLES[name], (name) => told.push(name)), { text: filled });
    deepEqual(told, [...unset]);
  });
}

for (
  const [text, failure] of [
    ["$", 'a "$" that begins no variable is written "$$"'],
    ["a $ b", 'a "$" that begins no variable is written "$$"'],
    ["$1", 'a "$" that begins no variable is written "$$"'],
    ["${}", 'expected the name of a variable behind "${"'],
    ["${1}", 'expected the name of a variable behind "${"'],
    ["${SET", "a brace of a variable is not closed"],
    ["${SET:-x", "a brace of a variable is not closed"],
    ["${SET x}", "expected }, :-, -, :?, ?, :+ or + behind the name of a variable"],
    ["${SET:}", "expected }, :-, -, :?, ?, :+ or + behind the name of a variable"],
    ["${UNSET:?}", "the variable UNSET must be set"],
    ["${UNSET:?say it}", "the variable UNSET must be set: say it"],
    ["${EMPTY:?say it}", "the variable EMPTY must be set: say it"],
    ["${UNSET?say $OTHER}", "the variable UNSET must be set: say o"],
    ["${UNSET:-${EMPTY:?no}}", "the variable EMPTY must be set: no"],
    ["${UNSET:?${EMPTY:?no}}", "the variable EMPTY must be set: no"],
    ["${SET:-${}}", 'expected the name of a variable behind "${"'],
    ["${A:-".repeat(30), "variables in variables, too deep"],
  ] as const
) {
  Deno.test(`${JSON.stringify(text.slice(0, 30))} is refused`, () => {
    deepEqual(interpolate(text, (name) => VARIABLES[name], () => {}), { failure });
  });
}

Deno.test("a long text in a brace that is not closed is read through once", () => {
  const text = `\${A:-${"$$".repeat(4_000_000)}`; // took minutes, when each $ had the whole rest searched for a brace
  const start = performance.now();
  deepEqual(interpolate(text, () => undefined, () => {}), { failure: "a brace of a variable is not closed" });
  ok(performance.now() - start < 20_000);
});
