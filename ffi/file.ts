/** Reading small files and folders through libc: Deno lets nobody read /proc without every permission. */

import { DIRECTORY_ENTRY, SYS } from "./abi.ts";
import { cString } from "./c_string.ts";
import { libc } from "./libc.ts";

const O_RDONLY = 0;
const O_CLOEXEC = 0o2000000;

/** The first bytes of a file, at most `length`; `null` if it cannot be read. */
export function readHead(path: string | Uint8Array, length: number): Uint8Array<ArrayBuffer> | null {
  const descriptor = libc.open(cString(path), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return null;
  const buffer = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = Number(libc.read(descriptor, buffer.subarray(filled), BigInt(length - filled)));
    if (count <= 0) break;
    filled += count;
  }
  libc.close(descriptor);
  return buffer.subarray(0, filled);
}

/** The names in a folder, getdents64(2); `null` if it cannot be read. */
export function readFolder(path: string): string[] | null {
  const descriptor = libc.open(cString(path), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return null;
  const buffer = new Uint8Array(32 * 1024);
  const view = new DataView(buffer.buffer);
  const decoder = new TextDecoder();
  const names: string[] = [];
  for (;;) {
    const filled = Number(libc.syscall(BigInt(SYS.getdents64), descriptor, buffer, BigInt(buffer.length)));
    if (filled <= 0) break;
    for (let at = 0; at < filled; at += view.getUint16(at + DIRECTORY_ENTRY.length, true)) {
      const start = at + DIRECTORY_ENTRY.name;
      names.push(decoder.decode(buffer.subarray(start, buffer.indexOf(0, start))));
    }
  }
  libc.close(descriptor);
  return names;
}
