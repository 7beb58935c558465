/** What a measurement is, and how many of them are made side by side. */

import type { Contender } from "./inits.ts";
import type { Workshop } from "./workshop.ts";

/** One number that is told of each contender. */
export interface Metric {
  readonly key: string;
  readonly title: string;
  readonly unit: "ms" | "us" | "MB" | "MB/s" | "%" | "times" | "";
  readonly better: "less" | "more";
}

/** A measurement that gives some metrics. */
export interface Figure {
  readonly key: string;
  readonly metrics: readonly Metric[];
  readonly contenders: readonly Contender[];
  /** How often each is measured, in turn with the others. */
  readonly rounds: number;
  /** One value of each metric. */
  measure(workshop: Workshop, contender: Contender): Promise<Readonly<Record<string, number>>>;
}

/** The values of a metric by contender. */
export interface Measured {
  readonly metric: Metric;
  readonly values: ReadonlyMap<string, readonly number[]>;
}

/** Measures all contenders, A B C A B C, so that what disturbs the machine disturbs all of them. */
export async function measureAll(
  figure: Figure,
  workshop: Workshop,
  tell: (progress: string) => void,
): Promise<Measured[]> {
  const values = new Map(figure.metrics.map(({ key }) => [key, new Map<string, number[]>()]));
  for (let round = 1; round <= figure.rounds; round++) {
    for (const contender of figure.contenders) {
      tell(`${figure.key}: round ${round} of ${figure.rounds}: ${contender.name}`);
      const measured = await figure.measure(workshop, contender);
      for (const [key, value] of Object.entries(measured)) {
        const all = values.get(key)!;
        all.set(contender.name, [...all.get(contender.name) ?? [], value]);
      }
    }
  }
  return figure.metrics.map((metric) => ({ metric, values: values.get(metric.key)! }));
}
