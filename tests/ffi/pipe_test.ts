import {
  closeDescriptor,
  makePipe,
  makeRoomForDescriptors,
  type Pipe,
  readAvailable,
} from "../../ffi/pipe.ts";
import { libc } from "../../ffi/libc.ts";
import { deepEqual, equal, ok } from "../assert.ts";
import { isInherited, isNonblocking, readLimit, setLimit } from "./posix.ts";

function withPipe(use: (pipe: Pipe) => void): void {
  const pipe = makePipe()!;
  try {
    use(pipe);
  } finally {
    closeDescriptor(pipe.read);
    closeDescriptor(pipe.write);
  }
}

function write(descriptor: number, text: string): void {
  const bytes = new TextEncoder().encode(text);
  equal(libc.write(descriptor, bytes, BigInt(bytes.length)), BigInt(bytes.length));
}

Deno.test("no program inherits an end, and only ours does not block", () => {
  withPipe(({ read, write }) => {
    deepEqual([isInherited(read), isInherited(write)], [false, false]);
    deepEqual([isNonblocking(read), isNonblocking(write)], [true, false]);
  });
});

Deno.test("makes room for descriptors, and opens none", () => {
  withPipe(({ read }) => {
    const numbers = (): string[] => [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => name).sort();
    const before = numbers();
    makeRoomForDescriptors(1000, read);
    deepEqual(numbers(), before);
    const [, size] = /^FDSize:\s(\d+)$/m.exec(Deno.readTextFileSync("/proc/self/status"))!;
    ok(Number(size) >= 1000, size); // at first 64
    makeRoomForDescriptors(2 ** 31 - 1, read); // more than may be
    deepEqual(numbers(), before);
  });
});

Deno.test("reads what is there: again and again until nobody can write any more", () => {
  const { read, write: end } = makePipe()!;
  const buffer = new Uint8Array(4);
  equal(readAvailable(read, buffer), "again");
  write(end, "hello");
  equal(readAvailable(read, buffer), 4);
  equal(new TextDecoder().decode(buffer), "hell");
  equal(readAvailable(read, buffer), 1);
  equal(readAvailable(read, buffer), "again");
  write(end, "!");
  closeDescriptor(end);
  equal(readAvailable(read, buffer), 1);
  equal(readAvailable(read, buffer), "end");
  closeDescriptor(read);
  equal(isInherited(read), null);
  equal(readAvailable(read, buffer), "failed");
});

Deno.test("there is no pipe where there are no descriptors", () => {
  const NOFILE = 7;
  const [soft, hard] = readLimit(NOFILE);
  setLimit(NOFILE, 3n, hard);
  const pipe = makePipe();
  setLimit(NOFILE, soft, hard);
  equal(pipe, null);
});
