import { libc } from "../../ffi/libc.ts";
import { type Descriptor, isOneOutput, waitToWrite, writeWithoutBlocking } from "../../ffi/output.ts";
import { catchSignals } from "../../ffi/signal_handler.ts";
import { serve } from "../fixture.ts";
import { isNonblocking, makeNonblocking, makePipe, makeTerminal, moveDescriptor } from "./posix.ts";

const STDERR = 2;

type Written = number | "again" | "failed";

const functions = {
  /** Writes to a file, a chunk at a time, until all is written; the results. */
  file(path: string, bytes: number): Written[] {
    const O_WRONLY_APPEND = 0o2001;
    moveDescriptor(libc.open(new TextEncoder().encode(`${path}\0`), O_WRONLY_APPEND), STDERR);
    const results: Written[] = [];
    let rest = new Uint8Array(bytes).map((_, i) => i % 251);
    while (rest.length > 0) {
      const written = writeWithoutBlocking(STDERR, rest);
      results.push(written);
      if (typeof written !== "number") break;
      rest = rest.subarray(written);
    }
    return results;
  },

  /** Writes to a terminal that nobody looks at until it takes no more; then how much is seen, and the flags. */
  fullTerminal(): { taken: number; again: Written; seen: number; more: Written; nonblocking: boolean } {
    const [screen, terminal] = makeTerminal();
    moveDescriptor(terminal, STDERR);
    const chunk = new Uint8Array(3000).fill(0x78);
    let taken = 0;
    let result: Written;
    while (typeof (result = writeWithoutBlocking(STDERR, chunk)) === "number") taken += result;
    makeNonblocking(screen);
    let seen = 0;
    const buffer = new Uint8Array(4096);
    for (let count; (count = Number(libc.read(screen, buffer, 4096n))) > 0;) seen += count;
    waitToWrite([STDERR], 10_000);
    const more = writeWithoutBlocking(STDERR, chunk.subarray(0, 100));
    return { taken, again: result, seen, more, nonblocking: isNonblocking(STDERR) };
  },

  /** Writes to a pipe until it takes no more, reads some, writes again; and then what came, and the flags. */
  fullPipe(): {
    taken: number;
    again: Written;
    more: Written;
    came: boolean;
    nonblocking: boolean;
    ms: number;
  } {
    const [read, write] = makePipe();
    moveDescriptor(write, STDERR);
    const chunk = new Uint8Array(1000).map((_, i) => i % 251);
    const before = performance.now();
    let taken = 0;
    let result: Written;
    while (typeof (result = writeWithoutBlocking(STDERR, chunk.subarray(taken % 1000))) === "number") {
      taken += result;
    }
    const ms = performance.now() - before;
    const buffer = new Uint8Array(1024 * 1024);
    const count = Number(libc.read(read, buffer, BigInt(buffer.length)));
    const came = count === taken && buffer.subarray(0, count).every((byte, i) => byte === i % 1000 % 251);
    const more = writeWithoutBlocking(STDERR, chunk);
    return {
      taken,
      again: result,
      more,
      came,
      nonblocking: isNonblocking(STDERR),
      ms,
    };
  },

  /** Writes to a pipe whose reader has gone; which signals are heard of that. */
  noReader(): { results: Written[]; heard: number[] } {
    const SIGPIPE = 13;
    const caught = catchSignals([SIGPIPE])!;
    const [read, write] = makePipe();
    moveDescriptor(write, STDERR);
    libc.close(read);
    const results = [1, 2].map(() => writeWithoutBlocking(STDERR, new Uint8Array(10)));
    return { results, heard: caught.take() };
  },

  /** Writes where standard error is closed. */
  closed(): Written {
    libc.close(STDERR);
    return writeWithoutBlocking(STDERR, new Uint8Array(10));
  },

  isOne: isOneOutput,

  /** Writes text as it is. */
  write: (descriptor: Descriptor, text: string): Written =>
    writeWithoutBlocking(descriptor, new TextEncoder().encode(text)),

  /** How many of some descriptors can be written: with room, when full, when read again, and without a reader. */
  waits(): { counts: number[]; fullMs: number } {
    const [read, write] = makePipe();
    moveDescriptor(write, STDERR);
    const counts = [waitToWrite([STDERR], 10_000), waitToWrite([1, STDERR], 10_000)];
    while (writeWithoutBlocking(STDERR, new Uint8Array(4096)) !== "again");
    const before = performance.now();
    counts.push(waitToWrite([STDERR], 50));
    const fullMs = performance.now() - before;
    libc.read(read, new Uint8Array(100_000), 100_000n);
    counts.push(waitToWrite([STDERR], 10_000));
    libc.close(read);
    counts.push(waitToWrite([STDERR], 10_000));
    return { counts, fullMs };
  },
};

export type OutputFixture = typeof functions;
await serve(functions);
