/** Pipes that a program writes to and denit reads: pipe(7). */

import { O_CLOEXEC, O_NONBLOCK } from "./abi.ts";
import { hasFailedForNow, libc } from "./libc.ts";

const F_SETFL = 4;
const [F_DUPFD_CLOEXEC, F_SETPIPE_SZ] = [1030, 1031] as const;

/** The two ends of a pipe. No program inherits them by themselves. */
export interface Pipe {
  /** Only ours, so it alone does not block: a program that writes waits while the pipe is full, as usual. */
  readonly read: number;
  readonly write: number;
}

/** Makes a pipe; `null` if the system has no descriptors left. */
export function makePipe(): Pipe | null {
  const ends = new Int32Array(2);
  if (libc.pipe2(new Uint8Array(ends.buffer), O_CLOEXEC) !== 0) return null;
  const [read, write] = ends as unknown as [number, number];
  libc.fcntl(read, F_SETFL, O_NONBLOCK);
  return { read, write };
}

/**
 * Has the kernel make room for so many descriptors at once, by one that is open; less where fewer may be.
 *
 * By itself it does so at 64, and at each double of that. And a process with threads waits each time, some milliseconds,
 * until no processor uses the old table any more: expand_fdtable() in the kernel's fs/file.c.
 */
export function makeRoomForDescriptors(count: number, open: number): void {
  const last = libc.fcntl(open, F_DUPFD_CLOEXEC, count - 1);
  if (last >= 0) libc.close(last);
}

/**
 * Reads what is there into the buffer, at most `atMost` bytes. Returns how many bytes that were, `"again"` if there is
 * nothing at the moment, `"end"` if nobody can write any more, or `"failed"`.
 */
export function readAvailable(
  descriptor: number,
  buffer: Uint8Array<ArrayBuffer>,
  atMost: number = buffer.length,
): number | "again" | "end" | "failed" {
  const count = Number(libc.read(descriptor, buffer, BigInt(atMost)));
  if (count > 0) return count;
  if (count === 0) return "end";
  return hasFailedForNow() ? "again" : "failed";
}

/**
 * Has a pipe hold so many bytes, and what it holds already. Where that may not be it stays as it is: who is not
 * privileged may have only so much in all, `pipe-user-pages-soft` of proc_sys_fs(5).
 */
export function resizePipe(descriptor: number, bytes: number): void {
  libc.fcntl(descriptor, F_SETPIPE_SZ, bytes);
}

/** Closes both ends of a pipe that nobody watches. */
export function closePipe({ read, write }: Pipe): void {
  closeDescriptor(read);
  closeDescriptor(write);
}

/** Closes a descriptor of any kind. Whoever watches it must have been told before; see ffi/poll.ts. */
export function closeDescriptor(descriptor: number): void {
  libc.close(descriptor);
}
