/** What runs, as /proc shows it, and signals by number. */

/** A process of this machine, its numbers as seen from here. */
export interface Process {
  readonly pid: number;
  readonly name: string;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** The foreground process group of its terminal; -1 without one. */
  readonly foreground: number;
}

const libc = Deno.dlopen("libc.so.6", { kill: { parameters: ["i32", "i32"], result: "i32" } }).symbols;

/** Sends any signal, the real-time ones too; returns whether there was somebody to send it to. */
export function kill(pid: number, signal: number): boolean {
  if (pid <= 1) throw new Error(`Cannot kill ${pid}: that would be everybody`);
  return libc.kill(pid, signal) === 0;
}

export function allProcesses(): Process[] {
  return [...Deno.readDirSync("/proc")]
    .flatMap(({ name }) => /^[0-9]+$/.test(name) ? readProcess(Number(name)) ?? [] : []);
}

export function readProcess(pid: number): Process | null {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const close = stat.lastIndexOf(")");
  const [state, parent, group, session, , foreground] = stat.slice(close + 2).split(" ");
  return {
    pid,
    name: stat.slice(stat.indexOf("(") + 1, close),
    state: state!,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    foreground: Number(foreground),
  };
}

export function childrenOf(pid: number): Process[] {
  return allProcesses().filter(({ parent }) => parent === pid);
}

/** Everybody below the process, parents first. */
export function descendantsOf(pid: number): Process[] {
  const byParent = Map.groupBy(allProcesses(), ({ parent }) => parent);
  const found = [...byParent.get(pid) ?? []];
  for (const { pid } of found) found.push(...byParent.get(pid) ?? []); // grows while it is walked
  return found;
}

/** Everybody who was given this in the environment, and has not ended. */
export function processesWith(variable: string): Process[] {
  return allProcesses().filter(({ pid }) => readText(`/proc/${pid}/environ`)?.split("\0").includes(variable));
}

export function zombiesOf(pid: number): Process[] {
  return childrenOf(pid).filter(({ state }) => state === "Z");
}

export function commandOf(pid: number): string[] {
  return (readText(`/proc/${pid}/cmdline`) ?? "").split("\0").slice(0, -1);
}

/** A line of /proc/PID/status. */
export function statusOf(pid: number, field: string): string | null {
  const status = readText(`/proc/${pid}/status`);
  return new RegExp(`^${field}:\\s*(.*)$`, "m").exec(status ?? "")?.[1] ?? null;
}

/** Whether the process catches the signal. */
export function catches(pid: number, signal: number): boolean {
  return (BigInt(`0x${statusOf(pid, "SigCgt") ?? "0"}`) >> BigInt(signal - 1) & 1n) === 1n;
}

function readText(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null; // it has ended meanwhile
  }
}
