/** Memory that stays where it is, and code in it: mmap(2), mprotect(2). */

import { libc } from "./libc.ts";

const [PROT_READ, PROT_WRITE, PROT_EXEC] = [1, 2, 4] as const;
const MAP_ANONYMOUS = 0x20;
const MAP_FAILED = 0xffffffffffffffffn;

/** Of {@linkcode mapMemory}: whether a process that is forked has a copy of it, or the same. */
const SHARING = { private: 0x02, shared: 0x01 } as const;

/** The largest page of either architecture. */
export const PAGE = 65536;

/** Memory, and where it is. */
export interface Mapped {
  readonly pointer: Deno.PointerObject;
  readonly address: bigint;
  readonly memory: ArrayBuffer;
}

/** So many pages of zeros; `null` if the system gives none. */
export function mapMemory(pages: number, sharing: keyof typeof SHARING): Mapped | null {
  const size = pages * PAGE;
  const flags = SHARING[sharing] | MAP_ANONYMOUS;
  const pointer = libc.mmap(null, BigInt(size), PROT_READ | PROT_WRITE, flags, -1, 0n);
  const address = Deno.UnsafePointer.value(pointer);
  if (pointer === null || address === MAP_FAILED) return null;
  return { pointer, address, memory: Deno.UnsafePointerView.getArrayBuffer(pointer, size) };
}

/** Has the first page hold code, which may be executed and no longer written; returns whether the system allows that. */
export function makeExecutable({ pointer }: Mapped): boolean {
  return libc.mprotect(pointer, BigInt(PAGE), PROT_READ | PROT_EXEC) === 0;
}

/** Words of an instruction each, as bytes. */
export function instructions(...words: readonly number[]): number[] {
  return [...new Uint8Array(new Uint32Array(words).buffer)];
}
