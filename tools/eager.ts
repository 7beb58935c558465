/**
 * Has V8 compile at once what each run needs.
 *
 * It compiles a function when that is first called, and has read over it once before, to know where it ends. A function
 * in parentheses it compiles as it comes to it. So those that a run calls are moved to the front, and put into such.
 */

import { type FunctionDeclaration, parse } from "acorn";

/** What V8 puts behind the text of a `new Function`. */
const BEHIND = "\n})";

/**
 * The program's text with the functions of its top level that a trial calls in parentheses, in front of all else.
 * `file` runs the program, which is the end of what is in there a `new Function`.
 *
 * The same where the trial cannot be run, which is told: denit runs on Linux alone.
 */
export async function withEagerFunctions(program: string, file: string): Promise<string> {
  const compiled = await compiledIn(file);
  if (compiled === null) return program;
  const before = compiled.length - BEHIND.length - program.length;
  return moveForward(program, (end) => compiled.ends.has(before + end));
}

/** How long the program's text is to V8, and where in it the functions end that it has compiled one by one. */
interface Compiled {
  readonly length: number;
  readonly ends: ReadonlySet<number>;
}

/** What a run of `sleep` has V8 compile; `null` if that failed. */
async function compiledIn(file: string): Promise<Compiled | null> {
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
  const compiled = events.filter(([kind]) => kind === "function").map(([, how, script, , end]) => ({
    how,
    script,
    end: Number(end),
  }));
  const whole = compiled.find(({ how }) => how === "interpreter-eval");
  if (whole === undefined) throw new Error("V8 does not log what it compiles as it did");
  const single = compiled.filter(({ how, script }) => how === "interpreter" && script === whole.script);
  return { length: whole.end, ends: new Set(single.map(({ end }) => end)) };
}

function moveForward(program: string, isWanted: (end: number) => boolean): string {
  const { body } = parse(program, { ecmaVersion: "latest" });
  const wanted = body.filter((node): node is FunctionDeclaration =>
    node.type === "FunctionDeclaration" && isWanted(node.end)
  );
  if (wanted.length === 0) throw new Error("None of the functions that V8 has compiled is the program's");
  const variables = wanted.map(({ id, start, end }) =>
    `${id.name}=(${program.slice(start, id.start)}${program.slice(id.end, end)})`
  );
  let rest = "";
  let at = 0;
  for (const { start, end } of wanted) {
    rest += program.slice(at, start);
    at = end;
  }
  return `var ${variables.join(",")};${rest}${program.slice(at)}`;
}
