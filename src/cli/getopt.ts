/**
 * Splits a command line into options and operands by the rules of getopt_long(3).
 *
 * Our own and no library's, for two reasons: it runs before main is started, where node:util's parseArgs costs a
 * quarter of the whole start, and the small inits that denit stands in for parse by exactly these rules.
 */

/** What is known of the options: each name, without dashes, and whether a value follows it. */
export interface Grammar {
  /** Long and one-letter names; several may lead to one option. */
  readonly options: ReadonlyMap<string, { readonly takesValue: boolean }>;
  /** Whether options may also stand behind words that are none, up to `--`. */
  readonly permutes?: boolean;
  /** Whether a long name may be cut short as far as it stays the only one. */
  readonly abbreviates?: boolean;
  /** Whether `--name=value` is wrong for a name that takes no value, as in getopt_long(3). */
  readonly refusesValues?: boolean;
}

/** An option as it stood on the command line. */
export interface GivenOption {
  /** Its name without dashes, as it was written. */
  readonly name: string;
  /** `null` for an option that takes no value and was given none by `=`. */
  readonly value: string | null;
}

/** What a command line says. */
export interface CommandLine {
  readonly options: readonly GivenOption[];
  /** The words after the options: from the first that is none, or after `--`. */
  readonly operands: readonly string[];
}

/** A word that is not as the grammar wants it. */
export interface BadOption {
  readonly problem: "unknown" | "no value" | "unwanted value";
  /** The option with its dashes. */
  readonly option: string;
}

/** Options end at `--` or, unless the grammar permutes, at the first word that is none. */
export function getopt(words: readonly string[], grammar: Grammar): CommandLine | BadOption {
  const { bad, ...line } = readOptions(words, grammar);
  return bad ?? line;
}

/**
 * As {@linkcode getopt}, for programs that obey each option as they come to it: what stood before the first word
 * that is wrong is there too.
 */
export function readOptions(
  words: readonly string[],
  grammar: Grammar,
): CommandLine & { readonly bad: BadOption | null } {
  const options: GivenOption[] = [];
  const passedOver: string[] = [];
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at]!;
    if (word === "--") {
      return { options, operands: [...passedOver, ...words.slice(at + 1)], bad: null };
    }
    if (!word.startsWith("-") || word === "-") {
      if (!grammar.permutes) break;
      passedOver.push(word);
      continue;
    }
    const bad = word.startsWith("--") ? takeLong(word) : takeCluster(word);
    if (bad !== null) return { options, operands: [], bad };
  }
  return { options, operands: [...passedOver, ...words.slice(at)], bad: null };

  /** `--name`, `--name=value`, `--name value`. */
  function takeLong(word: string): BadOption | null {
    const equals = word.indexOf("=");
    const written = word.slice(2, equals < 0 ? undefined : equals);
    const name = grammar.abbreviates ? complete(written) : written;
    const option = grammar.options.get(name);
    if (option === undefined || name.length < 2) return { problem: "unknown", option: `--${written}` };
    if (equals >= 0 && !option.takesValue && grammar.refusesValues) {
      return { problem: "unwanted value", option: `--${name}` };
    }
    if (equals >= 0) options.push({ name, value: word.slice(equals + 1) });
    else if (!option.takesValue) options.push({ name, value: null });
    else return takeNextAsValue(name, `--${name}`);
    return null;
  }

  function complete(start: string): string {
    if (start.length > 1 && grammar.options.has(start)) return start;
    const fitting = [...grammar.options.keys()].filter((name) => name.length > 1 && name.startsWith(start));
    return fitting.length === 1 ? fitting[0]! : start;
  }

  /** `-v`, `-vw`, `-t8s`, `-t 8s`, `-vt8s`. */
  function takeCluster(word: string): BadOption | null {
    for (let i = 1; i < word.length; i++) {
      const name = String.fromCodePoint(word.codePointAt(i)!);
      const option = grammar.options.get(name);
      if (option === undefined) return { problem: "unknown", option: `-${name}` };
      if (!option.takesValue) {
        options.push({ name, value: null });
        continue;
      }
      if (i + 1 === word.length) return takeNextAsValue(name, `-${name}`);
      options.push({ name, value: word.slice(i + 1) });
      return null;
    }
    return null;
  }

  function takeNextAsValue(name: string, option: string): BadOption | null {
    const value = words[at + 1];
    if (value === undefined) return { problem: "no value", option };
    at++;
    options.push({ name, value });
    return null;
  }
}
