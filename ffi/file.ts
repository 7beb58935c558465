/** Reading small files and folders through libc: Deno lets nobody read /proc without every permission. */

import { DIRECTORY_ENTRY, EAGAIN, ENOENT, O_CLOEXEC, O_NONBLOCK, POLLIN, SYS } from "./abi.ts";
import { cString } from "./c_string.ts";
import { inSentence, lastReason } from "./error_words.ts";
import { errno, libc } from "./libc.ts";

const O_RDONLY = 0;

/** In bytes. */
const FIRST_BUFFER = 16 * 1024;

/** The first bytes of a file, at most `length`; `null` if it cannot be read. */
export function readHead(path: string | Uint8Array, length: number): Uint8Array<ArrayBuffer> | null {
  const descriptor = libc.open(cString(path), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return null;
  let buffer = new Uint8Array(Math.min(length, FIRST_BUFFER)); // large ones would stay in the heap of malloc(3)
  let filled = 0;
  while (filled < length) {
    if (filled === buffer.length) buffer = grown(buffer, length);
    const rest = buffer.subarray(filled);
    const count = Number(libc.read(descriptor, rest, BigInt(rest.length)));
    if (count <= 0) break;
    filled += count;
  }
  libc.close(descriptor);
  return buffer.subarray(0, filled);
}

/** How long a pipe may take to give all of it, in milliseconds: nobody may make PID 1 wait for ever. */
const PATIENCE_MS = 1000;

/** Why a file cannot be read, in words, and whether that is because there is none. */
export interface Unreadable {
  readonly failure: string;
  readonly missing: boolean;
}

/** All bytes of a file, at most `limit`; or why it cannot be read. */
export function readWhole(
  path: string,
  limit: number,
): Uint8Array<ArrayBuffer> | Unreadable {
  if (path.includes("\0")) return { failure: "there is a NUL in its path", missing: false };
  const descriptor = libc.open(cString(path), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) {
    const error = errno();
    return { failure: inSentence(error), missing: error === ENOENT };
  }
  try {
    return readAll(descriptor, limit, PATIENCE_MS);
  } finally {
    libc.close(descriptor);
  }
}

/** What may end a wait: asked each time that the descriptor can be read, which it is to take back. */
export interface Interruption {
  readonly descriptor: number;
  readonly isDue: () => boolean;
}

/** All bytes that a descriptor which does not block gives to its end, at most `limit`; or why not, in words. */
export function readAll(
  descriptor: number,
  limit: number,
  patienceMs: number,
  interruption: Interruption | null = null,
): Uint8Array<ArrayBuffer> | Unreadable {
  let buffer = new Uint8Array(Math.min(limit + 1, FIRST_BUFFER));
  const untilMs = performance.now() + patienceMs;
  for (let filled = 0; filled <= limit;) {
    if (filled === buffer.length) buffer = grown(buffer, limit + 1);
    const rest = buffer.subarray(filled);
    const count = Number(libc.read(descriptor, rest, BigInt(rest.length)));
    if (count === 0) return buffer.subarray(0, filled);
    if (count > 0) filled += count;
    else if (errno() !== EAGAIN) return { missing: false, failure: lastReason() };
    else if (!isReadableSoon(descriptor, untilMs, interruption)) {
      return { missing: false, failure: `its end had not come after ${patienceMs} ms` };
    }
  }
  return { missing: false, failure: `it is larger than ${limit} bytes` };
}

function grown(buffer: Uint8Array<ArrayBuffer>, most: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(4 * buffer.length, most));
  larger.set(buffer);
  return larger;
}

/** Waits for the descriptor, or an interruption; a signal that is handled meanwhile only interrupts poll(2). */
function isReadableSoon(descriptor: number, untilMs: number, interruption: Interruption | null): boolean {
  const second = interruption === null ? [] : [interruption.descriptor, POLLIN];
  const requests = new Int32Array([descriptor, POLLIN, ...second]); // struct pollfd
  const bytes = new Uint8Array(requests.buffer);
  for (let leftMs; (leftMs = untilMs - performance.now()) > 0;) {
    const ready = libc.poll(bytes, BigInt(requests.length / 2), Math.ceil(leftMs));
    if (ready > 0 && requests[1]! >> 16 !== 0) return true; // the events that came
    if (ready > 0 && interruption!.isDue()) return false;
  }
  return false;
}

/** The names in a folder, getdents64(2); `null` if it cannot be read. */
export function readFolder(path: string): string[] | null {
  const descriptor = libc.open(cString(path), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return null;
  const buffer = new Uint8Array(32 * 1024);
  const view = new DataView(buffer.buffer);
  const decoder = new TextDecoder();
  const names: string[] = [];
  for (;;) {
    const filled = Number(libc.syscall(BigInt(SYS.getdents64), descriptor, buffer, BigInt(buffer.length)));
    if (filled <= 0) break;
    for (let at = 0; at < filled; at += view.getUint16(at + DIRECTORY_ENTRY.length, true)) {
      const start = at + DIRECTORY_ENTRY.name;
      names.push(decoder.decode(buffer.subarray(start, buffer.indexOf(0, start))));
    }
  }
  libc.close(descriptor);
  return names;
}
