/** The word that was probably meant. Loaded only once something is wrong. */

import { distance } from "fastest-levenshtein";

/** The known word nearest to a wrong one, first of all one with the same letters; `null` if none is near. */
export function suggest(wrong: string, known: readonly string[]): string | null {
  if (wrong === "") return null;
  const all = known.map((word) => ({ word, steps: distance(wrong, word) }));
  const least = Math.min(...all.map(({ steps }) => steps));
  const nearest = all.filter(({ steps }) => steps === least).map(({ word }) => word);
  const meant = nearest.find((word) => lettersOf(word) === lettersOf(wrong)) ?? nearest[0];
  return meant !== undefined && least <= Math.ceil(meant.length / 3) ? meant : null;
}

function lettersOf(word: string): string {
  return [...word].sort().join("");
}
