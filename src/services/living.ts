/** The processes that denit has started and not reaped: the programs of services, and its own. */

import type { Reaped, StartFailure, Status } from "../core/model.ts";
import type { Part } from "../core/services/model.ts";

export interface Living {
  /** Which service's, and which of its programs, by process id, which is its group's and session's too. */
  readonly programs: ReadonlyMap<number, { readonly service: string; readonly part: Part }>;
  /** Whether that is a program of a service or a process of denit's own. */
  has(pid: number): boolean;
  /** `late`: its program may still have to be executed; why it was not, if it was not, when it was reaped. */
  started(pid: number, service: string, part: Part, late: (() => StartFailure | null) | null): void;
  /** Takes in a process of denit's own, of whose end nobody is told but `ended`. */
  startedOwn(pid: number, ended: (status: Status) => void): void;
  /** Takes note of those who were reaped; those of them that are no process of denit's own. */
  reaped(children: readonly Reaped[]): readonly Reaped[];
}

export function makeLiving(): Living {
  const programs = new Map<number, { readonly service: string; readonly part: Part }>();
  const own = new Map<number, (status: Status) => void>();
  const lates = new Map<number, () => StartFailure | null>();

  function explained(child: Reaped): Reaped {
    const failure = lates.get(child.pid)?.() ?? null;
    lates.delete(child.pid);
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
    started(pid, service, part, late): void {
      programs.set(pid, { service, part });
      if (late !== null) lates.set(pid, late);
    },
    startedOwn: (pid, ended) => void own.set(pid, ended),
    reaped(children): readonly Reaped[] {
      const others = children.filter(isOther);
      return lates.size === 0 ? others : others.map(explained);
    },
  };
}
