/** Which init denit stands in for. */

/** The names that denit answers to. How the command line of each is read is loaded only then: see src/extras.ts. */
const NAMES = ["tini", "docker-init", "dumb-init", "catatonit"] as const;

export type DropInName = (typeof NAMES)[number];

/** What denit is to be: another init, and the words for it. */
export interface DropIn {
  readonly name: DropInName;
  readonly words: readonly string[];
}

/** A name behind `--as` that denit does not answer to. */
export interface UnknownName {
  readonly unknown: string;
  readonly known: readonly string[];
}

/** The first word of denit's own call for src/drop_in/listen_pid.ts; nobody else writes it. */
export const EXEC_WITH_LISTEN_PID = "--exec-with-listen-pid";

/**
 * Chosen by the name that denit was started under, or by `--as NAME` as the first words; `null`: denit itself.
 */
export function chooseDropIn(invokedName: string, words: readonly string[]): DropIn | UnknownName | null {
  const [first, second, ...others] = words;
  const given = first === "--as"
    ? second ?? ""
    : first?.startsWith("--as=")
    ? first.slice("--as=".length)
    : null;
  if (given !== null) {
    const rest = first === "--as" ? others : words.slice(1);
    if (given === "denit") return null;
    const name = nameOf(given);
    return name === undefined ? { unknown: given, known: NAMES } : { name, words: rest };
  }
  const name = nameOf(invokedName);
  return name === undefined ? null : { name, words };
}

function nameOf(word: string): DropInName | undefined {
  return NAMES.find((name) => name === word);
}
