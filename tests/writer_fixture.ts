import { libc } from "../ffi/libc.ts";
import { Writer } from "../src/writer.ts";
import { serve } from "./fixture.ts";
import { putPipeAtStandardError, readNow } from "./standard_error.ts";

const STDERR = 2;
const encoder = new TextEncoder();

const functions = {
  /** Bytes and lines in turn, far more than a pipe holds, while somebody reads slowly; what is read. */
  mixed(count: number): string {
    const reader = putPipeAtStandardError();
    const writer = new Writer(STDERR);
    writer.share(1024 * 1024);
    let text = "";
    for (let i = 0; i < count; i++) {
      writer.append(encoder.encode(`${`${i}`.padEnd(9_999, ".")}\n`));
      if (i % 2 === 0) writer.drain();
      if (!writer.writeLine(encoder.encode(`${i}\n`))) throw new Error("There was no room for a line");
      text += readNow(reader, 7_001);
    }
    while (writer.waiting > 0) {
      writer.drain();
      text += readNow(reader, 7_001);
    }
    for (let more; (more = readNow(reader, 100_000)) !== "";) text += more;
    return text;
  },

  /** How many bytes of lines are taken until there is no room for more, beside so many others. */
  room(shared: number, others: number): number {
    putPipeAtStandardError();
    const writer = new Writer(STDERR);
    while (writer.waiting === 0) writer.writeLine(new Uint8Array(1024));
    writer.share(shared);
    writer.append(new Uint8Array(others));
    const before = writer.waiting;
    while (writer.writeLine(new Uint8Array(1024)));
    return writer.waiting - before;
  },

  /** Whether it fails: at first, where the reader has gone, and where there is one again; and what waits each time. */
  failing(): [failing: boolean, waiting: number][] {
    const reader = putPipeAtStandardError();
    const writer = new Writer(STDERR);
    const states: [boolean, number][] = [];
    const write = (): void => {
      writer.append(encoder.encode("text\n"));
      writer.drain();
      states.push([writer.failing, writer.waiting]);
    };
    write();
    libc.close(reader);
    write();
    putPipeAtStandardError();
    write();
    return states;
  },
};

export type WriterFixture = typeof functions;
await serve(functions);
