/** Durations as the Compose specification writes them: `1m30s`, `500ms`, `1.5h`. */

const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 0.001 };

/** A year: more is surely a slip, and would overflow somewhere. */
const LONGEST_MS = 365 * 24 * 3_600_000;

/**
 * Milliseconds, or `null` if the text is no duration or one of more than a year.
 *
 * Units are `us`, `ms`, `s`, `m` and `h`; several may follow each other; `0` needs none.
 */
export function parseDuration(text: string): number | null {
  if (text === "0") return 0;
  const PART = "([0-9]+(?:\\.[0-9]+)?)(us|ms|s|m|h)";
  if (!new RegExp(`^(?:${PART})+$`).test(text)) return null;
  let total = 0;
  for (const [, value, unit] of text.matchAll(new RegExp(PART, "g"))) {
    total += Number(value) * UNIT_MS[unit!]!;
  }
  return total <= LONGEST_MS ? total : null;
}
