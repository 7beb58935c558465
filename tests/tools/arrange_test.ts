import { arranged } from "../../tools/arrange.ts";
import { deepEqual, ok } from "../assert.ts";
import { tempFolder } from "../temp_folder.ts";

/** Long enough that it is worth moving. */
const PADDING = `"${"-".repeat(200)}";`;

const PROGRAM = `"use strict";
var i = "i", a = "a", b = "b";
function always(x) { return x + 1; }
function defaults(x, { y, z = i } = { y: b }, ...rest) { ${PADDING} return [x, y, z, rest.length, a]; }
function* generated(x = 3) { ${PADDING} for (let n = 0; n < x; n++) yield n + i; }
async function later(x) { ${PADDING} if (x) throw new Error(i); return a; }
function again(x) { ${PADDING} return x === 0 ? [] : [...again(x - 1), i + x]; }
function counted() { ${PADDING} return arguments.length; }
always(1);
out.run = async () => [
  defaults(1), defaults(1, { y: 2 }, 3, 4), [...generated()], [...generated(1)],
  await later(false), await later(true).catch(({ message }) => message), again(2), counted(1, 2),
];`;

Deno.test("functions of a bundle that are evaluated late do what they did in their place", async () => {
  await using folder = await tempFolder();
  const file = await folder.write(
    "program.js",
    `new Function("out", "text", ${JSON.stringify(PROGRAM)})({}, "");\n`,
  );
  const { program, late } = await arranged(PROGRAM, file, "text");
  ok(late.includes("function* (") && !program.includes("yield"), late);
  deepEqual(await resultsOf(program, late), await resultsOf(PROGRAM, ""));
});

function resultsOf(program: string, late: string): Promise<unknown> {
  const out: { run?: () => Promise<unknown> } = {};
  new Function("out", "text", program)(out, `"use strict";${late}`);
  return out.run!();
}
