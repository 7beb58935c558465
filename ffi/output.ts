/** Writing to standard error without ever waiting for whoever reads it. */

import { errno, libc } from "./libc.ts";

const STDERR = 2;
const RWF_NOWAIT = 8;
const POLLOUT = 4;
const SEEK_CUR = 1;
const ANY_POSITION = -1n;
const [EINTR, EAGAIN] = [4, 11] as const;

/** A pipe or terminal that says it can be written takes at least this much at once (PIPE_BUF, pipe(7)). */
const AT_ONCE = 4096;

/**
 * Writes what standard error takes now. Returns how many bytes that were, `"again"` if it takes none at the
 * moment, or `"failed"` if it never will (closed, or its reader has gone).
 *
 * Non-blocking for this call alone: O_NONBLOCK would hold for every process that shares the descriptor. Kernels
 * from 6.4 on can do that for pipes; where they cannot (older ones, terminals) poll(2) is asked first. A file
 * makes nobody wait for a reader, so it is simply written.
 */
export function writeWithoutBlocking(bytes: Uint8Array<ArrayBuffer>): number | "again" | "failed" {
  if (libc.lseek(STDERR, 0n, SEEK_CUR) >= 0n) return writeNow(bytes);
  const iovec = new BigUint64Array([
    Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)),
    BigInt(Math.min(bytes.length, AT_ONCE)),
  ]);
  const written = Number(
    libc.pwritev2(STDERR, new Uint8Array(iovec.buffer), 1, ANY_POSITION, RWF_NOWAIT),
  );
  if (written >= 0) return written;
  const error = errno();
  if (error === EAGAIN || error === EINTR) return "again";
  return canWrite() ? writeNow(bytes) : "again";
}

function canWrite(): boolean {
  const request = new Int32Array([STDERR, POLLOUT]); // struct pollfd { int fd; short events, revents; }
  return libc.poll(new Uint8Array(request.buffer), 1n, 0) !== 0; // an error or a hang-up shows in the write
}

function writeNow(bytes: Uint8Array<ArrayBuffer>): number | "again" | "failed" {
  const written = Number(libc.write(STDERR, bytes, BigInt(Math.min(bytes.length, AT_ONCE))));
  if (written >= 0) return written;
  const error = errno();
  return error === EAGAIN || error === EINTR ? "again" : "failed";
}
