/** The environment that denit was given. Read through libc, so that it needs no permission but FFI. */

import { cString } from "./c_string.ts";
import { readHead } from "./file.ts";
import { libc } from "./libc.ts";

/**
 * The value of an environment variable, or `undefined` where it is not set; getenv(3).
 *
 * What is not UTF-8 comes back with U+FFFD in its place.
 */
export function readVariable(name: string): string | undefined {
  const value = libc.getenv(cString(name));
  return value === null ? undefined : Deno.UnsafePointerView.getCString(value);
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
function findVariable(block: Uint8Array, name: string): Uint8Array | null {
  const start = new TextEncoder().encode(`${name}=`);
  for (let at = 0; at < block.length;) {
    const end = block.indexOf(0, at);
    const entry = block.subarray(at, end < 0 ? block.length : end);
    if (start.every((byte, i) => entry[i] === byte)) return entry.subarray(start.length);
    at += entry.length + 1;
  }
  return null;
}
