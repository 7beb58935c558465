/** What is told of many measurements of one thing. */

/** The value below which so many of a hundred are, by the nearest rank. `values` are not empty. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * percent / 100) - 1)]!;
}

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** A figure's values of one contender, in the figure's unit. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function summarise(values: readonly number[]): Summary {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}
