/** Writing to standard output and error without ever waiting for whoever reads them. */

import { FILE_STATUS, O_CLOEXEC, O_NOCTTY, O_NONBLOCK, O_WRONLY, POLLOUT, SYS } from "./abi.ts";
import { cString } from "./c_string.ts";
import { withoutOutputSignals } from "./disposition.ts";
import { hasFailedForNow, libc } from "./libc.ts";

/** Standard output or standard error. */
export type Descriptor = 1 | 2;

const RWF_NOWAIT = 8;
const SEEK_CUR = 1;
const ANY_POSITION = -1n;

/** A pipe that says it can be written takes at least this much at once (PIPE_BUF, pipe(7)). */
export const AT_ONCE = 4096;

/**
 * Writes what the descriptor takes now. Returns how many bytes that were, `"again"` if it takes none at the
 * moment, or `"failed"` if it never will (closed, its reader has gone, or the disk is full).
 *
 * Non-blocking for us alone: O_NONBLOCK would hold for every process that shares the descriptor. Kernels from 6.4 on
 * can do that for a single call on a pipe. For older ones, and for terminals, what it leads to is opened once more
 * by its name in /proc; where that cannot be done poll(2) is asked first. A file makes nobody wait for a reader, so
 * it is simply written.
 */
export function writeWithoutBlocking(
  descriptor: Descriptor,
  bytes: Uint8Array<ArrayBuffer>,
): number | "again" | "failed" {
  return withoutOutputSignals(() => writeSome(descriptor, bytes), (result) => result === "failed");
}

/** The one struct iovec that there is at a time: an address and a length. */
const iovec = new BigUint64Array(2);
const iovecBytes = new Uint8Array(iovec.buffer);

function writeSome(descriptor: Descriptor, bytes: Uint8Array<ArrayBuffer>): number | "again" | "failed" {
  if (isFile(descriptor)) return writeNow(descriptor, bytes, bytes.length);
  iovec[0] = addressOf(bytes);
  iovec[1] = BigInt(bytes.length);
  const written = Number(libc.pwritev2(descriptor, iovecBytes, 1, ANY_POSITION, RWF_NOWAIT));
  if (written >= 0) return written;
  if (hasFailedForNow()) return "again";
  const own = openAnew(descriptor);
  if (own >= 0) return writeNow(own, bytes, bytes.length);
  return canWrite(descriptor) ? writeNow(descriptor, bytes, AT_ONCE) : "again";
}

/** The buffer that was written from last, and its address: to ask for it costs as much as to write. */
let last = new ArrayBuffer(0);
let lastAddress = 0n;

function addressOf({ buffer, byteOffset }: Uint8Array<ArrayBuffer>): bigint {
  if (buffer !== last) {
    lastAddress = Deno.UnsafePointer.value(Deno.UnsafePointer.of(buffer));
    last = buffer;
  }
  return lastAddress + BigInt(byteOffset);
}

/** What {@linkcode isFile} has found: it stays so. */
const files = new Map<Descriptor, boolean>();

function isFile(descriptor: Descriptor): boolean {
  let known = files.get(descriptor);
  if (known === undefined) files.set(descriptor, known = libc.lseek(descriptor, 0n, SEEK_CUR) >= 0n);
  return known;
}

/** What {@linkcode openAnew} gave for each descriptor. */
const openedAnew = new Map<Descriptor, number>();

/** A descriptor of the same pipe or terminal on which no write blocks and that nobody shares; negative: there is none. */
function openAnew(descriptor: Descriptor): number {
  const known = openedAnew.get(descriptor);
  if (known !== undefined) return known;
  const path = cString(`/proc/self/fd/${descriptor}`);
  const own = libc.open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (own >= 0) openedAnew.set(descriptor, own); // if not, that may be for want of descriptors, and change
  return own;
}

function canWrite(descriptor: Descriptor): boolean {
  return waitToWrite([descriptor], 0) !== 0; // an error or a hang-up shows in the write
}

/** Whether standard output and standard error lead to the same pipe, terminal or file; fstat(2). */
export function isOneOutput(): boolean {
  const [output, error] = ([1, 2] as const).map(identify);
  return output !== undefined && output === error;
}

function identify(descriptor: Descriptor): string | undefined {
  const status = new Uint8Array(FILE_STATUS.size);
  if (libc.syscall(BigInt(SYS.fstat), descriptor, status, 0n) !== 0n) return undefined;
  return status.subarray(0, FILE_STATUS.identity).join(" ");
}

/** Waits until one of the descriptors can be written, for at most `limitMs`; returns how many can. */
export function waitToWrite(descriptors: readonly Descriptor[], limitMs: number): number {
  const requests = new Int32Array(descriptors.flatMap((descriptor) => [descriptor, POLLOUT])); // struct pollfd
  return libc.poll(new Uint8Array(requests.buffer), BigInt(descriptors.length), Math.ceil(limitMs));
}

function writeNow(
  descriptor: number,
  bytes: Uint8Array<ArrayBuffer>,
  atMost: number,
): number | "again" | "failed" {
  const written = Number(libc.write(descriptor, bytes, BigInt(Math.min(bytes.length, atMost))));
  if (written >= 0) return written;
  return hasFailedForNow() ? "again" : "failed";
}
