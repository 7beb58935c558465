/** A pipe in the place of a fixture's own standard error, so that the fixture is its reader. */

import { libc } from "../ffi/libc.ts";
import { makeNonblocking, makePipe, moveDescriptor } from "./ffi/posix.ts";

const STDERR = 2;

/** Makes a pipe whose writing end is standard error; returns the other end, from which a read never waits. */
export function putPipeAtStandardError(): number {
  const [read, write] = makePipe();
  makeNonblocking(read);
  moveDescriptor(write, STDERR);
  return read;
}

/** What can be read now, at most so many bytes. */
export function readNow(descriptor: number, length: number): string {
  const buffer = new Uint8Array(length);
  const count = Number(libc.read(descriptor, buffer, BigInt(length)));
  return new TextDecoder().decode(buffer.subarray(0, Math.max(0, count)));
}
