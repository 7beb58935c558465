/** Where news of children comes from: everything that has ended is reaped at once. */

import { readProgram } from "../ffi/proc.ts";
import { peekChild, takeChild } from "../ffi/wait.ts";
import type { Reaped } from "./core/model.ts";
import type { Dispatch } from "./loop.ts";

/**
 * Reaps every child that has ended and reports them as one fact, since one SIGCHLD may stand for many.
 *
 * With `named`, the name of each one's program is read first: a zombie still has it.
 */
export function reapChildren(dispatch: Dispatch, named: boolean): void {
  const children: Reaped[] = [];
  const atMs = performance.now();
  for (;;) {
    const zombie = named ? peekChild() : "none";
    const program = typeof zombie === "number" ? readProgram(zombie) : null;
    const child = takeChild();
    if (child === null) break;
    const { pid, status } = child;
    if (status.name === "stopped") dispatch({ type: "stopped", pid, signal: status.signal, atMs });
    else children.push(program !== null && pid === zombie ? { pid, status, program } : { pid, status });
  }
  if (children.length > 0) dispatch({ type: "reaped", children, atMs });
}
