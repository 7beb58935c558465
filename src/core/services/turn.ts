/** One step of a run of services while it is being made: what has changed so far, and what is to be done. */

import type { Level } from "../model.ts";
import type { Ended, ServicesOrder, ServicesPolicy, ServiceState, Serving, Shutdown } from "./model.ts";
import type { ServiceNote, ShutdownReason } from "./words.ts";

/** A copy of the state that may be changed; nobody else ever sees it. */
export interface Turn {
  readonly nowMs: number;
  readonly policy: ServicesPolicy;
  readonly services: Map<string, ServiceState>;
  /** Who was reaped by the fact of this step: their numbers may be anybody's now. */
  readonly reaped: ReadonlySet<number>;
  readonly orders: ServicesOrder[];
  shutdown: Shutdown | null;
  failureCode: number | null;
  /** What has happened that a shutdown is to follow. */
  shutdownDue: { readonly reason: ShutdownReason; readonly exitCode: number } | null;
  /** Services that have ended, whose leftovers are to be looked for; one look serves all. */
  readonly toSurvey: Ended[];
}

/** Opens a step at the time of its fact. */
export function openTurn(state: Serving, nowMs: number, reaped: ReadonlySet<number> = new Set()): Turn {
  const { policy, services, shutdown, failureCode } = state;
  return {
    nowMs,
    policy,
    services: new Map(services),
    reaped,
    orders: [],
    shutdown,
    failureCode,
    shutdownDue: null,
    toSurvey: [],
  };
}

/** Puts what has changed of a service in the place of what was known of it. */
export function put(turn: Turn, before: ServiceState, change: Partial<ServiceState>): ServiceState {
  const after = { ...before, ...change };
  turn.services.set(after.service.name, after);
  return after;
}

/** Until when it may hold up those that it depends on: without end, unless all are shut down. */
export function holdsUntilMs({ shutdown }: Turn, { service }: ServiceState): number {
  return shutdown?.holdsUntilMs.get(service.name) ?? Infinity;
}

export function tell(turn: Turn, level: Level, note: ServiceNote): void {
  turn.orders.push({ type: "tell", level, note });
}
