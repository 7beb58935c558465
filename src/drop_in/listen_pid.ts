/**
 * Handing sockets on: LISTEN_PID must name the process that is to use them, sd_listen_fds(3).
 *
 * Its number is not known before it is there, and what starts it runs nothing that could write it there. So where LISTEN_PID
 * names us, denit itself is started in the program's place, writes its own number there, and becomes the program.
 */

import { readVariable } from "../../ffi/environment.ts";
import { becomeProgram } from "../../ffi/exec.ts";
import { readOwnWords } from "../../ffi/proc.ts";
import { EXEC_WITH_LISTEN_PID } from "./choose.ts";

/** The command that starts `command` by way of this, or `null` where LISTEN_PID does not name us. */
export function wrapForListenPid(command: readonly (string | Uint8Array)[]): (string | Uint8Array)[] | null {
  if (readVariable("LISTEN_PID") !== String(Deno.pid)) return null;
  const words = readOwnWords();
  if (words === null) return null;
  return ["/proc/self/exe", ...words.slice(1, -Deno.args.length), EXEC_WITH_LISTEN_PID, ...command];
}

/**
 * Becomes the program, with the signals ignored and blocked that the caller had so; returns why that failed, in the
 * words of strerror(3).
 */
export function execWithListenPid(
  command: readonly string[],
  { ignored, blocked }: { readonly ignored: readonly number[]; readonly blocked: readonly number[] },
): string {
  return becomeProgram(command, { LISTEN_PID: String(Deno.pid) }, ignored, blocked);
}
