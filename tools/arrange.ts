/**
 * Has V8 compile at once what each run needs, and read only then what few do.
 *
 * It compiles a function when that is first called, and has read over it once before, to know where it ends. A function
 * in parentheses it compiles as it comes to it. So those that a run calls are moved to the front, and put into such.
 * What not even an eventful run calls, messages and what follows on failures, it is to read only when it is called: in
 * its place stands a function that is a line long, which has all of these evaluated where they stood.
 */

import { type FunctionDeclaration, parse } from "acorn";

/** What V8 puts behind the text of a `new Function`. */
const BEHIND = "\n})";
/** A run as most are; long enough to be waited for. */
const PLAIN = ["sleep", "0.1"];
/** One with an orphan, a signal, and somebody who is left when main has ended. */
const EVENTFUL = ["sh", "-c", "(sleep 0.05 &); trap : USR1; kill -USR1 $PPID; sleep 0.2; sleep 60 & exit 0"];
/** How many times longer than what would stand in its place a function must be to be moved. */
const WORTH_IT = 3;

/** The text of a program, arranged. */
export interface Arranged {
  readonly program: string;
  /** An expression that the program evaluates in its own scope: an array of functions. Empty without a trial. */
  readonly late: string;
}

/**
 * The program's text with the functions of its top level that each run calls in parentheses, in front of all else, and
 * without those that only few call. The program gets the text of these by `lateText`, an expression. `file` runs the
 * program, which is the end of what is in there a `new Function`.
 *
 * The same where a trial cannot be run, which is told: denit runs on Linux alone.
 */
export async function arranged(program: string, file: string, lateText: string): Promise<Arranged> {
  const plain = await compiledIn(file, PLAIN);
  const eventful = plain === null ? null : await compiledIn(file, EVENTFUL);
  if (plain === null || eventful === null) {
    // deno-lint-ignore no-console
    console.error("The bundle does not run here: it is made without a trial, and starts a little slower.");
    return { program, late: "" };
  }
  const isIn = ({ length, ends }: Compiled, end: number): boolean =>
    ends.has(length - BEHIND.length - program.length + end);
  return arrange(program, lateText, (end) => {
    if (isIn(plain, end)) return "at once";
    return isIn(eventful, end) ? "when called" : "late";
  });
}

/** How long the program's text is to V8, and where in it the functions end that it has compiled one by one. */
interface Compiled {
  readonly length: number;
  readonly ends: ReadonlySet<number>;
}

/** What a run of a command has V8 compile; `null` if that failed. */
async function compiledIn(file: string, command: readonly string[]): Promise<Compiled | null> {
  const flags = ["--log-function-events", "--logfile=-", "--no-logfile-per-isolate"];
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-config", "--no-prompt", `--v8-flags=${flags}`, "--allow-ffi"],
      ...[file, "--", ...command],
    ],
  }).output();
  if (!success) return null;
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

/** When V8 is to compile the function of the top level that ends there. */
type When = "at once" | "when called" | "late";

function arrange(program: string, lateText: string, whenOf: (end: number) => When): Arranged {
  const { body } = parse(program, { ecmaVersion: "latest" });
  const variables: string[] = [];
  const late: string[] = [];
  let rest = "";
  let at = 0;
  const replace = ({ start, end }: FunctionDeclaration, text: string): void => {
    rest += program.slice(at, start) + text;
    at = end;
  };
  for (const node of body) {
    if (node.type !== "FunctionDeclaration") continue;
    const when = whenOf(node.end);
    const { id, start, end } = node;
    const nameless = `(${program.slice(start, id.start)}${program.slice(id.end, end)})`;
    if (when === "at once") {
      variables.push(`${id.name}=${nameless}`);
      replace(node, "");
    } else if (when === "late") {
      const inPlace = callTo(node, late.length);
      if (nameless.length < WORTH_IT * inPlace.length || /\b(this|arguments)\b/.test(nameless)) continue;
      late.push(nameless);
      replace(node, inPlace);
    }
  }
  rest += program.slice(at);
  if (variables.length === 0) throw new Error("None of the functions that V8 has compiled is the program's");
  // What is evaluated sees these names before the program's own, which are shorter.
  const loader = `lateOnes;function late(lateIndex){return(lateOnes??=eval(${lateText}))[lateIndex]}`;
  return { program: `var ${[...variables, loader].join(",")}${rest}`, late: `[${late.join(",")}]` };
}

/** What stands in the place of a function: calls the one that is evaluated late. */
function callTo({ id, params }: FunctionDeclaration, index: number): string {
  const hasRest = params.some(({ type }) => type === "RestElement");
  const names = hasRest ? "...a" : params.map((_, i) => String.fromCharCode("a".charCodeAt(0) + i)).join(",");
  return `function ${id.name}(${names}){return late(${index})(${names})}`;
}
