/** Writing to standard output and error without ever waiting for whoever reads them. */

import { withoutOutputSignals } from "./disposition.ts";
import { errno, libc } from "./libc.ts";

/** Standard output or standard error. */
export type Descriptor = 1 | 2;

const RWF_NOWAIT = 8;
const POLLOUT = 4;
const SEEK_CUR = 1;
const ANY_POSITION = -1n;
const [EINTR, EAGAIN] = [4, 11] as const;

/** A pipe that says it can be written takes at least this much at once (PIPE_BUF, pipe(7)). */
const AT_ONCE = 4096;

/**
 * Writes what the descriptor takes now. Returns how many bytes that were, `"again"` if it takes none at the
 * moment, or `"failed"` if it never will (closed, or its reader has gone).
 *
 * Non-blocking for this call alone: O_NONBLOCK would hold for every process that shares the descriptor. Kernels
 * from 6.4 on can do that for pipes; where they cannot (older ones, terminals) poll(2) is asked first. A file
 * makes nobody wait for a reader, so it is simply written.
 */
export function writeWithoutBlocking(
  descriptor: Descriptor,
  bytes: Uint8Array<ArrayBuffer>,
): number | "again" | "failed" {
  return withoutOutputSignals(() => writeSome(descriptor, bytes));
}

function writeSome(descriptor: Descriptor, bytes: Uint8Array<ArrayBuffer>): number | "again" | "failed" {
  if (libc.lseek(descriptor, 0n, SEEK_CUR) >= 0n) return writeNow(descriptor, bytes);
  const iovec = new BigUint64Array([
    Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)),
    BigInt(Math.min(bytes.length, AT_ONCE)),
  ]);
  const written = Number(
    libc.pwritev2(descriptor, new Uint8Array(iovec.buffer), 1, ANY_POSITION, RWF_NOWAIT),
  );
  if (written >= 0) return written;
  const error = errno();
  if (error === EAGAIN || error === EINTR) return "again";
  return canWrite(descriptor) ? writeNow(descriptor, bytes) : "again";
}

function canWrite(descriptor: Descriptor): boolean {
  return waitToWrite([descriptor], 0) !== 0; // an error or a hang-up shows in the write
}

/** Waits until one of the descriptors can be written, for at most `limitMs`; returns how many can. */
export function waitToWrite(descriptors: readonly Descriptor[], limitMs: number): number {
  const requests = new Int32Array(descriptors.flatMap((descriptor) => [descriptor, POLLOUT])); // struct pollfd
  return libc.poll(new Uint8Array(requests.buffer), BigInt(descriptors.length), Math.ceil(limitMs));
}

function writeNow(descriptor: Descriptor, bytes: Uint8Array<ArrayBuffer>): number | "again" | "failed" {
  const written = Number(libc.write(descriptor, bytes, BigInt(Math.min(bytes.length, AT_ONCE))));
  if (written >= 0) return written;
  const error = errno();
  return error === EAGAIN || error === EINTR ? "again" : "failed";
}
