/** What `${X:-default}` and the like in a value come to, as the Compose specification says. */

/** The value of a variable, or `undefined` if it is not set. */
export type Lookup = (name: string) => string | undefined;

/** The text with its variables filled in, or why that cannot be. */
export type Filled = { readonly text: string } | { readonly failure: string };

/** Defaults in defaults: more is no file that a person wrote. */
const MOST_DEPTH = 20;

/**
 * Fills in `$X`, `${X}`, `${X:-default}`, `${X-default}`, `${X:?error}`, `${X?error}`, `${X:+instead}`, `${X+instead}`
 * and `$$`, also in the text of a default.
 *
 * `unset` learns of each variable that is not set where nothing says what to do then: it is empty.
 */
export function interpolate(text: string, lookup: Lookup, unset: (name: string) => void): Filled {
  if (!text.includes("$")) return { text };
  const parsed = parse(text, 0, 0, matchesOf(text), undefined);
  return "failure" in parsed ? parsed : evaluate(parsed.parts, lookup, unset);
}

type Part = string | {
  readonly name: string;
  readonly operator: Operator;
  readonly operand: readonly Part[];
};

type Operator = "" | ":-" | "-" | ":?" | "?" | ":+" | "+";

interface Parsed {
  readonly parts: readonly Part[];
  /** Where it ends: behind the text, or at the brace that closes it. */
  readonly end: number;
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const OPERATOR = /:?[-?+]|/y;

/**
 * Reads to the end, or inside of braces to the one that closes them: of those in a default, as in `{"a": 1}`, each
 * has its own, as in Compose. Where that does not come out, it is the first one.
 */
function parse(
  text: string,
  start: number,
  depth: number,
  matches: ReadonlyMap<number, number>,
  match: number | undefined,
): Parsed | { readonly failure: string } {
  if (depth > MOST_DEPTH) return { failure: "variables in variables, too deep" };
  const parts: Part[] = [];
  let at = start;
  let close = depth > 0 ? match ?? text.indexOf("}", at) : -1;
  for (;;) {
    const dollar = text.indexOf("$", at);
    if (close >= 0 && close < at) close = text.indexOf("}", at);
    if (close >= 0 && (dollar < 0 || close < dollar)) {
      parts.push(text.slice(at, close));
      return { parts, end: close };
    }
    if (dollar < 0) {
      if (depth > 0) return { failure: "a brace of a variable is not closed" };
      parts.push(text.slice(at));
      return { parts, end: text.length };
    }
    parts.push(text.slice(at, dollar));
    const next = text[dollar + 1];
    if (next === "$") {
      parts.push("$");
      at = dollar + 2;
      continue;
    }
    const braced = next === "{";
    const name = matchAt(NAME, text, dollar + (braced ? 2 : 1));
    if (name === null) {
      return {
        failure: braced
          ? 'expected the name of a variable behind "${"'
          : 'a "$" that begins no variable is written "$$"',
      };
    }
    at = dollar + (braced ? 2 : 1) + name.length;
    if (!braced) {
      parts.push({ name, operator: "", operand: [] });
      continue;
    }
    const operator = matchAt(OPERATOR, text, at) as Operator;
    if (operator === "" && text[at] !== "}") {
      return {
        failure: at >= text.length
          ? "a brace of a variable is not closed"
          : "expected }, :-, -, :?, ?, :+ or + behind the name of a variable", // not which: it may be a password's end
      };
    }
    const operand = parse(text, at + operator.length, depth + 1, matches, matches.get(dollar + 1));
    if ("failure" in operand) return operand;
    parts.push({ name, operator, operand: operand.parts });
    at = operand.end + 1;
  }
}

/** Where the brace is that closes each one that is opened and closed. */
function matchesOf(text: string): Map<number, number> {
  const matches = new Map<number, number>();
  const open: number[] = [];
  for (const { 0: brace, index } of text.matchAll(/[{}]/g)) {
    if (brace === "{") open.push(index);
    else if (open.length > 0) matches.set(open.pop()!, index);
  }
  return matches;
}

function matchAt(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

function evaluate(parts: readonly Part[], lookup: Lookup, unset: (name: string) => void): Filled {
  let text = "";
  for (const part of parts) {
    const filled = typeof part === "string" ? { text: part } : evaluateVariable(part, lookup, unset);
    if ("failure" in filled) return filled;
    text += filled.text;
  }
  return { text };
}

/** With a colon, a variable that is empty is as one that is not set. */
function evaluateVariable(
  { name, operator, operand }: Exclude<Part, string>,
  lookup: Lookup,
  unset: (name: string) => void,
): Filled {
  const value = lookup(name);
  const there = operator.startsWith(":") ? value !== undefined && value !== "" : value !== undefined;
  switch (operator) {
    case "":
      if (value === undefined) unset(name);
      return { text: value ?? "" };
    case ":-":
    case "-":
      return there ? { text: value! } : evaluate(operand, lookup, unset);
    case ":+":
    case "+":
      return there ? evaluate(operand, lookup, unset) : { text: "" };
    case ":?":
    case "?": {
      if (there) return { text: value! };
      const reason = evaluate(operand, lookup, unset);
      if ("failure" in reason) return reason;
      return { failure: `the variable ${name} must be set${reason.text === "" ? "" : `: ${reason.text}`}` };
    }
  }
}
