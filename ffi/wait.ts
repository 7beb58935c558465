/** How children end: waitpid(2) and waitid(2). */

import { SIGNAL_INFO, SIZE } from "./abi.ts";
import { libc } from "./libc.ts";
import { pause } from "./pause.ts";

/** What became of a child, as wait(2) tells it. */
export type WaitStatus =
  | { readonly name: "exited"; readonly code: number }
  | { readonly name: "killed"; readonly signal: number; readonly coreDumped: boolean }
  | { readonly name: "stopped"; readonly signal: number };

/** A child and what became of it. */
export interface Waited {
  readonly pid: number;
  readonly status: WaitStatus;
}

const WNOHANG = 1;
const WUNTRACED = 2;
const WEXITED = 4;
const WNOWAIT = 0x01000000;
const WSTOPPED = WUNTRACED;
const P_ALL = 0;
const ANY_CHILD = -1;

/** The meaning of a status word; the macros of wait(2). */
export function decodeStatus(word: number): WaitStatus {
  const signal = word & 0x7f;
  if (signal === 0) return { name: "exited", code: (word >> 8) & 0xff };
  if (signal === 0x7f) return { name: "stopped", signal: (word >> 8) & 0xff };
  return { name: "killed", signal, coreDumped: (word & 0x80) !== 0 };
}

const statusWord = new Int32Array(1);
const statusBytes = new Uint8Array(statusWord.buffer);

/**
 * Takes one child that has ended (it is reaped by that) or has been stopped, without waiting; with `which`, only
 * the child of that pid.
 *
 * Returns `null` when there is none now. One SIGCHLD may stand for many children: call until then.
 */
export function takeChild(which = ANY_CHILD): Waited | null {
  const pid = libc.waitpid(which, statusBytes, WNOHANG | WUNTRACED);
  return pid > 0 ? { pid, status: decodeStatus(statusWord[0]!) } : null;
}

const signalInfo = new Uint8Array(SIZE.signalInfo);
const signalInfoView = new DataView(signalInfo.buffer);

/**
 * The next child that has ended, left as the zombie that it is, so that /proc still knows its name.
 *
 * Returns `"running"` when there are children and none has ended, `"none"` when there are no children.
 */
export function peekChild(): number | "running" | "none" {
  signalInfo.fill(0);
  if (libc.waitid(P_ALL, 0, signalInfo, WEXITED | WNOHANG | WNOWAIT) !== 0) return "none"; // ECHILD alone
  const pid = signalInfoView.getInt32(SIGNAL_INFO.pid, true);
  return pid > 0 ? pid : "running";
}

/** Takes one child that has been stopped and leaves those that have ended; `null` when there is none now. */
export function takeStoppedChild(): Waited | null {
  signalInfo.fill(0);
  libc.waitid(P_ALL, 0, signalInfo, WSTOPPED | WNOHANG);
  const pid = signalInfoView.getInt32(SIGNAL_INFO.pid, true);
  if (pid <= 0) return null;
  return { pid, status: { name: "stopped", signal: signalInfoView.getInt32(SIGNAL_INFO.status, true) } };
}

/** Takes a child that is about to end, and how it did; `null` if it has not within so many milliseconds. */
export function takeEnd(
  pid: number,
  limitMs: number,
): Exclude<WaitStatus, { readonly name: "stopped" }> | null {
  for (const untilMs = performance.now() + limitMs;;) {
    const taken = takeChild(pid);
    if (taken !== null && taken.status.name !== "stopped") return taken.status;
    if (performance.now() >= untilMs) return null;
    pause(1);
  }
}
