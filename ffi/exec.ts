/** Becoming another program: execvp(3). */

import { cString, cStringTable } from "./c_string.ts";
import { blockOnly, defaultSignal, ignoreSignal } from "./disposition.ts";
import { strerror } from "./error_words.ts";
import { errno, libc } from "./libc.ts";

const SIGPIPE = 13;

/**
 * Replaces this process by a program, with these variables set, and with these signals ignored, of which a handler of
 * ours would leave nothing, and blocked; returns only where that fails, and then why, in the words of strerror(3).
 */
export function becomeProgram(
  argv: readonly string[],
  variables: Readonly<Record<string, string>>,
  ignored: readonly number[],
  blocked: readonly number[],
): string {
  for (const [name, value] of Object.entries(variables)) libc.setenv(cString(name), cString(value), 1);
  defaultSignal(SIGPIPE); // the runtime ignores it, and an ignored signal stays so
  for (const signal of ignored) ignoreSignal(signal);
  blockOnly(blocked);
  const table = cStringTable(argv);
  libc.execvp(cString(argv[0]!), table.pointers);
  return strerror(errno());
}
