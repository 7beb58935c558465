/** The programs of services that run: those that were started and not reaped. */

import type { Part } from "../core/services/model.ts";

export interface Living {
  /** Which service's, and which of its programs, by process id, which is its group's and session's too. */
  readonly programs: ReadonlyMap<number, { readonly service: string; readonly part: Part }>;
  started(pid: number, service: string, part: Part): void;
  reaped(pid: number): void;
}

export function makeLiving(): Living {
  const programs = new Map<number, { readonly service: string; readonly part: Part }>();
  return {
    programs,
    started: (pid, service, part) => void programs.set(pid, { service, part }),
    reaped: (pid) => void programs.delete(pid),
  };
}
