/** Waiting for many descriptors at once. */

import { closeDescriptor, makePipe, type Pipe } from "../../ffi/pipe.ts";
import { libc } from "../../ffi/libc.ts";
import { PollSet } from "../../ffi/poll.ts";
import { deepEqual, fail, ok } from "../assert.ts";

const LONG_MS = 10_000;

/** Does something with pipes, which are closed afterwards. */
function withPipes(count: number, action: (pipes: readonly Pipe[]) => void): void {
  const pipes = Array.from({ length: count }, () => makePipe() ?? fail("no descriptors are left"));
  try {
    action(pipes);
  } finally {
    for (const { read, write } of pipes) {
      closeDescriptor(read);
      closeDescriptor(write);
    }
  }
}

function write(descriptor: number): void {
  libc.write(descriptor, new Uint8Array(1), 1n);
}

Deno.test("calls whoever watches what is ready, and nobody else", () =>
  withPipes(3, (pipes) => {
    const set = new PollSet();
    const called: number[] = [];
    for (const [i, { read }] of pipes.entries()) set.watch(read, "read", () => called.push(i));
    write(pipes[2]!.write);
    write(pipes[0]!.write);
    set.wait(LONG_MS);
    deepEqual(called, [0, 2]);
  }));

Deno.test("with nothing ready it returns when the time is over, and calls nobody", () =>
  withPipes(1, ([pipe]) => {
    const set = new PollSet();
    set.watch(pipe!.read, "read", () => fail("nothing was written"));
    const before = performance.now();
    set.wait(20);
    ok(performance.now() - before >= 19);
    new PollSet().wait(0);
  }));

Deno.test("tells what can be written, and that the other end is closed", () =>
  withPipes(1, ([pipe]) => {
    const set = new PollSet();
    const called: string[] = [];
    set.watch(pipe!.write, "write", () => called.push("can be written"));
    const broken = makePipe() ?? fail("no descriptors are left");
    closeDescriptor(broken.write);
    set.watch(broken.read, "read", () => called.push("is at its end"));
    set.wait(LONG_MS);
    closeDescriptor(broken.read);
    deepEqual(called, ["can be written", "is at its end"]);
  }));

Deno.test("a later watch of a descriptor takes the place of the earlier one", () =>
  withPipes(1, ([pipe]) => {
    const set = new PollSet();
    set.watch(pipe!.read, "read", () => fail("this one is no longer watched for"));
    let called = 0;
    set.watch(pipe!.read, "read", () => called++);
    write(pipe!.write);
    set.wait(LONG_MS);
    set.wait(LONG_MS); // it is still ready
    deepEqual(called, 2);
  }));

Deno.test("whom a call before it has taken out of the set, or watched anew, is not called", () =>
  withPipes(3, ([one, two, three]) => {
    const set = new PollSet();
    const called: string[] = [];
    set.watch(one!.read, "read", () => {
      called.push("first");
      set.unwatch(two!.read);
      set.watch(three!.read, "read", () => called.push("third, anew"));
    });
    set.watch(two!.read, "read", () => called.push("second"));
    set.watch(three!.read, "read", () => called.push("third"));
    for (const { write: descriptor } of [one!, two!, three!]) write(descriptor);
    set.wait(LONG_MS);
    deepEqual(called, ["first"]);
    set.unwatch(one!.read);
    set.wait(LONG_MS);
    deepEqual(called, ["first", "third, anew"]);
  }));
