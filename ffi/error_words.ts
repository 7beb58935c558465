/** What an error number of the system means, in words: strerror(3). */

import { errno, libc } from "./libc.ts";

/** In the words of strerror(3). */
export function strerror(error: number): string {
  return Deno.UnsafePointerView.getCString(libc.strerror(error)!);
}

/** The same, to stand within a sentence. */
export function inSentence(error: number): string {
  const text = strerror(error);
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Why the last call failed, to stand within a sentence. To be asked straight after it, as {@linkcode errno}. */
export function lastReason(): string {
  return inSentence(errno());
}
