/** The environment that denit was given. Read through libc, so that it needs no permission but FFI. */

import { cString, place, type PlacedString } from "./c_string.ts";
import { readHead } from "./file.ts";
import { environment, libc } from "./libc.ts";

/**
 * The value of an environment variable, or `undefined` where it is not set; getenv(3).
 *
 * What is not UTF-8 comes back with U+FFFD in its place. No variable has a name with a NUL or `=` in it.
 */
export function readVariable(name: string): string | undefined {
  if (name.includes("\0") || name.includes("=")) return undefined;
  const value = libc.getenv(cString(name));
  return value === null ? undefined : Deno.UnsafePointerView.getCString(value);
}

/** The same as bytes, also where they are no UTF-8; `null` where it is not set. */
export function readVariableBytes(name: string): Uint8Array<ArrayBuffer> | null {
  const value = libc.getenv(cString(name));
  return value === null ? null : bytesAt(value);
}

/** A copy of the string that stands there. */
function bytesAt(pointer: Deno.PointerObject): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, Number(libc.strlen(pointer)))).slice();
}

const EQUALS = 0x3d;
const POINTER_BYTES = 8;

/** A variable as programs are given it: `NAME=value`. */
export interface Variable {
  readonly name: string;
  readonly entry: PlacedString;
}

/** The variables that denit was given, also those that are not UTF-8, in their order. */
export function ownVariables(): Variable[] {
  const pointer = environment();
  const variables: Variable[] = [];
  if (pointer === null) return variables;
  const table = new Deno.UnsafePointerView(pointer);
  for (let entry; (entry = table.getPointer(variables.length * POINTER_BYTES)) !== null;) {
    const bytes = bytesAt(entry);
    const name = new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(EQUALS)));
    variables.push({ name, entry: place(bytes) });
  }
  return variables;
}

/**
 * The variables with these changes: those that stay do so in their order, what is new comes behind them; a variable
 * whose value is `null` is left out.
 */
export function withChanges(
  variables: readonly Variable[],
  changes: Readonly<Record<string, string | null>>,
): Variable[] {
  const changed = variables.filter(({ name }) => !Object.hasOwn(changes, name));
  for (const [name, value] of Object.entries(changes)) {
    if (value !== null) changed.push({ name, entry: place(`${name}=${value}`) });
  }
  return changed;
}

/** The value of the first variable of that name, as bytes; `null` where there is none. */
export function valueOf(variables: readonly Variable[], name: string): Uint8Array | null {
  const found = variables.find((variable) => variable.name === name);
  if (found === undefined) return null;
  const { bytes } = found.entry;
  return bytes.subarray(bytes.indexOf(EQUALS) + 1, -1);
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
  const start = new TextEncoder().encode(`${name}=`);
  for (const string of stringsIn(block)) {
    if (start.every((byte, i) => string[i] === byte)) return string.subarray(start.length);
  }
  return null;
}

function* stringsIn(block: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < block.length;) {
    const end = block.indexOf(0, at);
    const string = block.subarray(at, end < 0 ? block.length : end);
    yield string;
    at += string.length + 1;
  }
}
