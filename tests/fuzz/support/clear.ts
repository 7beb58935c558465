/** What every line that denit says of bad input must be. */

import { doesNotMatch, ok } from "../../assert.ts";

/** Words by which a line gives away that something broke inside. */
const INSIDE =
  /undefined|\[object |NaN|Infinity|file:\/\/|\.[jt]s:\d|\bat \S+ \(|Cannot load it|is not (?:a function|iterable)|Cannot read propert|(?:Type|Range|Syntax|Reference|Assertion)Error|Invalid [\w ]+: (?:Expected|Received)/;

/** What would end the line, colour it, or turn it round. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

/** Longer helps nobody; a place and a path of keys come before the message, which has 1000 characters at most. */
const LONGEST = 4000;

/** Whether the words that give something away stand in the input itself: then a line may have them too. */
export function givesAway(text: string): boolean {
  return INSIDE.test(text);
}

export function isClear(line: string): void {
  ok(line.length <= LONGEST, `a line of ${line.length} characters`);
  ok(line.trim() !== "", "an empty line");
  ok(line.isWellFormed(), `half a character: ${JSON.stringify(line)}`);
  doesNotMatch(line, CONTROL, JSON.stringify(line));
  doesNotMatch(line, INSIDE);
}
