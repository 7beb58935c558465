/** denit's own lines, on standard error. Standard output is the programs' alone. */

import { writeWithoutBlocking } from "../ffi/output.ts";
import type { Level } from "./core/model.ts";

export type LogFormat = "text" | "json";

/** Takes lines; they are written as soon as standard error takes them, without ever waiting for it. */
export interface Log {
  write(level: Level, message: string): void;
  /** Waits until everything is written, for at most `limitMs` milliseconds. */
  flush(limitMs: number): Promise<void>;
  /** Whether everything is written. */
  readonly idle: boolean;
}

const RANK: Readonly<Record<Level, number>> = { error: 0, warning: 1, info: 2 };

/** More than this waiting to be written, in bytes, and lines are dropped: nobody reads. */
const KEPT_AT_MOST = 64 * 1024;
const RETRY_MS = 20;

const encoder = new TextEncoder();

/** One line for people or machines. Control characters are escaped: a line stays one, and moves no cursor. */
export function formatLine(level: Level, message: string, format: LogFormat, time: Date): string {
  if (format === "json") return JSON.stringify({ time: time.toISOString(), level, source: "denit", message });
  const escaped = message.replace(
    /\p{Cc}/gu,
    (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return `denit: ${level}: ${escaped}`;
}

/** Makes a log that shows what is at least as grave as `level`. */
export function makeLog(level: Level, format: LogFormat): Log {
  let waiting: Uint8Array<ArrayBuffer>[] = [];
  let waitingBytes = 0;
  let dropped = 0;

  function drain(): void {
    while (waiting.length > 0) {
      const next = waiting[0]!;
      const written = writeWithoutBlocking(next);
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
    if (dropped > 0) {
      const count = dropped;
      dropped = 0;
      write("warning", `${count} lines of denit's own were dropped: nobody read standard error`);
    }
  }

  function write(lineLevel: Level, message: string): void {
    if (RANK[lineLevel] > RANK[level]) return;
    const line = encoder.encode(`${formatLine(lineLevel, message, format, new Date())}\n`);
    if (waiting.length > 0 && waitingBytes + line.length > KEPT_AT_MOST) {
      dropped++;
      return;
    }
    waiting.push(line);
    waitingBytes += line.length;
    if (waiting.length === 1) drain();
  }

  return {
    write,
    async flush(limitMs): Promise<void> {
      const until = performance.now() + limitMs;
      while (waiting.length > 0 && performance.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    },
    get idle(): boolean {
      return waiting.length === 0;
    },
  };
}
