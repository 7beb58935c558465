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
 * Gives back the pages that only the start needed. Where /proc does not tell which nothing is done.
 *
 * What is mapped of files, and as it is in them, goes out of this process: most of the runtime's code and constants.
 * What is needed after all comes back, out of the page cache as a rule; what was ever changed in memory stays, since it
 * could not be had again. And the main thread's stack goes, below where it is now.
 */
export function givePagesBack(): void {
  const bytes = readWhole("/proc/self/smaps", LONGEST);
  if ("failure" in bytes) return;
  const smaps = new TextDecoder().decode(bytes);
  for (const { address, length } of [...unchangedMappings(smaps), ...unusedStack(smaps)]) {
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

/** What of the main thread's stack lies below its use; nothing on another thread, whose stack is not the one there. */
function* unusedStack(smaps: string): Generator<Mapping> {
  const [, low, high] = /^([0-9a-f]+)-([0-9a-f]+) .*\[stack\]$/m.exec(smaps) ?? [];
  const [start, end] = [BigInt(`0x${low ?? 0}`), BigInt(`0x${high ?? 0}`)];
  const now = stackPointer();
  const unused = (now - STACK_KEPT) / PAGE * PAGE;
  if (now < end && unused > start) yield { address: start, length: unused - start };
}

/** Where the calling thread's stack has grown to, downwards. */
function stackPointer(): bigint {
  const context = new Uint8Array(CONTEXT.size);
  libc.getcontext(context);
  return new DataView(context.buffer).getBigUint64(CONTEXT.stackPointer, true);
}

/** A part of the address space. */
interface Mapping {
  readonly address: bigint;
  readonly length: bigint;
}

/** The mappings of files, not to be written, of which no page was changed, and that have pages in memory; proc(5). */
function* unchangedMappings(smaps: string): Generator<Mapping> {
  const MAPPING = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ [1-9]\d* .*\n((?:[A-Z]\w*:.*\n)*)/gm;
  for (const [, start, end, values] of smaps.matchAll(MAPPING)) {
    const kilobytes = (name: string): number =>
      Number(new RegExp(`^${name}: *(\\d+) kB$`, "m").exec(values!)?.[1] ?? NaN);
    if (kilobytes("Anonymous") !== 0 || !(kilobytes("Rss") >= LEAST_KB)) continue;
    const address = BigInt(`0x${start}`);
    yield { address, length: BigInt(`0x${end}`) - address };
  }
}
