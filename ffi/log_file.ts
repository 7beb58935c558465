/** Files that are written at their end, and renamed when they are full. Nothing here waits for anybody but the disk. */

import { ELOOP, ENOENT, O_CLOEXEC, O_NONBLOCK, O_WRONLY, OPEN } from "./abi.ts";
import { cString } from "./c_string.ts";
import { withoutOutputSignals } from "./disposition.ts";
import { inSentence, lastReason } from "./error_words.ts";
import { errno, libc } from "./libc.ts";

const [O_CREAT, O_APPEND] = [0o100, 0o2000] as const;
const AT_FDCWD = -100;
const SEEK_END = 2;
const F_OK = 0;
const [ENXIO, EEXIST, ESPIPE] = [6, 17, 29] as const;
/** For the owner and, to read, its group: a log may hold what is nobody else's business. */
const FILE_MODE = 0o640;
const FOLDER_MODE = 0o755;

/** An open file, and how many bytes it holds. */
export interface LogFile {
  readonly descriptor: number;
  readonly size: number;
}

/** Why something could not be done, in words. */
export interface FileFailure {
  readonly failure: string;
}

/**
 * Opens a file to write at its end, and makes it if it is not there.
 *
 * No symbolic link is followed: a program that may write in the folder could lead denit to a file that it may not
 * touch itself. A named pipe is refused, since it may have nobody who reads it.
 */
export function openForAppend(path: string): LogFile | FileFailure {
  const flags = O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC | OPEN.noFollow;
  const descriptor = libc.openat(AT_FDCWD, cString(path), flags, FILE_MODE);
  if (descriptor < 0) return { failure: describe(errno()) };
  const size = Number(libc.lseek(descriptor, 0n, SEEK_END));
  if (size >= 0) return { descriptor, size };
  const failure = describe(errno());
  libc.close(descriptor);
  return { failure };
}

function describe(error: number): string {
  switch (error) {
    case ELOOP:
      return "it is a symbolic link, or its path leads through too many";
    case ENXIO:
    case ESPIPE:
      return "it is not a file";
    default:
      return inSentence(error);
  }
}

/**
 * Writes at the end of the file. Returns how many bytes were written; fewer than there are if the disk, or what the
 * file may hold, became full meanwhile, and then the next call tells why.
 */
export function append(descriptor: number, bytes: Uint8Array<ArrayBuffer>): number | FileFailure {
  return withoutOutputSignals(() => {
    for (let written = 0;;) {
      if (written === bytes.length) return written;
      const rest = bytes.subarray(written);
      const count = Number(libc.write(descriptor, rest, BigInt(rest.length)));
      if (count < 0) return written > 0 ? written : { failure: lastReason() };
      written += count;
    }
  }, (written) => written !== bytes.length);
}

/** Gives a file another name, in the place of whatever had it; returns why that failed, or `null`. */
export function renameFile(from: string, to: string): string | null {
  return libc.rename(cString(from), cString(to)) === 0 ? null : lastReason();
}

/** Removes a file, unless there is none; returns why that failed, or `null`. */
export function removeFile(path: string): string | null {
  if (libc.unlink(cString(path)) === 0) return null;
  const error = errno();
  return error === ENOENT ? null : inSentence(error);
}

/** Makes a folder, and those that it is to stand in, where they are missing; returns why that failed, or `null`. */
export function makeFolder(path: string): string | null {
  if (isFolder(path)) return null;
  const parent = path.replace(/\/*[^/]+\/*$/, "");
  const failure = parent === "" ? null : makeFolder(parent);
  if (failure !== null) return failure;
  if (libc.mkdir(cString(path), FOLDER_MODE) === 0) return null;
  const error = errno();
  if (error !== EEXIST) return inSentence(error);
  return isFolder(path) ? null : lastReason(); // why what is there is no folder to write in
}

/** Whether the path is certain to be no name of anything, a link that leads nowhere included. */
export function isMissing(path: string): boolean {
  const bytes = cString(path);
  return libc.rename(bytes, bytes) !== 0 && errno() === ENOENT; // what is there keeps its name
}

function isFolder(path: string): boolean {
  return libc.access(cString(`${path}/.`), F_OK) === 0;
}
