/** The words of a command that is written as one text, split as Compose does it. */

/**
 * Splits at white space outside of quotes; there is no shell, so nothing is expanded.
 *
 * A backslash takes what is special from the character behind it, but `\n` and `\t` are a line's end and a tab (as in
 * go-shellwords, which Compose uses). What only a shell understands, outside of quotes, is refused: Compose would drop
 * the rest of the line without a word.
 */
export function splitWords(text: string): readonly string[] | { readonly failure: string } {
  const words: string[] = [];
  let word: string | null = null;
  let quote: '"' | "'" | null = null;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (character === "\\" && quote !== "'") {
      const next = text[++i];
      if (next === undefined) return { failure: "a backslash at the end escapes nothing" };
      word = (word ?? "") + (next === "n" ? "\n" : next === "t" ? "\t" : next);
    } else if (quote !== null) {
      if (character === quote) quote = null;
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= "";
    } else if (/[ \t\r\n]/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (/[;&|<>()`]/.test(character)) {
      return { failure: `${character} needs a shell: write ["/bin/sh", "-c", "..."], or put it in quotes` };
    } else word = (word ?? "") + character;
  }
  if (quote !== null) return { failure: `a quote (${quote}) is not closed` };
  if (word !== null) words.push(word);
  return words;
}
