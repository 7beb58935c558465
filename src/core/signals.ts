/** Signals by name and number, as signal(7) lists them for x86_64 and aarch64. */

const NAMES = [
  ...["HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE"],
  ...["ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ"],
  ...["VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS"],
] as const;

/** Other names in use for the same signals. */
const ALIASES: ReadonlyMap<string, number> = new Map([["IOT", 6], ["CLD", 17], ["POLL", 29]]);

/** The first real-time signal that programs may use: glibc keeps 32 and 33 for itself. */
const RTMIN = 34;
const RTMAX = 64;

/** Whether the signal is one of the real-time signals. */
export function isRealTime(signal: number): boolean {
  return signal >= RTMIN;
}

type Name = (typeof NAMES)[number];

/** The number of a signal that the code names. */
export function number(name: Name): number {
  return NAMES.indexOf(name) + 1;
}

export const SIGINT: number = number("INT");
export const SIGQUIT: number = number("QUIT");
export const SIGKILL: number = number("KILL");
export const SIGTERM: number = number("TERM");
export const SIGCHLD: number = number("CHLD");
export const SIGCONT: number = number("CONT");
export const SIGSTOP: number = number("STOP");
export const SIGTSTP: number = number("TSTP");
export const SIGTTIN: number = number("TTIN");
export const SIGTTOU: number = number("TTOU");

/** The signals by which people ask a program to end. */
export const STOP_SIGNALS: readonly number[] = [SIGTERM, SIGINT, SIGQUIT];

/** The signals by which a terminal stops a program (job control). */
export const TERMINAL_STOPS: readonly number[] = [SIGTSTP, SIGTTIN, SIGTTOU];

/** `SIGTERM`, `SIGRTMIN+3`; a number that has no name is shown as it is. */
export function signalName(signal: number): string {
  const name = NAMES[signal - 1];
  if (name !== undefined) return `SIG${name}`;
  if (signal === RTMIN) return "SIGRTMIN";
  return signal > RTMIN && signal <= RTMAX ? `SIGRTMIN+${signal - RTMIN}` : `signal ${signal}`;
}

/**
 * The number for `TERM`, `SIGTERM`, `15`, `RTMIN+3`, `SIGRTMAX-1`, in capitals or not; `null` for anything else.
 */
export function parseSignal(text: string): number | null {
  if (!/^[A-Za-z0-9+-]+$/.test(text)) return null; // letters that are such ones as capitals only
  const name = text.toUpperCase().replace(/^SIG/, "");
  if (/^[0-9]{1,2}$/.test(text)) {
    const value = Number(text);
    return value >= 1 && value <= RTMAX ? value : null;
  }
  const index = NAMES.indexOf(name as Name);
  if (index >= 0) return index + 1;
  const realTime = /^RT(MIN|MAX)(?:([+-])([0-9]{1,2}))?$/.exec(name);
  if (realTime !== null) {
    const [, end, sign, offset = "0"] = realTime;
    const value = (end === "MIN" ? RTMIN : RTMAX) + (sign === "-" ? -1 : 1) * Number(offset);
    return value >= RTMIN && value <= RTMAX ? value : null;
  }
  return ALIASES.get(name) ?? null;
}

/** Every name that {@linkcode parseSignal} knows, for "did you mean". */
export function signalNames(): string[] {
  return [...NAMES, ...ALIASES.keys(), "RTMIN", "RTMAX"];
}
