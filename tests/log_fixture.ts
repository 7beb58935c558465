import { libc } from "../ffi/libc.ts";
import type { Descriptor } from "../ffi/output.ts";
import type { Note } from "../src/core/model.ts";
import { describe } from "../src/core/words.ts";
import { type Log, makeLog } from "../src/log.ts";
import type { Voice } from "../src/voice.ts";
import { serve } from "./fixture.ts";
import { putPipeAtStandardError, readNow } from "./standard_error.ts";

const note = (message: string): Note => ({ type: "problem", message });

/** Says everything as it is, on standard error. */
const PLAIN: Voice = (_level, note) => [{ stream: "stderr", text: describe(note) }];

const functions = {
  /** Writes a note in a voice that makes two lines of it, or none. */
  streams(): readonly Descriptor[] {
    const log = makeLog((level, note) =>
      level === "info" ? [] : [{ stream: "stdout", text: level }, { stream: "stderr", text: describe(note) }]
    );
    log.write("info", note("not of interest"));
    log.write("error", note("of interest"));
    return log.unwritten();
  },

  write: (message: string): void => makeLog(PLAIN).write("error", note(message)),

  /** Writes lines of 100 bytes that nobody reads; then reads until all are written; then writes another. */
  unread(count: number): { before: readonly Descriptor[]; after: readonly Descriptor[]; lines: string[] } {
    const reader = putPipeAtStandardError();
    const log = makeLog(PLAIN);
    for (let i = 0; i < count; i++) log.write("info", note(`${i}`.padEnd(99, ".")));
    const before = log.unwritten();
    let text = "";
    while (log.unwritten().length > 0) {
      text += readAll(reader);
      log.drain();
    }
    log.write("info", note("the last"));
    log.drain();
    text += readAll(reader);
    return { before, after: log.unwritten(), lines: text.trimEnd().split("\n") };
  },

  /** Writes lines that nobody reads, reads a little, writes as many again, and then reads all. */
  trickle(count: number): string[] {
    const reader = putPipeAtStandardError();
    const log = makeLog(PLAIN);
    for (let i = 0; i < count; i++) log.write("info", note("x".repeat(99)));
    let text = readAll(reader, 8192);
    log.drain();
    for (let i = 0; i < count; i++) log.write("info", note("x".repeat(99)));
    while (log.unwritten().length > 0) {
      text += readAll(reader);
      log.drain();
    }
    return (text + readAll(reader)).trimEnd().split("\n");
  },

  /** Drains a log for which nobody reads: it does not wait, and what is unwritten stays so. */
  drainUnread(): readonly Descriptor[] {
    putPipeAtStandardError();
    const log = fullLog();
    for (let i = 0; i < 100; i++) log.drain();
    return log.unwritten();
  },

  /** Writes where the reader has gone, more than is kept. */
  readerGone(): readonly Descriptor[] {
    const reader = putPipeAtStandardError();
    const log = fullLog();
    libc.close(reader);
    log.drain();
    for (let i = 0; i < 1000; i++) log.write("info", note("x".repeat(1000)));
    log.drain();
    return log.unwritten();
  },
};

/** A log that waits for its reader. */
function fullLog(): Log {
  const log = makeLog(PLAIN);
  while (log.unwritten().length === 0) log.write("info", note("x".repeat(1000)));
  return log;
}

function readAll(descriptor: number, length = 1024 * 1024): string {
  return readNow(descriptor, length);
}

export type LogFixture = typeof functions;
await serve(functions);
