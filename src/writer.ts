/** What waits to be written to standard output and error, so that no line is cut into by another. */

import { type Descriptor, isOneOutput, writeWithoutBlocking } from "../ffi/output.ts";

/**
 * The one writer of each descriptor, for whoever has something to write there; the same one where both lead to the same
 * pipe or terminal.
 */
export interface Writers {
  readonly stdout: Writer;
  readonly stderr: Writer;
}

export function makeWriters(): Writers {
  const stdout = new Writer(1);
  return { stdout, stderr: isOneOutput() ? stdout : new Writer(2) };
}

/** With more than this waiting, in bytes, lines of denit's own are dropped: nobody reads. */
const KEPT_AT_MOST = 64 * 1024;

/** Bytes on their way to a descriptor: out as soon as somebody takes them, and never waited for. */
export class Writer {
  readonly descriptor: Descriptor;
  #buffer = new Uint8Array(0);
  #start = 0;
  #end = 0;
  #keptAtMost = KEPT_AT_MOST;
  #failing = false;
  #written = 0;

  constructor(descriptor: Descriptor) {
    this.descriptor = descriptor;
  }

  /** How many bytes wait to be written. */
  get waiting(): number {
    return this.#end - this.#start;
  }

  /** How many bytes have been taken so far. */
  get written(): number {
    return this.#written;
  }

  /** Whether the last write has failed: closed, its reader has gone, or the disk is full. What waited is then lost. */
  get failing(): boolean {
    return this.#failing;
  }

  /** Has so many bytes more wait before lines of denit's own are dropped: somebody else writes here, too. */
  share(bytes: number): void {
    this.#keptAtMost += bytes;
  }

  /** Takes a line of denit's own and writes it if it can; returns whether there was room for it. */
  writeLine(line: Uint8Array<ArrayBuffer>): boolean {
    const { waiting } = this;
    if (waiting > 0 && waiting + line.length > this.#keptAtMost) return false;
    this.append(line);
    if (waiting === 0) this.drain();
    return true;
  }

  /** Takes bytes behind those that wait; if none do it writes at once what it can, and copies the rest alone. */
  write(bytes: Uint8Array<ArrayBuffer>): void {
    const written = this.waiting > 0 ? "again" : this.#writeNow(bytes);
    if (written === "again") this.append(bytes);
    else if (written !== "failed" && written < bytes.length) this.append(bytes.subarray(written));
  }

  /** Takes bytes behind those that wait. */
  append(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#end + bytes.length > this.#buffer.length) this.#makeRoom(bytes.length);
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Writes what can be written now. */
  drain(): void {
    while (this.#start < this.#end) {
      const written = this.#writeNow(this.#buffer.subarray(this.#start, this.#end));
      if (written === "again") return;
      this.#start = written === "failed" ? this.#end : this.#start + written;
    }
    this.#start = this.#end = 0;
  }

  #writeNow(bytes: Uint8Array<ArrayBuffer>): number | "again" | "failed" {
    const written = writeWithoutBlocking(this.descriptor, bytes);
    if (written !== "again") this.#failing = written === "failed";
    if (typeof written === "number") this.#written += written;
    return written;
  }

  #makeRoom(length: number): void {
    const waiting = this.#buffer.subarray(this.#start, this.#end);
    const needed = waiting.length + length;
    if (needed > this.#buffer.length) this.#buffer = new Uint8Array(2 * needed);
    this.#buffer.set(waiting);
    this.#start = 0;
    this.#end = waiting.length;
  }
}
