/** Where denit's own lines go: out as soon as somebody takes them, and never waited for. */

import { type Descriptor, writeWithoutBlocking } from "../ffi/output.ts";
import type { Level, Note } from "./core/model.ts";
import type { Voice } from "./voice.ts";

/** Takes notes and writes them in a voice. */
export interface Log {
  write(level: Level, note: Note): void;
  /** The descriptors that lines still wait for. */
  unwritten(): readonly Descriptor[];
  /** Writes what can be written now of the lines that wait. */
  drain(): void;
}

/** More than this waiting to be written, in bytes, and lines are dropped: nobody reads. */
const KEPT_AT_MOST = 64 * 1024;

const encoder = new TextEncoder();

/** Makes a log that speaks in the voice. */
export function makeLog(voice: Voice): Log {
  const writers = { stdout: makeWriter(1), stderr: makeWriter(2) };
  const all = Object.values(writers);
  let dropped = 0;

  function write(level: Level, note: Note): void {
    for (const { stream, text } of voice(level, note)) {
      if (!writers[stream].write(`${text}\n`)) dropped++;
    }
  }

  return {
    write,
    unwritten: () => all.filter((writer) => writer.waits()).map(({ descriptor }) => descriptor),
    drain(): void {
      for (const writer of all) writer.drain();
      if (dropped === 0 || all.some((writer) => writer.waits())) return;
      const message = `${dropped} lines of denit's own were dropped: nobody read them`;
      dropped = 0;
      write("warning", { type: "problem", message });
    },
  };
}

interface Writer {
  readonly descriptor: Descriptor;
  /** Takes a text to be written; returns whether there was room for it. */
  write(text: string): boolean;
  waits(): boolean;
  drain(): void;
}

function makeWriter(descriptor: Descriptor): Writer {
  let waiting: Uint8Array<ArrayBuffer>[] = [];
  let waitingBytes = 0;

  function drain(): void {
    while (waiting.length > 0) {
      const next = waiting[0]!;
      const written = writeWithoutBlocking(descriptor, next);
      if (written === "again") return;
      if (written === "failed") { // closed for good: there is nobody to tell
        waiting = [];
        waitingBytes = 0;
        return;
      }
      waitingBytes -= written;
      if (written < next.length) waiting[0] = next.subarray(written);
      else waiting.shift();
    }
  }

  return {
    descriptor,
    write(text): boolean {
      const bytes = encoder.encode(text);
      if (waiting.length > 0 && waitingBytes + bytes.length > KEPT_AT_MOST) return false;
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (waiting.length === 1) drain();
      return true;
    },
    waits: () => waiting.length > 0,
    drain,
  };
}
