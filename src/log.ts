/** Where denit's own lines go: out as soon as somebody takes them, and never waited for. */

import { type Descriptor, writeWithoutBlocking } from "../ffi/output.ts";
import type { Level, Note } from "./core/model.ts";
import type { Voice } from "./voice.ts";

/** Takes notes and writes them in a voice. */
export interface Log {
  write(level: Level, note: Note): void;
  /** Waits until everything is written, for at most `limitMs` milliseconds. */
  flush(limitMs: number): Promise<void>;
  /** Whether everything is written. */
  readonly idle: boolean;
}

/** More than this waiting to be written, in bytes, and lines are dropped: nobody reads. */
const KEPT_AT_MOST = 64 * 1024;
const RETRY_MS = 20;

const encoder = new TextEncoder();

/** Makes a log that speaks in the voice. */
export function makeLog(voice: Voice): Log {
  const stdout = makeWriter(1);
  const stderr = makeWriter(2);
  let dropped = 0;

  function write(level: Level, note: Note): void {
    for (const { stream, text } of voice(level, note)) {
      if (!(stream === "stdout" ? stdout : stderr).write(`${text}\n`)) dropped++;
    }
    if (dropped === 0 || !stdout.idle || !stderr.idle) return;
    const message = `${dropped} lines of denit's own were dropped: nobody read them`;
    dropped = 0;
    write("warning", { type: "problem", message });
  }

  return {
    write,
    async flush(limitMs): Promise<void> {
      const until = performance.now() + limitMs;
      while (!(stdout.idle && stderr.idle) && performance.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    },
    get idle(): boolean {
      return stdout.idle && stderr.idle;
    },
  };
}

interface Writer {
  /** Takes a text to be written; returns whether there was room for it. */
  write(text: string): boolean;
  readonly idle: boolean;
}

function makeWriter(descriptor: Descriptor): Writer {
  let waiting: Uint8Array<ArrayBuffer>[] = [];
  let waitingBytes = 0;

  function drain(): void {
    while (waiting.length > 0) {
      const next = waiting[0]!;
      const written = writeWithoutBlocking(descriptor, next);
      if (written === "again") return void setTimeout(drain, RETRY_MS);
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
    write(text): boolean {
      const bytes = encoder.encode(text);
      if (waitingBytes + bytes.length > KEPT_AT_MOST) return false;
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (waiting.length === 1) drain();
      return true;
    },
    get idle(): boolean {
      return waiting.length === 0;
    },
  };
}
