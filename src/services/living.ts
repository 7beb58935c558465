/** The processes that denit has started and not reaped: the programs of services, and its own. */

import type { Reaped, StartFailure, Status } from "../core/model.ts";
import type { Part } from "../core/services/model.ts";

export interface Living {
  /** Which service's, and which of its programs, by process id, which is its group's and session's too. */
  readonly programs: ReadonlyMap<number, LivingProgram>;
  /** Whether that is a program of a service or a process of denit's own. */
  has(pid: number): boolean;
  started(pid: number, program: LivingProgram): void;
  /** Takes in a process of denit's own, of whose end nobody is told but `ended`. */
  startedOwn(pid: number, ended: (status: Status) => void): void;
  /** Takes note of those who were reaped; those of them that are no process of denit's own. */
  reaped(children: readonly Reaped[]): readonly Reaped[];
}

export interface LivingProgram {
  readonly service: string;
  readonly part: Part;
  /** Where it may still have to be executed: why it was not, if it was not, to be asked when it was reaped. */
  readonly late: (() => StartFailure | null) | null;
}

export function makeLiving(): Living {
  const programs = new Map<number, LivingProgram>();
  const own = new Map<number, (status: Status) => void>();

  function explained(child: Reaped): Reaped {
    const failure = programs.get(child.pid)?.late?.() ?? null;
    return failure === null ? child : { ...child, failure };
  }

  function isOther({ pid, status }: Reaped): boolean {
    programs.delete(pid);
    const ended = own.get(pid);
    own.delete(pid);
    ended?.(status);
    return ended === undefined;
  }

  return {
    programs,
    has: (pid) => programs.has(pid) || own.has(pid),
    started: (pid, program) => void programs.set(pid, program),
    startedOwn: (pid, ended) => void own.set(pid, ended),
    reaped: (children) => children.map(explained).filter(isOther),
  };
}
