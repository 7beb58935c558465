/** The page of numbers that the helpers write; the slots are those of helpers/stamps.h. */

const SLOT = {
  executed: 0,
  started: 1,
  mainEnds: 2,
  initEnded: 3,
  initPid: 4,
  count: 5,
  ready: 6,
  begin: 7,
  end: 8,
  zombies: 9,
  cpuBegin: 10,
  cpuEnd: 11,
  cpuAll: 12,
  cpuChild: 13,
  failed: 14,
} as const;

const FIRST_PAIR = 64;
const SLOTS = 65_536;

export type Slot = keyof typeof SLOT;

/** The stamps of one run; times are nanoseconds of the machine's monotonic clock. */
export class Stamps {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    Deno.writeFileSync(path, new Uint8Array(SLOTS * 8));
  }

  /** What is in a slot now; 0 if nobody wrote it. */
  get(slot: Slot): number {
    return Number(this.#read()[SLOT[slot]]);
  }

  /** Milliseconds from one stamp to another. */
  ms(from: Slot, to: Slot): number {
    const all = this.#read();
    const [begin, end] = [all[SLOT[from]]!, all[SLOT[to]]!];
    if (begin === 0n || end === 0n) throw new Error(`Cannot measure from ${from} to ${to}: not stamped`);
    return Number(end - begin) / 1e6;
  }

  /** Microseconds from each cause to its effect. */
  pairsUs(count: number): number[] {
    const all = this.#read();
    return Array.from({ length: count }, (_, i) => {
      const [cause, effect] = [all[FIRST_PAIR + 2 * i]!, all[FIRST_PAIR + 2 * i + 1]!];
      return Number(effect - cause) / 1e3;
    });
  }

  #read(): BigUint64Array {
    return new BigUint64Array(Deno.readFileSync(this.path).buffer);
  }
}
