/** Where news of children comes from: everything that has ended is reaped at once. */

import { readProgram } from "../ffi/proc.ts";
import { peekChild, takeChild, takeStoppedChild, type Waited } from "../ffi/wait.ts";
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
    const next = named ? takeNamedChild() : takeChild();
    if (next === null) break;
    const { pid, status, ...name } = next;
    if (status.name === "stopped") dispatch({ type: "stopped", pid, signal: status.signal, atMs });
    else children.push({ pid, status, ...name });
  }
  if (children.length > 0) dispatch({ type: "reaped", children, atMs });
}

/** Takes exactly the child whose name was read: another may have ended meanwhile, and would come first. */
function takeNamedChild(): Waited & { readonly program?: string } | null {
  const zombie = peekChild();
  if (typeof zombie !== "number") return takeStoppedChild();
  const program = readProgram(zombie);
  const child = takeChild(zombie);
  return child === null || program === null ? child : { ...child, program };
}
