/** What /proc tells about other processes; proc(5). */

import { withFilesOf } from "./credentials.ts";
import { findVariable } from "./environment.ts";
import { readFolder, readHead, readWhole } from "./file.ts";

/** A process as `/proc/PID/stat` shows it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** Of another PID namespace: 0. */
  readonly session: number;
  /** When it started, in clock ticks since the boot: with the pid it names one process for ever. */
  readonly startTicks: string;
  /** Whether it has ended and is only waiting to be reaped. */
  readonly zombie: boolean;
  /**
   * Whether it is in the kernel's uninterruptible sleep. To read what is in its memory, as its command and its variables
   * are, may then take as long as that does: whoever waits for a disk to map a file has locked it.
   */
  readonly stuck: boolean;
  /** The file name of its program, at most 15 characters. */
  readonly name: string;
}

const decoder = new TextDecoder();

/**
 * Every process of this PID namespace; one that ends meanwhile is left out. `null` where /proc is missing or
 * shows another namespace.
 */
export function listProcesses(): ProcessEntry[] | null {
  const names = procIsOurs() ? readFolder("/proc") : null;
  if (names === null) return null;
  const entries = [];
  for (const name of names) {
    const first = name.charCodeAt(0);
    if (first < 0x31 || first > 0x39) continue; // not a digit: no process
    const entry = readProcess(Number(name));
    if (entry !== null) entries.push(entry);
  }
  return entries;
}

/**
 * Whether /proc is there and shows this process's own PID namespace.
 *
 * A container made with a PID namespace but with its parent's /proc would name other processes' ids, and
 * signals would go astray. The kernel lists a process's id in each namespace down to its own as `NSpid`.
 */
function procIsOurs(): boolean {
  const LONGEST = 1024 * 1024; // before that line all groups are listed, of which there may be 65536
  const status = readHead("/proc/self/status", LONGEST);
  if (status === null) return false;
  return new RegExp(`^NSpid:\\t${Deno.pid}$`, "m").test(decoder.decode(status));
}

/** The file name of a process's program, also of a zombie's; `null` where /proc does not tell. */
export function readProgram(pid: number): string | null {
  return procIsOurs() ? readProcess(pid)?.name ?? null : null;
}

function readProcess(pid: number): ProcessEntry | null {
  const stat = readHead(`/proc/${pid}/stat`, 1024);
  return stat === null ? null : parseStat(decoder.decode(stat));
}

/**
 * The meaning of a line of `/proc/PID/stat`; `null` if it is not one.
 *
 * The name may itself hold spaces and parentheses: it ends at the last `)`.
 */
export function parseStat(line: string): ProcessEntry | null {
  const open = line.indexOf("(");
  const close = line.lastIndexOf(")");
  if (open < 0 || close < open) return null;
  const fields = line.slice(close + 2).split(" "); // from field 3 of proc(5) on
  const [state, parent, group, session] = fields;
  const threads = fields[17];
  const startTicks = fields[19];
  if (state === undefined || threads === undefined || startTicks === undefined) return null;
  return {
    pid: Number(line.slice(0, open)),
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startTicks,
    // A program whose first thread has ended while others go on shows Z too, and is alive.
    zombie: (state === "Z" || state === "X") && Number(threads) <= 1,
    stuck: state === "D",
    name: line.slice(open + 1, close),
  };
}

/** The command line of a process, its arguments joined by spaces; `null` if it has none (a zombie) or is gone. */
export function readCommand(pid: number): string | null {
  const LONGEST_SHOWN = 256;
  const bytes = readHead(`/proc/${pid}/cmdline`, LONGEST_SHOWN);
  if (bytes === null || bytes.length === 0) return null;
  return decoder.decode(bytes).replace(/\0+$/, "").replaceAll("\0", " ");
}

/**
 * The value of a variable in the environment that a process was started with; `null` where it is not set, where
 * /proc does not tell, and of what is gone.
 *
 * To see that of another user's process takes CAP_SYS_PTRACE, which a container's root often lacks: then it is asked
 * as that user. A process that has changed its user, or has made itself undumpable, shows it to nobody without the
 * capability; proc(5), ptrace(2).
 */
export function readVariableOf(pid: number, variable: string): string | null {
  const LONGEST = 8 * 1024 * 1024; // more than the kernel passes on by default, execve(2)
  const read = (): ReturnType<typeof readWhole> => readWhole(`/proc/${pid}/environ`, LONGEST);
  let environment = read();
  if ("failure" in environment) {
    const owner = readOwner(pid);
    if (owner === null) return null;
    environment = withFilesOf(owner.uid, owner.gid, read);
  }
  const value = "failure" in environment ? null : findVariable(environment, variable);
  return value === null ? null : decoder.decode(value);
}

/** The soft limit of file locks of a process; `null` where there is none, or /proc does not tell. */
export function readLocksLimit(pid: number): number | null {
  const limits = readHead(`/proc/${pid}/limits`, 4096);
  const soft = limits === null ? null : /^Max file locks +(\d+)/m.exec(decoder.decode(limits));
  return soft === null ? null : Number(soft[1]);
}

function readOwner(pid: number): { uid: number; gid: number } | null {
  const status = readHead(`/proc/${pid}/status`, 4096);
  const ids = status === null ? null : /^Uid:\t(\d+)[^]*^Gid:\t(\d+)/m.exec(decoder.decode(status));
  return ids === null ? null : { uid: Number(ids[1]), gid: Number(ids[2]) };
}

/**
 * The process ids of this process's own children, zombies too; `null` where /proc does not tell (kernels without
 * CONFIG_PROC_CHILDREN). One that comes or goes meanwhile may hide another.
 */
export function ownChildren(): number[] | null {
  const LONGEST = 1024 * 1024;
  const threads = procIsOurs() ? readFolder("/proc/self/task") : null;
  if (threads === null) return null;
  const lists: string[] = [];
  for (const thread of threads) {
    if (thread.startsWith(".")) continue;
    const list = readWhole(`/proc/self/task/${thread}/children`, LONGEST);
    if ("failure" in list) return null;
    lists.push(decoder.decode(list));
  }
  return lists.join(" ").split(" ").filter((pid) => pid !== "").map(Number);
}

/** The words that this process was started with, as bytes; `null` if /proc does not tell. */
export function readOwnWords(): Uint8Array[] | null {
  const LONGEST = 8 * 1024 * 1024; // more than the kernel passes on by default, execve(2)
  const bytes = readHead("/proc/self/cmdline", LONGEST);
  if (bytes === null) return null;
  const words: Uint8Array[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(0, start);
    words.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return words;
}
