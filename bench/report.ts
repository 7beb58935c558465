/** The bench's results as text and as JSON. */

import type { Measured } from "./figure.ts";
import { median, summarise } from "./statistics.ts";
import type { Verdict } from "./targets.ts";

/** The machine and the programs that were measured. */
export interface Surroundings {
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Why somebody was left out. */
  readonly missing: readonly string[];
}

/** A table for each metric: the contenders, their medians, least and most, and denit's ratio to each. */
export function resultsText(all: readonly Measured[], denit: string): string {
  return all.map(({ metric, values }) => {
    const own = values.get(denit) ?? [...values.values()][0]!;
    const rows = [...values].map(([name, each]) => {
      const { median: middle, min, max } = summarise(each);
      const ratio = middle === 0 ? "" : (median(own) / middle).toFixed(2);
      return [name, show(middle), show(min), show(max), name === denit ? "" : ratio];
    });
    const unit = metric.unit === "" ? "" : ` (${metric.unit})`;
    return table([[`${metric.title}${unit}`, "median", "min", "max", "denit / it"], ...rows]);
  }).join("\n");
}

/** The targets, and whether they were reached. */
export function verdictsText(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ target: { of, to, limit, bound }, title, value, reached }) => [
    of === undefined ? title : `${title}: ${of}`,
    to === undefined ? "" : `/ ${to}`,
    show(value),
    `${bound} ${show(limit)}`,
    reached ? "reached" : "MISSED",
  ]);
  return table([["target", "", "measured", "wanted", ""], ...rows]);
}

/** All of it, for programs. */
export function resultsJson(
  all: readonly Measured[],
  verdicts: readonly Verdict[],
  around: Surroundings,
): string {
  const figures = all.map(({ metric, values }) => ({
    ...metric,
    contenders: Object.fromEntries(
      [...values].map(([name, each]) => [name, { ...summarise(each), values: each }]),
    ),
  }));
  return JSON.stringify({ ...around, figures, targets: verdicts }, null, 2);
}

/** A number with three digits that count, and no more. */
export function show(value: number): string {
  if (value === 0) return "0";
  const digits = Math.max(0, Math.min(3, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return value.toFixed(digits);
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)).join(
      "  ",
    )
      .trimEnd()
  );
  const [head, ...body] = lines;
  return [head, "-".repeat(Math.max(...lines.map(({ length }) => length))), ...body, ""].join("\n");
}
