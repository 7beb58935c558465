/** What denit asks of the kernel about processes, itself and others: kill(2), prctl(2), chdir(2). */

import { EPERM } from "./abi.ts";
import { cString } from "./c_string.ts";
import { defaultSignal } from "./disposition.ts";
import { readFolder } from "./file.ts";
import { errno, libc } from "./libc.ts";

const PR_SET_PDEATHSIG = 1;
const PR_SET_CHILD_SUBREAPER = 36;

/**
 * Makes this process the one that adopts the orphans among its descendants; prctl(2).
 *
 * Returns whether the kernel took it.
 */
export function becomeSubreaper(): boolean {
  return libc.prctl(PR_SET_CHILD_SUBREAPER, 1n, 0n, 0n, 0n) === 0;
}

/** Has the kernel send this process the signal when its parent dies; returns whether it took that. */
export function setParentDeathSignal(signal: number): boolean {
  return libc.prctl(PR_SET_PDEATHSIG, BigInt(signal), 0n, 0n, 0n) === 0;
}

/** The parent's process id; 0 for the first process of a PID namespace. */
export function parentId(): number {
  return libc.getppid();
}

/** The process group that this process is in; getpgrp(2). */
export function ownGroup(): number {
  return libc.getpgrp();
}

/** How a kill(2) went: it is `"gone"` when nothing has that id any more. */
export type KillResult = "sent" | "gone" | "not permitted";

/**
 * Sends a signal to one process (`pid`), to a process group (`-group`), or to every process that may be
 * signalled but this one and the first (`-1`).
 *
 * The kernel walks the list of processes in one go: a process that is about to fork gets it before it does.
 */
export function sendSignal(to: number, signal: number): KillResult {
  if (libc.kill(to, signal) === 0) return "sent";
  return errno() === EPERM ? "not permitted" : "gone";
}

/** Whether kill(2) can be asked for that process group: 0 is one of another PID namespace, and -1 stands for everybody. */
export function isGroupToSignal(group: number): boolean {
  return group > 1;
}

/** Whether any process but this one is in the PID namespace, zombies included. For its first process only. */
export function anyOtherProcess(): boolean {
  return libc.kill(-1, 0) === 0;
}

/** The working directory, getcwd(3); `/` where it has none, such as one that was removed. */
export function currentDirectory(): string {
  const LONGEST = 4096; // PATH_MAX
  const path = new Uint8Array(LONGEST);
  if (libc.getcwd(path, BigInt(LONGEST)) === null) return "/";
  return new TextDecoder().decode(path.subarray(0, path.indexOf(0)));
}

/** Makes `path` the working directory; returns whether that could be done. */
export function changeDirectory(path: string): boolean {
  return libc.chdir(cString(path)) === 0;
}

/** Does to this process what the signal does by default: most end it. */
export function endBy(signal: number): void {
  defaultSignal(signal);
  libc.kill(Deno.pid, signal);
}

/** Stops this process until somebody continues it; SIGSTOP. */
export function stopSelf(): void {
  const SIGSTOP = 19;
  libc.kill(Deno.pid, SIGSTOP);
}

/**
 * Closes the descriptors from 3 up that this process was given, so that a pipe or socket that the program closes
 * is closed. The runtime's own are told from them by their close-on-exec flag; fcntl(2).
 */
export function closeInherited(): void {
  const F_GETFD = 1;
  const SEARCHED_WITHOUT_PROC = 256;
  const names = readFolder("/proc/self/fd") ??
    Array.from({ length: SEARCHED_WITHOUT_PROC }, (_, i) => String(i));
  for (const descriptor of names.map(Number)) {
    if (descriptor > 2 && libc.fcntl(descriptor, F_GETFD, 0) === 0) libc.close(descriptor);
  }
}

/** Ends the process at once, with no handler run and nothing flushed; _exit(2). */
export function exitNow(code: number): never {
  libc._exit(code);
  throw new Error("_exit returned");
}
