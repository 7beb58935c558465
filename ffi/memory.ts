/** Memory that is not needed any more: madvise(2), malloc_trim(3), mallopt(3). */

import { CONTEXT } from "./abi.ts";
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

/**
 * Has malloc give memory back whenever so much of it lies free at an end, also in what the runtime's other threads
 * have, which {@linkcode giveHeapBack} does not reach; mallopt(3). By itself it would keep as much as it once had.
 */
export function giveHeapBackEarly(): void {
  const [M_TRIM_THRESHOLD, BYTES] = [-1, 128 * 1024]; // what it begins with
  libc.mallopt(M_TRIM_THRESHOLD, BYTES);
}

/** So much of the stack stays below where it is used now: for the call itself, and for what is usual. */
const STACK_KEPT = 32n * 1024n;

/** The largest page of each architecture. */
const PAGE = { x86_64: 4096n, aarch64: 65536n }[Deno.build.arch];

/** Gives back what the main thread's stack once needed and does not need now; on another thread nothing is done. */
export function giveStackBack(): void {
  const text = readWhole("/proc/self/maps", LONGEST);
  if ("failure" in text) return;
  const stack = /^([0-9a-f]+)-([0-9a-f]+) .*\[stack\]$/m.exec(new TextDecoder().decode(text));
  if (stack === null) return;
  const [start, end] = [BigInt(`0x${stack[1]}`), BigInt(`0x${stack[2]}`)];
  const now = stackPointer();
  const unused = (now - STACK_KEPT) / PAGE * PAGE;
  if (now >= end || unused <= start) return;
  libc.madvise(Deno.UnsafePointer.create(start), unused - start, MADV_DONTNEED);
}

/** Where the calling thread's stack has grown to, downwards. */
function stackPointer(): bigint {
  const context = new Uint8Array(CONTEXT.size);
  libc.getcontext(context);
  return new DataView(context.buffer).getBigUint64(CONTEXT.stackPointer, true);
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
