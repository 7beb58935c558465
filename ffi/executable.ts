/** Which file a command is, and in words why it could not be executed; execvp(3). */

import { EACCES, EAGAIN, ELOOP, ENOENT, ENOEXEC, ENOMEM, ENOTDIR, EPERM } from "./abi.ts";
import { cString } from "./c_string.ts";
import { readVariableBytes } from "./environment.ts";
import { inSentence, strerror } from "./error_words.ts";
import { readHead } from "./file.ts";
import { libc } from "./libc.ts";

/** Why a program could not be started. */
export interface SpawnFailure {
  /**
   * `"not found"`: nothing has that name. `"bad path"`: its path, or that of its working directory, leads nowhere.
   * `"no interpreter"`: what it names on its `#!` line, or as its loader, is missing. `"not permitted"`: it, or a
   * folder, may not be used. `"not executable"`: this system cannot run it. `"refused"`: the system gave no process
   * (limits, memory), or not as the user that it should run as.
   */
  readonly name: "not found" | "bad path" | "no interpreter" | "not permitted" | "not executable" | "refused";
  /** The reason in words, without the command's name. */
  readonly reason: string;
  /** The reason in the words of strerror(3). */
  readonly systemReason: string;
}

/** Where commands are looked for. */
export interface Search {
  /** PATH as the program has it, or what stands for it where it is not set. */
  readonly path: string | Uint8Array;
  /** The folder that it is started in; `null`: ours. */
  readonly folder: string | null;
}

const [ENFILE, EMFILE, ENAMETOOLONG, ENOSYS] = [23, 24, 36, 38] as const;
const F_OK = 0;
const PATH_MAX = 4096;
const [SLASH, COLON] = [0x2f, 0x3a] as const;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Where a command without a slash is looked for when there is no PATH; confstr(3), as execvp does. */
export const DEFAULT_PATH = "/bin:/usr/bin";

/** Where execvp(3) looks: in our own PATH, from our own working directory. */
export const OWN_SEARCH: Search = {
  get path(): string | Uint8Array {
    return readVariableBytes("PATH") ?? DEFAULT_PATH;
  },
  folder: null,
};

/** Whether a command is a path, and looked for nowhere. */
function isPath(file: string | Uint8Array): boolean {
  return toBytes(file).includes(SLASH);
}

/** The paths that a command may have, in the order in which they are tried. */
export function pathsOf(file: string | Uint8Array, search: Search): Uint8Array[] {
  const bytes = toBytes(file);
  if (bytes.length === 0) return [];
  if (isPath(bytes)) return [bytes];
  return split(toBytes(search.path), COLON)
    .filter(({ length }) => length < PATH_MAX) // one that is longer ends the search of no other program either
    .map((folder) => join(folder.length === 0 ? "." : folder, bytes));
}

/** Whether there is a file, and no folder, by one of the {@linkcode pathsOf} a command. */
export function isFile(path: string | Uint8Array, search: Search): boolean {
  const is = (path: Uint8Array): boolean => libc.access(cString(within(search, path)), F_OK) === 0;
  return is(toBytes(path)) && !is(join(path, "."));
}

/** Whether a file, by one of its {@linkcode pathsOf}, is a binary. */
export function isElf(path: Uint8Array, search: Search): boolean {
  const head = readHead(within(search, path), 4);
  return head !== null && head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46;
}

/** A path as we have to name it. */
function within({ folder }: Search, path: Uint8Array): Uint8Array {
  return folder === null || path[0] === SLASH ? path : join(folder, path);
}

function join(folder: string | Uint8Array, name: string | Uint8Array): Uint8Array {
  const [start, end] = [toBytes(folder), toBytes(name)];
  const path = new Uint8Array(start.length + 1 + end.length);
  path.set(start);
  path[start.length] = SLASH;
  path.set(end, start.length + 1);
  return path;
}

function split(bytes: Uint8Array, separator: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let start = 0;;) {
    const end = bytes.indexOf(separator, start);
    parts.push(bytes.subarray(start, end < 0 ? bytes.length : end));
    if (end < 0) return parts;
    start = end + 1;
  }
}

function toBytes(text: string | Uint8Array): Uint8Array {
  return typeof text === "string" ? encoder.encode(text) : text;
}

function toText(text: string | Uint8Array): string {
  return typeof text === "string" ? text : decoder.decode(text);
}

/** What the error number means that the system has given in the place of a process. */
export function noProcess(error: number): SpawnFailure {
  if (error !== EPERM && error !== ENOSYS) return noRoom(error);
  const reason = `the system does not let denit make another process (${inSentence(error)})`;
  return { name: "refused", reason, systemReason: strerror(error) };
}

function noRoom(error: number): SpawnFailure {
  const reason = `the system has no room for another process (${inSentence(error)})`;
  return { name: "refused", reason, systemReason: strerror(error) };
}

/** What the error number that executing a file has ended with means for it. */
export function explain(error: number, file: string | Uint8Array, search: Search): SpawnFailure {
  const systemReason = strerror(error);
  switch (error) {
    case ENOENT:
      if (pathsOf(file, search).some((path) => isFile(path, search))) {
        const reason = "the file is there, but the interpreter or loader that it names is not";
        return { name: "no interpreter", reason, systemReason };
      }
      return {
        name: "not found",
        reason: isPath(file) ? "no such file" : `no such command in PATH (${toText(search.path)})`,
        systemReason,
      };
    case ENOTDIR:
      return { name: "bad path", reason: "a part of its path is not a directory", systemReason };
    case ENAMETOOLONG:
    case ELOOP:
      return { name: "bad path", reason: inSentence(error), systemReason };
    case EACCES:
      return {
        name: "not permitted",
        reason: "it is not an executable file, or its folder may not be searched",
        systemReason,
      };
    case ENOEXEC:
      return {
        name: "not executable",
        reason: "it is a program for another machine, or damaged",
        systemReason,
      };
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
      return noRoom(error);
    default:
      return { name: "not executable", reason: inSentence(error), systemReason };
  }
}
