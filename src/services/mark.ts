/**
 * The marks by which a process is known as a service's, wherever it has gone, since its children have them too.
 *
 * One is a number, as the soft limit of file locks, which Linux has not enforced since 2.4.25: /proc shows it to
 * everybody, and a program that writes its title over its environment, as daemons do (setproctitle(3)), does not touch
 * it. The other is a variable, for who changes its limits, as su(1) does.
 */

import { type ProcessEntry, readLocksLimit, readVariableOf } from "../../ffi/proc.ts";
import type { Part } from "../core/services/model.ts";

/** The variable; its value is only ours: which denit, which service, which of its programs. */
export const MARK = "DENIT_MARK";

/** Of this denit, and of no other that may run inside a service of it. */
const OWN = `${Deno.pid}-${Math.round(performance.timeOrigin)}`;

/** Who bears a mark: which program of which service. */
export interface Bearer {
  readonly service: string;
  readonly part: string;
}

/** The first number, also only ours; 2 ** 20 are more than there are programs. */
const FIRST = (1 + crypto.getRandomValues(new Uint32Array(1))[0]!) * 2 ** 20;
/** The values of the variable, by their numbers from the first on, and the numbers of these. */
const values: string[] = [];
const numbers = new Map<string, number>();

/** The value of the variable. */
export function markOf(service: string, part: Part): string {
  return `${OWN}/${service}/${part}`;
}

/** The number. */
export function numberOf(service: string, part: Part): number {
  const value = markOf(service, part);
  const number = numbers.get(value) ?? FIRST + values.push(value) - 1;
  numbers.set(value, number);
  return number;
}

/** Which service and program a process belongs to; `null` where it has no mark of ours. */
export function bearerOf({ pid, stuck }: Pick<ProcessEntry, "pid" | "stuck">): Bearer | null {
  const mark = values[(readLocksLimit(pid) ?? -1) - FIRST] ?? (stuck ? null : readVariableOf(pid, MARK));
  return mark === null ? null : readMarkValue(mark);
}

/** What the value of the variable stands for; `null` for one of another denit. */
export function readMarkValue(mark: string): Bearer | null {
  const [own, service, part] = mark.split("/");
  return own === OWN && service !== undefined && part !== undefined ? { service, part } : null;
}
