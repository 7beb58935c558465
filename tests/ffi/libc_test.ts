/** Each symbol against the real kernel: that it is there, and that what it takes and returns is declared right. */

import { CONTEXT } from "../../ffi/abi.ts";
import { environment, errno, invokedName, libc, OFTEN } from "../../ffi/libc.ts";
import { deepEqual, equal, match, ok } from "../assert.ts";
import { testOnKernel } from "../emulated.ts";
import { isInherited, makeNonblocking, makePipe } from "./posix.ts";
import { tempFolder } from "../temp_folder.ts";

const encoder = new TextEncoder();
const [ENOENT, EBADF, EAGAIN, ESPIPE, EINVAL] = [2, 9, 11, 29, 22] as const;
const [O_RDWR, O_CLOEXEC] = [2, 0o2000000] as const;
const ANY_POSITION = -1n;

/** What stands for a symbol that a fixture's test uses, since it changes the process or its children. */
const ELSEWHERE = (file: string) => (): void => ok(Deno.statSync(new URL(file, import.meta.url)).isFile);

/** A test for each symbol: one that is declared and not listed here does not compile. */
const TESTS: Record<keyof typeof libc, () => void | Promise<void>> = {
  async access() {
    await using folder = await tempFolder();
    const path = c(await folder.write("file", "", 0o644));
    equal(libc.access(path, 0), 0);
    equal(libc.access(path, 4), 0);
    equal(libc.access(path, 1), -1); // not executable, for root neither
    equal(libc.access(c(`${folder.path}/missing`), 0), -1);
  },
  capget() {
    const data = new Uint32Array(6).fill(0xffffffff);
    equal(libc.capget(new Uint8Array(new Uint32Array([0x20080522, 0]).buffer), bytesOf(data)), 0);
    equal(data[0], Number(BigInt(`0x${statusLine("CapEff")}`) & 0xffffffffn));
    equal(data[4], Number(BigInt(`0x${statusLine("CapPrm")}`) >> 32n));
    equal(libc.capget(new Uint8Array(new Uint32Array([0x20080522, 2 ** 30]).buffer), bytesOf(data)), -1);
  },
  capset: ELSEWHERE("credentials_fixture.ts"),
  chdir: ELSEWHERE("process_fixture.ts"),
  close() {
    const [read, write] = makePipe();
    equal(libc.close(read), 0);
    equal(libc.close(write), 0);
    equal(libc.close(1_000_000), -1);
  },
  connect: ELSEWHERE("socket_test.ts"),
  __errno_location() {
    libc.close(1_000_000);
    equal(errno(), EBADF);
    libc.access(c("/no/such/file"), 0);
    equal(errno(), ENOENT);
  },
  _exit: ELSEWHERE("process_fixture.ts"),
  eventfd() {
    const EFD_NONBLOCK = 0o4000;
    const descriptor = libc.eventfd(3, EFD_NONBLOCK | O_CLOEXEC);
    const counter = new BigUint64Array(1);
    const bytes = new Uint8Array(counter.buffer);
    try {
      equal(isInherited(descriptor), false);
      counter[0] = 4n;
      equal(libc.write(descriptor, bytes, 8n), 8n);
      equal(libc.read(descriptor, bytes, 8n), 8n);
      equal(counter[0], 7n);
      equal(libc.read(descriptor, bytes, 8n), -1n);
    } finally {
      libc.close(descriptor);
    }
    equal(libc.eventfd(0, 1 << 30), -1);
  },
  execvp: ELSEWHERE("exec_fixture.ts"),
  async fchown() {
    const EPERM = 1;
    await using folder = await tempFolder();
    const descriptor = libc.open(c(await folder.write("file", "")), O_RDWR | O_CLOEXEC);
    const { uid, gid } = await Deno.stat(folder.path);
    equal(libc.fchown(descriptor, uid!, gid!), 0);
    if (uid === 0) {
      equal(libc.fchown(descriptor, 1234, 0xffffffff), 0);
      equal((await Deno.stat(`${folder.path}/file`)).uid, 1234);
    } else equal([libc.fchown(descriptor, 0, 0), errno()].join(), `-1,${EPERM}`);
    libc.close(descriptor);
    equal(libc.fchown(descriptor, uid!, gid!), -1);
  },
  fcntl() {
    const [F_GETFD, FD_CLOEXEC] = [1, 1];
    withPipe((read) => equal(libc.fcntl(read, F_GETFD, 0), FD_CLOEXEC));
    equal(libc.fcntl(1_000_000, F_GETFD, 0), -1);
  },
  getcontext() {
    const context = new Uint8Array(CONTEXT.size).fill(0xff);
    equal(libc.getcontext(context), 0);
    const stackPointer = new DataView(context.buffer).getBigUint64(CONTEXT.stackPointer, true);
    match(permissionsOf(stackPointer), /^rw-p$/);
  },
  getcwd() {
    const path = new Uint8Array(4096);
    ok(libc.getcwd(path, 4096n) !== null);
    equal(new TextDecoder().decode(path.subarray(0, path.indexOf(0))), Deno.cwd());
    equal(libc.getcwd(path, 1n), null);
  },
  getegid() {
    equal(String(libc.getegid()), statusLine("Gid").split("\t")[1]);
  },
  geteuid() {
    equal(String(libc.geteuid()), statusLine("Uid").split("\t")[1]);
  },
  getgroups() {
    const groups = new Uint32Array(libc.getgroups(0, null));
    equal(libc.getgroups(groups.length, bytesOf(groups)), groups.length);
    equal([...groups].join(" "), statusLine("Groups").trim());
  },
  getpeername: ELSEWHERE("socket_test.ts"),
  getsid() {
    equal(libc.getsid(0), statField(6));
    equal(libc.getsid(2 ** 22 + 1), -1);
  },
  getenv() {
    const value = libc.getenv(c("PATH"));
    equal(value === null ? null : Deno.UnsafePointerView.getCString(value), Deno.env.get("PATH") ?? null);
    equal(libc.getenv(c("DENIT_NO_SUCH_VARIABLE")), null);
  },
  getpgrp() {
    equal(libc.getpgrp(), statField(5));
  },
  getppid() {
    equal(libc.getppid(), Deno.ppid);
  },
  getsockname: ELSEWHERE("socket_test.ts"),
  getsockopt: ELSEWHERE("socket_test.ts"),
  inet_pton() {
    const [AF_INET, AF_INET6] = [2, 10];
    const address = new Uint8Array(16);
    equal(libc.inet_pton(AF_INET, c("1.2.3.255"), address), 1);
    deepEqual([...address.subarray(0, 5)], [1, 2, 3, 255, 0]);
    equal(libc.inet_pton(AF_INET6, c("1::fe"), address), 1);
    deepEqual([...address], [0, 1, ...Array(13).fill(0), 0xfe]);
    equal(libc.inet_pton(AF_INET, c("1.2.3"), address), 0);
    equal(libc.inet_pton(99, c("1.2.3.4"), address), -1);
  },
  ioctl: ELSEWHERE("terminal_fixture.ts"),
  isatty() {
    const terminal = libc.open(c("/dev/ptmx"), O_RDWR | O_CLOEXEC);
    equal(libc.isatty(terminal), 1);
    libc.close(terminal);
    withPipe((read) => equal(libc.isatty(read), 0));
  },
  kill() {
    equal(libc.kill(Deno.pid, 0), 0);
    equal(libc.kill(2 ** 22 + 1, 0), -1); // more than any process id, proc(5)
  },
  async lseek() {
    await using folder = await tempFolder();
    const descriptor = libc.open(c(await folder.write("file", "0123456789")), O_RDWR);
    try {
      equal(libc.lseek(descriptor, 4n, 0), 4n);
      equal(libc.lseek(descriptor, 2n, 1), 6n);
      equal(libc.lseek(descriptor, 2n ** 33n, 0), 2n ** 33n);
    } finally {
      libc.close(descriptor);
    }
    withPipe((read) => {
      failsWith(ESPIPE, () => libc.lseek(read, 0n, 1));
    });
  },
  async mkdir() {
    await using folder = await tempFolder();
    equal(libc.mkdir(c(`${folder.path}/new`), 0o700), 0);
    equal((await Deno.stat(`${folder.path}/new`)).mode! & 0o7777, 0o700);
    equal(libc.mkdir(c(`${folder.path}/new`), 0o700), -1);
  },
  mallopt() {
    const [M_TRIM_THRESHOLD, NOTHING_LIKE_THAT] = [-1, 1000];
    equal(libc.mallopt(M_TRIM_THRESHOLD, 128 * 1024), 1);
    ok([0, 1].includes(libc.mallopt(NOTHING_LIKE_THAT, 0))); // glibc takes it, and does nothing
  },
  malloc_trim() {
    const [NOTHING, SOMETHING] = [0, 1]; // that was given back
    ok([NOTHING, SOMETHING].includes(libc.malloc_trim(0n)));
  },
  madvise() {
    const [MADV_DONTNEED, page] = [4, map()];
    const view = new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(page, 4096));
    view[0] = 7;
    equal(libc.madvise(page, 4096n, MADV_DONTNEED), 0);
    equal(view[0], 0); // what it is when it is had again
    failsWith(EINVAL, () => libc.madvise(Deno.UnsafePointer.create(1n), 4096n, MADV_DONTNEED));
  },
  mmap() {
    const page = map();
    const bytes = new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(page, 4096));
    equal(bytes.findIndex((byte) => byte !== 0), -1);
    bytes[4095] = 7;
    equal(new Deno.UnsafePointerView(page).getUint8(4095), 7);
    equal(Deno.UnsafePointer.value(libc.mmap(null, 0n, 1, 0x22, -1, 0n)), 2n ** 64n - 1n); // MAP_FAILED
  },
  mprotect() {
    const page = map();
    equal(libc.mprotect(page, 4096n, 1 | 4), 0);
    match(permissionsOf(Deno.UnsafePointer.value(page)), /^r-xp$/);
    failsWith(EINVAL, () => libc.mprotect(Deno.UnsafePointer.create(1n), 4096n, 1));
  },
  munmap() {
    const page = map();
    equal(libc.munmap(page, 4096n), 0);
    equal(permissionsOf(BigInt(Deno.UnsafePointer.value(page))), "not mapped");
    equal(libc.munmap(page, 0n), -1);
  },
  nanosleep() {
    const before = performance.now();
    equal(libc.nanosleep(bytesOf(new BigUint64Array([0n, 20_000_000n])), null), 0);
    ok(performance.now() - before >= 20);
    failsWith(EINVAL, () => libc.nanosleep(bytesOf(new BigUint64Array([0n, 1_000_000_000n])), null));
  },
  async open() {
    await using folder = await tempFolder();
    const descriptor = libc.open(c(await folder.write("file", "")), O_CLOEXEC);
    ok(descriptor > 2);
    equal(isInherited(descriptor), false);
    libc.close(descriptor);
    equal(libc.open(c(`${folder.path}/missing`), O_CLOEXEC), -1);
  },
  async openat() {
    const [AT_FDCWD, O_CREAT, O_EXCL] = [-100, 0o100, 0o200];
    await using folder = await tempFolder();
    const open = (): number =>
      libc.openat(AT_FDCWD, c(`${folder.path}/new`), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600);
    const descriptor = open();
    ok(descriptor > 2);
    libc.close(descriptor);
    equal((await Deno.stat(`${folder.path}/new`)).mode! & 0o7777, 0o600);
    equal(open(), -1);
  },
  pipe2() {
    const ends = new Int32Array(2);
    equal(libc.pipe2(bytesOf(ends), O_CLOEXEC), 0);
    equal(isInherited(ends[0]!), false);
    equal(libc.write(ends[1]!, encoder.encode("x"), 1n), 1n);
    equal(libc.read(ends[0]!, new Uint8Array(8), 8n), 1n);
    ends.forEach((end) => libc.close(end));
    equal(libc.pipe2(bytesOf(ends), 1), -1);
  },
  poll() {
    const [POLLIN, POLLOUT, POLLNVAL] = [1, 4, 32];
    const request = new Int16Array(4); // struct pollfd { int fd; short events, revents; }
    const ask = (descriptor: number, events: number): [number, number] => {
      new Int32Array(request.buffer)[0] = descriptor;
      request[2] = events;
      return [libc.poll(new Uint8Array(request.buffer), 1n, 0), request[3]!];
    };
    withPipe((read, write) => {
      deepEqual(ask(read, POLLIN), [0, 0]);
      deepEqual(ask(write, POLLOUT), [1, POLLOUT]);
      libc.write(write, encoder.encode("x"), 1n);
      deepEqual(ask(read, POLLIN), [1, POLLIN]);
    });
    deepEqual(ask(1_000_000, POLLIN), [1, POLLNVAL]);
  },
  prctl() {
    const [PR_GET_CHILD_SUBREAPER, PR_SET_PDEATHSIG] = [37, 1];
    const answer = new Uint8Array(4).fill(0xff);
    const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(answer));
    equal(libc.prctl(PR_GET_CHILD_SUBREAPER, address, 0n, 0n, 0n), 0);
    deepEqual([...answer], [0, 0, 0, 0]); // the test runner is none
    failsWith(EINVAL, () => libc.prctl(PR_SET_PDEATHSIG, 65n, 0n, 0n, 0n));
  },
  pthread_sigmask() {
    const [SIG_BLOCK, NO_SUCH_HOW] = [0, 99];
    const set = new Uint8Array(128);
    equal(libc.pthread_sigmask(SIG_BLOCK, null, set), 0);
    equal(libc.pthread_sigmask(NO_SUCH_HOW, set, null), EINVAL);
  },
  async pwritev2() {
    await using folder = await tempFolder();
    const path = await folder.write("file", "");
    const descriptor = libc.open(c(path), O_RDWR);
    const parts = ["two ", "parts"].map((part) => encoder.encode(part));
    const vector = new BigUint64Array(
      parts.flatMap((part) => [Deno.UnsafePointer.value(Deno.UnsafePointer.of(part)), BigInt(part.length)]),
    );
    try {
      equal(libc.pwritev2(descriptor, new Uint8Array(vector.buffer), 2, ANY_POSITION, 0), 9n);
      equal(libc.pwritev2(descriptor, new Uint8Array(vector.buffer), 1, 2n ** 32n, 0), 4n);
    } finally {
      libc.close(descriptor);
    }
    equal((await Deno.stat(path)).size, 2 ** 32 + 4);
    equal(libc.pwritev2(1_000_000, new Uint8Array(vector.buffer), 1, ANY_POSITION, 0), -1n);
  },
  read() {
    withPipe((read, write) => {
      libc.write(write, encoder.encode("hello"), 5n);
      const buffer = new Uint8Array(8);
      equal(libc.read(read, buffer, 3n), 3n);
      equal(libc.read(read, buffer.subarray(3), 5n), 2n);
      equal(new TextDecoder().decode(buffer), "hello\0\0\0");
    });
    equal(libc.read(1_000_000, new Uint8Array(1), 1n), -1n);
  },
  async rename() {
    await using folder = await tempFolder();
    const [from, to] = [await folder.write("a", "content"), `${folder.path}/b`];
    equal(libc.rename(c(from), c(to)), 0);
    equal(await Deno.readTextFile(to), "content");
    equal(libc.rename(c(from), c(to)), -1);
  },
  send: ELSEWHERE("socket_test.ts"),
  setenv() {
    equal(libc.setenv(c("DENIT_TEST_VARIABLE"), c("1"), 1), 0);
    equal(libc.setenv(c("DENIT_TEST_VARIABLE"), c("2"), 0), 0);
    equal(Deno.env.get("DENIT_TEST_VARIABLE"), "1");
    equal(libc.setenv(c("DENIT_TEST_VARIABLE"), c("2"), 1), 0);
    equal(Deno.env.get("DENIT_TEST_VARIABLE"), "2");
    Deno.env.delete("DENIT_TEST_VARIABLE");
    equal(libc.setenv(c(""), c("1"), 1), -1);
  },
  setfsgid: ELSEWHERE("credentials_fixture.ts"),
  setfsuid: ELSEWHERE("credentials_fixture.ts"),
  sigaction() {
    const [SIGKILL, SIGURG] = [9, 23];
    equal(libc.sigaction(SIGURG, null, new Uint8Array(152)), 0);
    failsWith(EINVAL, () => libc.sigaction(SIGKILL, new Uint8Array(152), null));
  },
  sigtimedwait() {
    const EAGAIN = 11;
    const nobody = new Uint8Array(128);
    failsWith(EAGAIN, () => libc.sigtimedwait(nobody, null, new Uint8Array(16)));
  },
  socket: ELSEWHERE("socket_test.ts"),
  strerror() {
    equal(Deno.UnsafePointerView.getCString(libc.strerror(ENOENT)!), "No such file or directory");
  },
  strlen() {
    const text = c("h\u00e9llo");
    equal(libc.strlen(Deno.UnsafePointer.of(text)), 6n);
  },
  syscall() {
    const GETPID = { x86_64: 39n, aarch64: 172n }[Deno.build.arch];
    equal(libc.syscall(GETPID, 0, null, 0n), BigInt(Deno.pid));
  },
  tcgetpgrp: ELSEWHERE("terminal_fixture.ts"),
  tcsetpgrp: ELSEWHERE("terminal_fixture.ts"),
  timerfd_create: ELSEWHERE("wall_clock_test.ts"),
  timerfd_settime: ELSEWHERE("wall_clock_test.ts"),
  async unlink() {
    await using folder = await tempFolder();
    const path = c(await folder.write("a", ""));
    deepEqual([libc.unlink(path), libc.unlink(path)], [0, -1]);
    equal(errno(), ENOENT);
  },
  unsetenv() {
    Deno.env.set("DENIT_TEST_VARIABLE", "1");
    equal(libc.unsetenv(c("DENIT_TEST_VARIABLE")), 0);
    equal(Deno.env.get("DENIT_TEST_VARIABLE"), undefined);
    equal(libc.unsetenv(c("A=B")), -1);
  },
  waitid: ELSEWHERE("wait_fixture.ts"),
  waitpid: ELSEWHERE("wait_fixture.ts"),
  write() {
    withPipe((read, write) => {
      equal(libc.write(write, encoder.encode("hello"), 4n), 4n);
      equal(libc.read(read, new Uint8Array(8), 8n), 4n);
      makeNonblocking(write);
      while (libc.write(write, new Uint8Array(65536), 65536n) > 0n);
      equal(errno(), EAGAIN);
    });
  },
};

for (const [name, test] of Object.entries(TESTS)) {
  const register = name === "prctl"
    ? (name: string, body: typeof test) => testOnKernel(name, "it knows no subreaper", body)
    : Deno.test;
  register(name, test);
  if (test.name === ELSEWHERE("").name) continue;
  register(`${name}, when it is called so often that it has a trampoline`, async () => {
    for (let i = 0; i <= OFTEN; i++) await test();
  });
}

Deno.test("every symbol that is declared is there, and is looked up once", () => {
  for (const name of Object.keys(TESTS) as (keyof typeof libc)[]) {
    equal(typeof libc[name], "function");
    equal(libc[name], libc[name]);
  }
  deepEqual(Object.getOwnPropertyNames(libc).sort(), Object.keys(TESTS).sort());
});

Deno.test("knows the name that the program was started under", () => {
  equal(invokedName(), Deno.readTextFileSync("/proc/self/cmdline").split("\0")[0]!.split("/").at(-1));
});

Deno.test("environ is the environment", () => {
  Deno.env.set("DENIT_TEST_VARIABLE", "x=y");
  const entries: string[] = [];
  const table = new Deno.UnsafePointerView(environment()!);
  for (let i = 0;; i++) {
    const entry = table.getPointer(i * 8);
    if (entry === null) break;
    entries.push(Deno.UnsafePointerView.getCString(entry));
  }
  Deno.env.delete("DENIT_TEST_VARIABLE");
  ok(entries.includes("DENIT_TEST_VARIABLE=x=y"));
});

/** With which error a call fails, that can be repeated: the runtime may have written another between, for its own. */
function failsWith(error: number, call: () => number | bigint): void {
  const MOST_OFTEN = 10;
  const seen: number[] = [];
  while (seen.at(-1) !== error && seen.length < MOST_OFTEN) {
    equal(Number(call()), -1);
    seen.push(errno());
  }
  equal(seen.at(-1), error);
}

function c(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${text}\0`);
}

function bytesOf(
  words: Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(words.buffer);
}

/** What stands behind a name in our own `/proc/self/status`. */
function statusLine(name: string): string {
  return new RegExp(`^${name}:\t(.*)$`, "m").exec(Deno.readTextFileSync("/proc/self/status"))![1]!;
}

function withPipe(use: (read: number, write: number) => void): void {
  const [read, write] = makePipe();
  try {
    use(read, write);
  } finally {
    libc.close(read);
    libc.close(write);
  }
}

/** A page that can be read and written. */
function map(): Deno.PointerObject {
  const page = libc.mmap(null, 4096n, 1 | 2, 0x22, -1, 0n);
  ok(page !== null);
  return page;
}

/** A field of our own `/proc/self/stat`, counted as in proc(5). */
function statField(number: number): number {
  const stat = Deno.readTextFileSync("/proc/thread-self/stat");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[number - 3]);
}

/** How the memory at an address may be used. */
function permissionsOf(address: bigint): string {
  for (
    const [, start, end, permissions] of Deno.readTextFileSync("/proc/self/maps").matchAll(
      /^(\w+)-(\w+) (\S+)/gm,
    )
  ) {
    if (BigInt(`0x${start}`) <= address && address < BigInt(`0x${end}`)) return permissions!;
  }
  return "not mapped";
}
