/** The environment that denit was given. Read through libc, so that it needs no permission but FFI. */

import { cString } from "./c_string.ts";
import { readHead } from "./file.ts";
import { environment, libc } from "./libc.ts";

/**
 * The value of an environment variable, or `undefined` where it is not set; getenv(3).
 *
 * What is not UTF-8 comes back with U+FFFD in its place.
 */
export function readVariable(name: string): string | undefined {
  const value = libc.getenv(cString(name));
  return value === null ? undefined : Deno.UnsafePointerView.getCString(value);
}

const EQUALS = 0x3d;
const POINTER_BYTES = 8;

/**
 * The entries `NAME=value` of the environment with these changes: what was given stays in its order, also what is
 * not UTF-8, and what is new comes behind it; a variable whose value is `null` is left out.
 */
export function environmentWith(changes: Readonly<Record<string, string | null>>): Uint8Array[] {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  const kept = ownEntries().filter((entry) =>
    !Object.hasOwn(changes, decoder.decode(entry.subarray(0, entry.indexOf(EQUALS))))
  );
  const added = Object.entries(changes).filter(([, value]) => value !== null);
  return [...kept, ...added.map(([name, value]) => encoder.encode(`${name}=${value}`))];
}

function ownEntries(): Uint8Array[] {
  const pointer = environment();
  const entries: Uint8Array[] = [];
  if (pointer === null) return entries;
  const table = new Deno.UnsafePointerView(pointer);
  for (let entry; (entry = table.getPointer(entries.length * POINTER_BYTES)) !== null;) {
    const length = Number(libc.strlen(entry));
    entries.push(new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(entry, length)).slice());
  }
  return entries;
}

/** The value of a variable among entries `NAME=value`; `null` where it is not set. */
export function valueIn(entries: readonly Uint8Array[], name: string): Uint8Array | null {
  const start = new TextEncoder().encode(`${name}=`);
  const entry = entries.find((entry) => start.every((byte, i) => entry[i] === byte));
  return entry === undefined ? null : entry.subarray(start.length);
}

/** What `deno run` sets, and the folder that it puts in front of PATH, where it finds no `node`. */
const SHIM = { variable: "DENO_NODE_SHIM_ACTIVE", folder: "/node_compat_bin" } as const;

/**
 * Takes back what the runtime changed in the environment before our first line, so that `environ` is again what
 * denit was given, in the order it was given.
 *
 * Where there is no `node` in PATH `deno run` puts a stand-in there. What was given still stands in
 * /proc/self/environ, proc(5); without /proc the stand-in's folder is cut off from PATH.
 */
export function restoreEnvironment(): void {
  if (readVariable(SHIM.variable) === undefined) return;
  const LONGEST = 8 * 1024 * 1024; // more than the kernel passes on by default, execve(2)
  const given = readHead("/proc/self/environ", LONGEST);
  if (given !== null && findVariable(given, SHIM.variable) !== null) return; // the caller's own
  libc.unsetenv(cString(SHIM.variable));
  const path = given === null ? pathWithoutShim() : findVariable(given, "PATH");
  if (path === null) libc.unsetenv(cString("PATH"));
  else libc.setenv(cString("PATH"), cString(path), 1);
}

function pathWithoutShim(): string | null {
  const [first, ...rest] = (readVariable("PATH") ?? "").split(":");
  const folders = first!.endsWith(SHIM.folder) ? rest : [first, ...rest];
  return folders.length === 0 ? null : folders.join(":");
}

/** The first value of a variable in a block of `NAME=value` strings that each end in NUL. */
export function findVariable(block: Uint8Array, name: string): Uint8Array | null {
  return valueIn([...stringsIn(block)], name);
}

function* stringsIn(block: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < block.length;) {
    const end = block.indexOf(0, at);
    const string = block.subarray(at, end < 0 ? block.length : end);
    yield string;
    at += string.length + 1;
  }
}
