/**
 * What a service has left behind: processes of it that still run when its own program has ended.
 *
 * A process belongs to the service whose session it is in or, where it has made a session of its own as daemons do,
 * whose mark it bears. One that leaves all of them behind cannot be told. Of whom no look at /proc shows, it can be known
 * whether anybody is left in the process group of the program that has ended.
 */

import { listProcesses, ownChildren, type ProcessEntry } from "../../ffi/proc.ts";
import { sendSignal } from "../../ffi/process.ts";
import type { Remaining } from "../core/model.ts";
import type { Ended } from "../core/services/model.ts";
import { descendants, type ProcessSurroundings, remainingOf } from "../processes.ts";
import type { Living } from "./living.ts";
import { bearerOf } from "./mark.ts";

/** The leftovers of each service that is asked about; `null` where /proc does not tell. */
export function findLeftovers(
  of: readonly Ended[],
  living: Living,
  around: Pick<ProcessSurroundings, "ownPid" | "role">,
): Map<string, readonly Remaining[]> | null {
  const all = strangers(living, around);
  if (all === null) return null;
  const found = new Map<string, Remaining[]>(of.map(({ service }) => [service, []]));
  const services = new Map(of.map(({ session, service }) => [session, service]));
  for (const entry of all) {
    const itsOwn = services.get(entry.session);
    const service = itsOwn ?? bearerOf(entry)?.service;
    if (service === undefined) continue;
    found.get(service)?.push({ ...remainingOf(entry, true), isDaemon: itsOwn === undefined });
  }
  return found;
}

/**
 * The same with `null` for whom nobody was found, but somebody is in the process group: /proc does not tell, or they
 * come and go so fast that each look misses them.
 */
export function withGroups(
  of: readonly Ended[],
  found: ReadonlyMap<string, readonly Remaining[]> | null,
): Map<string, readonly Remaining[] | null> {
  const NONE = 0; // kill(2) sends nothing, and tells whether it could
  return new Map(of.map(({ service, session }) => {
    const seen = found?.get(service) ?? [];
    return [service, seen.length === 0 && sendSignal(-session, NONE) !== "gone" ? null : seen];
  }));
}

/** What a probe or another program beside the service has left behind, as {@linkcode sendSignal} takes it. */
export function leftoversOf(
  service: string,
  part: string,
  session: number,
  living: Living,
  around: Pick<ProcessSurroundings, "ownPid" | "role">,
): number[] {
  const all = strangers(living, around);
  if (all === null) return [-session];
  return all.filter((entry) => {
    if (entry.session === session) return true;
    const bearer = bearerOf(entry);
    return bearer?.service === service && bearer.part === part;
  }).map(({ pid }) => pid);
}

/** Who runs and is in no session of a program that runs; `null` where /proc does not tell. */
function strangers(
  living: Living,
  { ownPid, role }: Pick<ProcessSurroundings, "ownPid" | "role">,
): readonly ProcessEntry[] | null {
  // All that is left behind stands below a child of ours that is none of the programs: an orphan. As a rule there is
  // none, and a look at our children saves the look at all processes.
  const children = ownChildren();
  if (children !== null && children.every((pid) => living.has(pid))) return [];
  const all = role === "first" ? listProcesses() : descendants(ownPid);
  return all?.filter(({ pid, zombie, session }) => pid !== ownPid && !zombie && !living.has(session)) ?? null;
}
