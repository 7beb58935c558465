/** How processes, times and endings are told to people. */

import type { Command, Remaining, Status } from "./model.ts";
import { signalName } from "./signals.ts";

const SHOWN_AT_MOST = 100;

/** A command as one line, cut where it gets long; an argument that would be unclear is quoted. */
export function describeCommand(command: Command): string {
  const line = command.map((word) => /^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word)).join(" ");
  return shorten(line);
}

/** `12 (sleep 1000)`. */
export function describeProcess(process: Remaining): string {
  return process.command === undefined ? String(process.pid) : `${process.pid} (${shorten(process.command)})`;
}

function shorten(line: string): string {
  return line.length <= SHOWN_AT_MOST ? line : `${line.slice(0, SHOWN_AT_MOST - 1)}…`;
}

/** `ended with 3`, `ended with 139 (SIGSEGV, core dumped)`. */
export function describeStatus(status: Status): string {
  if (status.name === "exited") return `ended with ${status.code}`;
  return `ended with ${128 + status.signal} (${signalName(status.signal)}${
    status.coreDumped ? ", core dumped" : ""
  })`;
}

/** `8s`, `0.3s`. */
export function describeSeconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(ms < 10_000 ? 1 : 0))}s`;
}
