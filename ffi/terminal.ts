/** The controlling terminal: who has its foreground, and how job control stops us. */

import { O_CLOEXEC, O_NOCTTY, O_RDWR } from "./abi.ts";
import { cString } from "./c_string.ts";
import { whileDefault, withoutOutputSignals } from "./disposition.ts";
import { libc } from "./libc.ts";
import { sendSignal } from "./process.ts";

const [STDIN, STDOUT, STDERR] = [0, 1, 2] as const;
const TIOCNOTTY = 0x5422n;
const SIGCONT = 18;
const SIGSTOP = 19;
const SIGTSTP = 20;

/** Whether the descriptor leads to a terminal; isatty(3). */
export function isTerminal(descriptor: number): boolean {
  return libc.isatty(descriptor) === 1;
}

/** Whether standard input is our controlling terminal and our process group is in its foreground; tcgetpgrp(3). */
export function hasForeground(): boolean {
  return libc.tcgetpgrp(STDIN) === libc.getpgrp();
}

/** The same of our controlling terminal, wherever that is. */
export function holdsTerminal(): boolean {
  return libc.tcgetpgrp(ownTerminal()) === libc.getpgrp();
}

/** The process group in the foreground of our controlling terminal; `null` where that is not ours to know. */
export function foregroundGroup(): number | null {
  const group = libc.tcgetpgrp(ownTerminal());
  return group > 0 ? group : null;
}

/** Our controlling terminal, where none of the three standard descriptors leads to it; tty(4). */
let opened = -1;

/** A descriptor of our controlling terminal; of any other, and where there is none, tcgetpgrp(3) fails. */
function ownTerminal(): number {
  const found = [STDIN, STDERR, STDOUT, opened].find((descriptor) => libc.tcgetpgrp(descriptor) >= 0);
  if (found !== undefined) return found;
  if (opened < 0) opened = libc.open(cString("/dev/tty"), O_RDWR | O_NOCTTY | O_CLOEXEC);
  return opened;
}

/** Takes the foreground back for our own process group, from whichever has it. */
export function reclaimForeground(): void {
  giveForeground(libc.getpgrp());
}

function giveForeground(group: number): void {
  const terminal = ownTerminal();
  withoutOutputSignals(() => libc.tcsetpgrp(terminal, group), (result) => result !== 0);
}

/**
 * Gives up the controlling terminal on standard input, so that a new session can have it; ioctl_tty(2), TIOCNOTTY.
 *
 * Returns whether the kernel now sends us HUP and CONT for it: it does so to a session's leader.
 */
export function giveTerminalUp(): boolean {
  return libc.ioctl(STDIN, TIOCNOTTY) === 0 && libc.getsid(0) === Deno.pid;
}

/**
 * Does what a shell with job control expects when our program, the process group `group`, was stopped by a
 * terminal's stop signal: our own group stops too, the shell gets its prompt back, and after `fg` or `bg` the group
 * goes on, in the foreground if that is where the shell put us. Where the shell has put us there meanwhile, and the
 * group stopped because it wanted the terminal, it simply gets it. The CONT that continues us is not caught: taken
 * for one to forward, it would come to the group a second time, and undo a Ctrl-Z that was typed between.
 *
 * Where the terminal is not on standard input the group gets it only if it wanted it: in a pipeline Ctrl-C is for all.
 *
 * Where there is no shell above us (PID 1, an orphaned process group) the kernel stops nobody; a group that
 * stopped in the foreground (Ctrl-Z) is then continued at once, since nobody could ever do it, but by STOP, which only
 * somebody sends, it stays stopped. Returns whether the group was continued; without a terminal nothing is done.
 */
export function suspendWith(group: number, signal: number): boolean {
  const STOPPED_AT_LEAST_MS = 1; // no shell continues us faster than that; the kernel's refusal takes microseconds
  const terminal = ownTerminal();
  const holder = libc.tcgetpgrp(terminal);
  if (holder < 0) return false;
  const isForeground = holder === group || holder === libc.getpgrp();
  const wantedTerminal = signal !== SIGTSTP && signal !== SIGSTOP;
  if (signal === SIGSTOP && !isForeground) return false; // no shell waits for us
  if (holder === group) reclaimForeground();
  if (holder !== libc.getpgrp() || !wantedTerminal) {
    const stopped = whileDefault([SIGTSTP, SIGCONT], () => {
      const before = performance.now();
      sendSignal(0, SIGTSTP);
      return performance.now() - before >= STOPPED_AT_LEAST_MS;
    });
    if (!stopped && signal === SIGSTOP && holder === group) giveForeground(group);
    if (!stopped && (signal === SIGSTOP || !isForeground)) return false;
  }
  const getsTerminal = terminal === STDIN || holder === group || wantedTerminal;
  if (getsTerminal && holdsTerminal()) giveForeground(group);
  return sendSignal(-group, SIGCONT) === "sent";
}
