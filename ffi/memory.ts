/** Memory that is not needed any more: madvise(2), malloc_trim(3). */

import { readWhole } from "./file.ts";
import { libc } from "./libc.ts";

const MADV_DONTNEED = 4;
/** More than /proc/self/smaps of a process like this one has. */
const LONGEST = 4 * 1024 * 1024;
/** Less of one mapping is not worth a call. */
const LEAST_KB = 256;

/**
 * Takes what is mapped of files, and as it is in them, out of this process: most of the runtime's code and constants,
 * which only its start needs. What is needed after all comes back, out of the page cache as a rule.
 *
 * What was ever changed in memory stays: it could not be had again. Where /proc does not tell nothing is done.
 */
export function giveFilePagesBack(): void {
  const text = readWhole("/proc/self/smaps", LONGEST);
  if ("failure" in text) return;
  for (const { address, length } of unchangedMappings(new TextDecoder().decode(text))) {
    libc.madvise(Deno.UnsafePointer.create(address), length, MADV_DONTNEED);
  }
}

/** Gives back what malloc keeps of memory that was freed. */
export function giveHeapBack(): void {
  libc.malloc_trim(0n);
}

/** The mappings of files, not to be written, of which no page was changed, and that have pages in memory; proc(5). */
function* unchangedMappings(smaps: string): Generator<{ readonly address: bigint; readonly length: bigint }> {
  const MAPPING = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ [1-9]\d* .*\n((?:[A-Z]\w*:.*\n)*)/gm;
  for (const [, start, end, values] of smaps.matchAll(MAPPING)) {
    const kilobytes = (name: string): number =>
      Number(new RegExp(`^${name}: *(\\d+) kB$`, "m").exec(values!)?.[1] ?? NaN);
    if (kilobytes("Anonymous") !== 0 || !(kilobytes("Rss") >= LEAST_KB)) continue;
    const address = BigInt(`0x${start}`);
    yield { address, length: BigInt(`0x${end}`) - address };
  }
}
