/** What a process holds, looked at again and again, and whether it grows. */

import { allProcesses } from "./processes.ts";

/** What a process held at one moment. */
export interface Sample {
  /** How much work it had done by then, in whatever is counted. */
  readonly work: number;
  /** Seconds since the first sample. */
  readonly seconds: number;
  /** Anonymous memory in kB; RssAnon of proc(5). */
  readonly anonymousKb: number;
  /** What is its own alone and cannot be dropped, in kB; Private_Dirty of /proc/PID/smaps_rollup. */
  readonly privateKb: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly zombies: number;
  /** Seconds of processor time, its own and the kernel's for it. */
  readonly cpuSeconds: number;
}

/** How a sample is called by {@linkcode table}. */
const COLUMNS: Readonly<Record<keyof Sample, string>> = {
  work: "work",
  seconds: "s",
  anonymousKb: "anon kB",
  privateKb: "private kB",
  descriptors: "fds",
  threads: "threads",
  zombies: "zombies",
  cpuSeconds: "cpu s",
};

/** USER_HZ, the unit of the times in /proc/PID/stat: the same on every Linux of today. */
const TICKS_PER_SECOND = 100;
const [UTIME, STIME] = [13, 14] as const;

/** Looks at a process; what is told of it comes first in the record. */
export class Growth {
  readonly samples: Sample[] = [];
  readonly #pid: number;
  readonly #start = performance.now();

  constructor(pid: number) {
    this.#pid = pid;
  }

  /** Looks at the process now. */
  sample(work: number): Sample {
    const files = `/proc/${this.#pid}`;
    const status = Deno.readTextFileSync(`${files}/status`);
    const stat = Deno.readTextFileSync(`${files}/stat`);
    const fields = ["", "", ...stat.slice(stat.lastIndexOf(")") + 2).split(" ")];
    const sample: Sample = {
      work,
      seconds: (performance.now() - this.#start) / 1000,
      anonymousKb: numberBehind("RssAnon", status),
      privateKb: numberBehind("Private_Dirty", Deno.readTextFileSync(`${files}/smaps_rollup`)),
      descriptors: [...Deno.readDirSync(`${files}/fd`)].length,
      threads: numberBehind("Threads", status),
      zombies: allProcesses().filter(({ parent, state }) => parent === this.#pid && state === "Z").length,
      cpuSeconds: (Number(fields[UTIME]) + Number(fields[STIME])) / TICKS_PER_SECOND,
    };
    this.samples.push(sample);
    return sample;
  }

  /** By how much something grows with each unit of work, once it is warm: in the second half of the work. */
  slope(of: keyof Sample): number {
    const half = this.samples.at(-1)!.work / 2;
    const warm = this.samples.filter(({ work }) => work >= half);
    return leastSquares(warm.map((sample) => [sample.work, sample[of]]));
  }

  /** Some twenty of the samples, a line each. */
  table(): string[] {
    const names = Object.keys(COLUMNS) as (keyof Sample)[];
    const line = (words: readonly string[]): string => words.map((word) => word.padStart(11)).join("");
    const step = Math.max(1, Math.ceil(this.samples.length / 20));
    const shown = this.samples.filter((_, i) => (this.samples.length - 1 - i) % step === 0);
    return [
      line(names.map((name) => COLUMNS[name])),
      ...shown.map((sample) => line(names.map((name) => text(sample[name])))),
    ];
  }
}

/** The slope of the line with the least squares of distances from the points. */
export function leastSquares(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const products = points.map(([x, y]) => (x - meanX) * (y - meanY));
  const squares = points.map(([x]) => (x - meanX) ** 2);
  return mean(products) / mean(squares);
}

function text(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}

function numberBehind(name: string, text: string): number {
  const [, found] = new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text) ?? [];
  if (found === undefined) throw new Error(`Cannot find ${name} in ${JSON.stringify(text)}`);
  return Number(found);
}
