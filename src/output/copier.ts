/** Copying lines into a form in WebAssembly, ten times as fast as JavaScript does it. */

import { COPY_LINES } from "./copy_lines.ts";
import { type Frame, LONGEST_LINE } from "./forms.ts";

/** A part of memory, and what copies lines within it. */
export interface Copier {
  readonly buffer: Uint8Array<ArrayBuffer>;
  /**
   * Copies lines that stand from `start` on to `at`, in a frame, until one begins at `limit` or behind it. Stops before
   * a line that does not fit the frame, is longer than {@linkcode LONGEST_LINE}, or does not end before `end`, where a
   * newline must stand. At `limit` there must be room for a line that is as long as all from `start` to `end`, for
   * {@linkcode LARGEST_FRAME}, and for 16 bytes more.
   *
   * Returns where that line begins, and where what was copied ends.
   */
  copy(start: number, end: number, at: number, limit: number, frame: Frame): readonly [number, number];
}

/** What a frame has at most, in bytes. One that is larger takes the long way. */
export const LARGEST_FRAME = 4096;

const PAGE = 65536;

/** Makes one with a buffer of so many bytes; `null` where there is no WebAssembly, as with V8's `--jitless`. */
export function makeCopier(size: number): Copier | null {
  try {
    return instantiate(size);
  } catch {
    return null; // it is only slower without
  }
}

function instantiate(size: number): Copier {
  const pages = Math.ceil((size + LARGEST_FRAME) / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const module = new WebAssembly.Module(Uint8Array.fromBase64(COPY_LINES));
  const { exports } = new WebAssembly.Instance(module, { denit: { memory } });
  const copyLines = exports["copyLines"] as (...words: readonly number[]) => number;
  const line = exports["line"] as WebAssembly.Global;
  const buffer = new Uint8Array(memory.buffer as ArrayBuffer);
  const place = buffer.subarray(size, size + LARGEST_FRAME);
  return {
    buffer: buffer.subarray(0, size),
    copy(start, end, at, limit, { head, tail, fits }): readonly [number, number] {
      if (head.length + tail.length > LARGEST_FRAME) return [start, at];
      place.set(head);
      place.set(tail, head.length);
      const plain = fits === "plain" ? -1 : 0;
      const words = [size, head.length, size + head.length, tail.length] as const;
      const out = copyLines(start, end, at, limit, LONGEST_LINE, plain, ...words);
      return [line.value, out];
    },
  };
}
