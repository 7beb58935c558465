/**
 * The mark by which a process is known as a service's, wherever it has gone: a variable in its environment, which
 * children inherit and which /proc shows.
 */

import type { Part } from "../core/services/model.ts";

/** The variable; its value is only ours: which denit, which service, which of its programs. */
export const MARK = "DENIT_MARK";

/** Of this denit, and of no other that may run inside a service of it. */
const OWN = `${Deno.pid}-${Math.round(performance.timeOrigin)}`;

export function markOf(service: string, part: Part): string {
  return `${OWN}/${service}/${part}`;
}

/** Which service and program a mark stands for; `null` for one of another denit. */
export function readMarkValue(mark: string): { readonly service: string; readonly part: string } | null {
  const [own, service, part] = mark.split("/");
  return own === OWN && service !== undefined && part !== undefined ? { service, part } : null;
}
