/** What /proc tells about other processes; proc(5). */

import { readFolder, readHead } from "./file.ts";

/** A process as `/proc/PID/stat` shows it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** When it started, in clock ticks since the boot: with the pid it names one process for ever. */
  readonly startTicks: string;
  /** Whether it has ended and is only waiting to be reaped. */
  readonly zombie: boolean;
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
  const status = readHead("/proc/self/status", 4096);
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
  const [state, parent, group] = fields;
  const threads = fields[17];
  const startTicks = fields[19];
  if (state === undefined || threads === undefined || startTicks === undefined) return null;
  return {
    pid: Number(line.slice(0, open)),
    parent: Number(parent),
    group: Number(group),
    startTicks,
    // A program whose first thread has ended while others go on shows Z too, and is alive.
    zombie: (state === "Z" || state === "X") && Number(threads) <= 1,
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
