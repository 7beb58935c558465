/** The word that was probably meant. Loaded only once something is wrong. */

import { closest, distance } from "fastest-levenshtein";

/** The known word nearest to a wrong one, or `null` if none is near. */
export function suggest(wrong: string, known: readonly string[]): string | null {
  if (known.length === 0 || wrong === "") return null;
  const nearest = closest(wrong, known);
  return distance(wrong, nearest) <= Math.ceil(nearest.length / 3) ? nearest : null;
}
