/** What the C compiler would know, as far as it can be seen from outside. */

import { DIRECTORY_ENTRY, LAST_SIGNAL, OPEN, RESOURCE, SIZE, SYS } from "../../ffi/abi.ts";
import { errno, libc } from "../../ffi/libc.ts";
import { deepEqual, equal, ok } from "../assert.ts";
import { fixture } from "../fixture.ts";
import { tempFolder } from "../temp_folder.ts";
import type { AbiFixture } from "./abi_fixture.ts";

const GUARD = 0xa5;

/** A buffer that is longer than what is written into it, full of a byte that nobody writes. */
function guarded(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(1024).fill(GUARD);
}

/** How many bytes of a guarded buffer were written, up to the last of them. */
function written(buffer: Uint8Array): number {
  return buffer.findLastIndex((byte) => byte !== GUARD) + 1;
}

Deno.test("sigset_t: glibc fills no more than the declared size", () => {
  const library = Deno.dlopen("libc.so.6", {
    sigemptyset: { parameters: ["buffer"], result: "i32" },
    sigaddset: { parameters: ["buffer", "i32"], result: "i32" },
  });
  const buffer = guarded();
  equal(library.symbols.sigemptyset(buffer), 0);
  equal(library.symbols.sigaddset(buffer, LAST_SIGNAL), 0);
  equal(library.symbols.sigaddset(buffer, LAST_SIGNAL + 1), -1);
  library.close();
  equal(new DataView(buffer.buffer).getBigUint64(0, true), 1n << 63n);
  ok(written(buffer) <= SIZE.signalSet);
});

Deno.test("struct sigaction: glibc writes no more than the declared size", () => {
  const buffer = guarded();
  libc.sigaction(10, null, buffer);
  const last = written(buffer);
  ok(last <= SIZE.signalAction && last > SIZE.signalAction - 8 - 8, `${last} bytes`); // the restorer is the last field
});

const abi = fixture<AbiFixture>(import.meta.resolve("./abi_fixture.ts"));

Deno.test("struct sigaction: handler, mask and flags are where the kernel finds them and shows them", async () => {
  const { result } = await abi.call("dispositions", []);
  deepEqual(result, {
    handler: "1", // SIG_IGN
    mask: String(0x1234),
    flags: 0x10000000, // SA_RESTART
    status: [10],
  });
});

Deno.test("siginfo_t: waitid tells signal, code, process and status where they are declared", async () => {
  const { result: { pid, info, size } } = await abi.call("waitInfo", []);
  const CLD_EXITED = 1;
  deepEqual(info, { signal: 17, code: CLD_EXITED, pid, status: 42 });
  ok(size <= SIZE.signalInfo);
});

Deno.test("struct linux_dirent64: lengths and names are where they are declared", async () => {
  await using folder = await tempFolder();
  for (const name of ["a", "bcd", "x".repeat(255)]) await folder.write(name, "");
  const descriptor = libc.open(new TextEncoder().encode(`${folder.path}\0`), 0);
  const buffer = guarded();
  const filled = Number(libc.syscall(BigInt(SYS.getdents64), descriptor, buffer, BigInt(buffer.length)));
  libc.close(descriptor);
  equal(written(buffer) <= filled, true);
  const view = new DataView(buffer.buffer);
  const names: string[] = [];
  let at = 0;
  while (at < filled) {
    const name = buffer.subarray(at + DIRECTORY_ENTRY.name, buffer.indexOf(0, at + DIRECTORY_ENTRY.name));
    names.push(new TextDecoder().decode(name));
    at += view.getUint16(at + DIRECTORY_ENTRY.length, true);
  }
  equal(at, filled);
  deepEqual(names.sort(), [".", "..", "a", "bcd", "x".repeat(255)]);
});

Deno.test("no signal has a higher number than the last", () => {
  const action = new Uint8Array(SIZE.signalAction);
  equal(libc.sigaction(LAST_SIGNAL, null, action), 0);
  equal(libc.sigaction(LAST_SIGNAL + 1, null, action), -1);
});

Deno.test("O_NOFOLLOW: the kernel does not follow a symbolic link, and refuses nothing else", async () => {
  await using folder = await tempFolder();
  await folder.write("file", "");
  await Deno.symlink("file", `${folder.path}/link`);
  const open = (name: string): number =>
    libc.open(new TextEncoder().encode(`${folder.path}/${name}\0`), OPEN.noFollow);
  const descriptor = open("file");
  libc.close(descriptor);
  ok(descriptor > 2);
  equal(open("link"), -1);
  equal(errno(), 40); // ELOOP
});

Deno.test("setrlimit: each resource has the number by which the kernel shows it", () => {
  const shown = {
    cpu: "Max cpu time",
    fsize: "Max file size",
    data: "Max data size",
    stack: "Max stack size",
    core: "Max core file size",
    rss: "Max resident set",
    nproc: "Max processes",
    nofile: "Max open files",
    memlock: "Max locked memory",
    as: "Max address space",
    locks: "Max file locks",
    sigpending: "Max pending signals",
    msgqueue: "Max msgqueue size",
    nice: "Max nice priority",
    rtprio: "Max realtime priority",
    rttime: "Max realtime timeout",
  } satisfies Record<keyof typeof RESOURCE, string>;
  const limits = Deno.readTextFileSync("/proc/self/limits").split("\n");
  for (const [name, number] of Object.entries(RESOURCE)) {
    equal(limits[number + 1]!.startsWith(shown[name as keyof typeof RESOURCE]), true, name);
  }
  equal(limits[Object.keys(RESOURCE).length + 1], ""); // there is no other
});
