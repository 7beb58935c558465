import { suggest } from "../../src/cli/suggest.ts";
import { equal } from "../assert.ts";

const WORDS = ["group", "main", "all", "--kill-after", "--grace", "TRAP", "TERM"];

for (
  const [wrong, meant] of [
    ["grup", "group"],
    ["groups", "group"],
    ["al", "all"],
    ["mai", "main"],
    ["--kill-afer", "--kill-after"],
    ["--killafter", "--kill-after"],
    ["--kil-aftr", "--kill-after"],
    ["--grcae", "--grace"],
    ["TRM", "TERM"],
    ["TREM", "TERM"],
    ["TRAM", "TRAP"],
    ["group", "group"],
    ["gp", null],
    ["xyz", null],
    ["-g", null],
    ["", null],
  ] as const
) {
  Deno.test(`${JSON.stringify(wrong)} is meant as ${meant}`, () => equal(suggest(wrong, WORDS), meant));
}

Deno.test("where nothing is known nothing is offered", () => equal(suggest("group", []), null));
