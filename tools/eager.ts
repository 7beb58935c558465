/**
 * Has V8 compile at once what each run needs.
 *
 * It compiles a function when that is first called, and has read over it once before, to know where it ends. A function
 * in parentheses it compiles as it comes to it. So those that a run calls are moved to the front, and put into such.
 */

import { type FunctionDeclaration, parse } from "acorn";

/**
 * The program's text with the functions of its top level that a trial calls in parentheses. `pack` makes the file of
 * the text, in which it is the body of a function of those parameters.
 *
 * The same where the trial cannot be run, which is told: denit runs on Linux alone.
 */
export async function withEagerFunctions(
  program: string,
  parameters: readonly string[],
  pack: (program: string) => string,
): Promise<string> {
  const file = await Deno.makeTempFile({ dir: "dist", suffix: ".js" });
  try {
    await Deno.writeTextFile(file, pack(program));
    const before = `(function anonymous(${parameters.join(",")}\n) {\n`.length;
    const ends = await compiledIn(file);
    return ends === null ? program : moveForward(program, (end) => ends.has(end + before));
  } finally {
    await Deno.remove(file);
  }
}

/** Where the functions end that V8 has compiled one by one in a run of `sleep`; `null` if that failed. */
async function compiledIn(file: string): Promise<ReadonlySet<number> | null> {
  const flags = ["--log-function-events", "--logfile=-", "--no-logfile-per-isolate"];
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-config", "--no-prompt", `--v8-flags=${flags}`, "--allow-ffi"],
      ...[file, "--", "sleep", "0.1"], // long enough to be waited for
    ],
  }).output();
  if (!success) {
    // deno-lint-ignore no-console
    console.error("The bundle does not run here: it is made without a trial, and starts a little slower.");
    return null;
  }
  const events = new TextDecoder().decode(stdout).split("\n").map((line) => line.split(","));
  const compiled = events.filter(([kind]) => kind === "function");
  const program = compiled.find(([, how]) => how === "interpreter-eval")?.[2];
  if (program === undefined) throw new Error("V8 does not log what it compiles as it did");
  return new Set(
    compiled.filter(([, how, script]) => how === "interpreter" && script === program)
      .map(([, , , , end]) => Number(end)),
  );
}

function moveForward(program: string, isWanted: (end: number) => boolean): string {
  const { body } = parse(program, { ecmaVersion: "latest", allowReturnOutsideFunction: true });
  const wanted = body.filter((node): node is FunctionDeclaration =>
    node.type === "FunctionDeclaration" && isWanted(node.end)
  );
  const [strict] = body; // stays in front
  const moved = wanted.map(({ id, start, end }) =>
    `${id.name}=(${program.slice(start, id.start)}${program.slice(id.end, end)})`
  );
  let rest = "";
  let at = strict!.end;
  for (const { start, end } of wanted) {
    rest += program.slice(at, start);
    at = end;
  }
  const variables = moved.length === 0 ? "" : `var ${moved.join(",")};`;
  return `${program.slice(0, strict!.end)}${variables}${rest}${program.slice(at)}`;
}
