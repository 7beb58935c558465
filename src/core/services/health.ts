/**
 * What is known of a service's health, and when it is asked next; the rules are those of Docker's HEALTHCHECK.
 *
 * The time to the next probe runs from the end of the last one, so probes never pile up. In the start period failures
 * do not count; its first success ends it.
 */

import type { HealthPlan } from "./project.ts";

export interface Health {
  readonly status: "starting" | "healthy" | "unhealthy";
  /** Failures in a row that count. */
  readonly failures: number;
  readonly startPeriodUntilMs: number;
  readonly probe:
    | { readonly name: "none"; readonly nextAtMs: number }
    /** `pid` of a program's process group, once it is started; it is late at `untilMs`, `null` once it was killed for that. */
    | { readonly name: "asking"; readonly pid: number | null; readonly untilMs: number | null };
}

/** The health of a service that has just been started. */
export function beginHealth(plan: HealthPlan, nowMs: number): Health {
  const startPeriodUntilMs = nowMs + plan.startPeriodMs;
  const health = { status: "starting", failures: 0, startPeriodUntilMs } as const;
  return { ...health, probe: { name: "none", nextAtMs: nowMs + pauseMs(plan, health, nowMs) } };
}

/** A probe is begun. */
export function probeBegins(plan: HealthPlan, health: Health, nowMs: number): Health {
  return { ...health, probe: { name: "asking", pid: null, untilMs: nowMs + plan.timeoutMs } };
}

/** The probe's program runs. Its time is counted from now: where there is much to start that may be later. */
export function probeStarted(plan: HealthPlan, health: Health, pid: number, nowMs: number): Health {
  return { ...health, probe: { name: "asking", pid, untilMs: nowMs + plan.timeoutMs } };
}

/** A probe has been answered: well (`null`), or why not. */
export function probeAnswered(
  plan: HealthPlan,
  health: Health,
  failure: string | null,
  nowMs: number,
): { readonly health: Health; readonly turned: "healthy" | "unhealthy" | null } {
  const excused = health.status === "starting" && nowMs < health.startPeriodUntilMs;
  const failures = failure === null ? 0 : excused ? health.failures : health.failures + 1;
  const status = failure === null ? "healthy" : failures >= plan.retries ? "unhealthy" : health.status;
  const next = { ...health, status, failures } as const;
  return {
    health: { ...next, probe: { name: "none", nextAtMs: nowMs + pauseMs(plan, next, nowMs) } },
    turned: status !== health.status && status !== "starting" ? status : null,
  };
}

function pauseMs(
  plan: HealthPlan,
  health: Pick<Health, "status" | "startPeriodUntilMs">,
  nowMs: number,
): number {
  const begins = health.status === "starting" && nowMs < health.startPeriodUntilMs;
  return begins ? plan.startIntervalMs : plan.intervalMs;
}
