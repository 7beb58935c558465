/** What denit is to reach, each as a ratio of two medians of one run, or as a bound. */

import type { Measured } from "./figure.ts";
import { median } from "./statistics.ts";

export interface Target {
  readonly metric: string;
  /** Whose value it is about; several forms of denit may have one. */
  readonly of?: string;
  /** Whom it is compared with; without that the value itself is bounded. */
  readonly to?: string;
  readonly limit: number;
  readonly bound: "at most" | "at least";
}

const atMost = (metric: string, limit: number, to?: string): Target => target(metric, limit, "at most", to);

function target(metric: string, limit: number, bound: Target["bound"], to?: string, of?: string): Target {
  return { metric, limit, bound, ...to !== undefined && { to }, ...of !== undefined && { of } };
}

/** The targets, in the order in which they are told. */
export const TARGETS: readonly Target[] = [
  atMost("start", 1.05, "two-line Deno script"),
  atMost("dirty", 1.1, "idle Deno"),
  atMost("dirty", 0.5, "supervisord"),
  atMost("pss", 0.75, "supervisord"),
  atMost("switches", 0),
  atMost("idleCpu", 0),
  atMost("signal50", 1.5, "tini"),
  atMost("end", 1.2, "idle Deno, Deno.exit"),
  atMost("atOnce", 1, "tini"),
  atMost("lag", 1, "tini"),
  atMost("lagCpu", 3, "tini"),
  atMost("alone50", 1.3, "tini"),
  atMost("up", 0.5, "s6"),
  atMost("upDirty", 0.6, "supervisord"),
  atMost("stop", 1 / 3, "s6"),
  atMost("upSwitches", 0),
  target("output rate", 0.8, "at least", "cat", "denit, passed on untouched"),
  target("output rate", 1, "at least", "supervisord", "denit, with prefix"),
  target("output rate", 4, "at least", "s6-log", "denit, with prefix"),
  target("output rate", 2, "at least", "s6-log", "denit, as JSON"),
  target("single lines rate", 1, "at least", "supervisord", "denit, with prefix"),
];

/** How a target was met. */
export interface Verdict {
  readonly target: Target;
  readonly title: string;
  readonly value: number;
  readonly reached: boolean;
}

/** The verdicts on those targets of which all was measured. */
export function judge(all: readonly Measured[], denit: string): Verdict[] {
  return TARGETS.flatMap((each) => {
    const measured = all.find(({ metric }) => metric.key === each.metric);
    const own = measured?.values.get(each.of ?? denit);
    const other = each.to === undefined ? [1] : measured?.values.get(each.to);
    if (measured === undefined || own === undefined || other === undefined) return [];
    const value = median(own) / median(other);
    const reached = each.bound === "at most" ? value <= each.limit : value >= each.limit;
    return [{ target: each, title: measured.metric.title, value, reached }];
  });
}
