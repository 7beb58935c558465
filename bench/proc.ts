/** What /proc tells of an init from outside its namespace; proc(5). */

/** The process and all below it, but those of the children's program. */
export function initProcesses(pid: number, child: string): number[] {
  const processes: number[] = [];
  const visit = (at: number): void => {
    if (read(`/proc/${at}/comm`).trim() !== child) processes.push(at);
    for (const task of tasksOf(at)) {
      for (const below of read(`/proc/${at}/task/${task}/children`).split(" ")) {
        if (below !== "") visit(Number(below));
      }
    }
  };
  visit(pid);
  return processes;
}

export interface Memory {
  /** Bytes that are the process's alone and cannot be dropped. */
  readonly privateDirty: number;
  /** Its proportional share of all its pages. */
  readonly pss: number;
}

/** The sum over the processes; smaps_rollup. */
export function memoryOf(pids: readonly number[]): Memory {
  let [privateDirty, pss] = [0, 0];
  for (const pid of pids) {
    const text = read(`/proc/${pid}/smaps_rollup`);
    privateDirty += kilobytes(text, "Private_Dirty");
    pss += kilobytes(text, "Pss");
  }
  return { privateDirty, pss };
}

export interface Activity {
  /** How often a thread was given the processor. */
  readonly switches: number;
  readonly cpuNs: number;
}

/** What each thread of the processes has done so far; status and schedstat. */
export function activityOf(pids: readonly number[]): Map<string, Activity> {
  const threads = new Map<string, Activity>();
  for (const pid of pids) {
    for (const task of tasksOf(pid)) {
      const status = read(`/proc/${pid}/task/${task}/status`);
      const switches = number(status, /^voluntary_ctxt_switches:\s+(\d+)/m) +
        number(status, /^nonvoluntary_ctxt_switches:\s+(\d+)/m);
      const cpuNs = number(read(`/proc/${pid}/task/${task}/schedstat`), /^(\d+)/);
      threads.set(task, { switches, cpuNs });
    }
  }
  return threads;
}

/** What was done between: what a thread did that has ended meanwhile is not known, and that it did is one switch. */
export function activityBetween(
  before: ReadonlyMap<string, Activity>,
  after: ReadonlyMap<string, Activity>,
): Activity {
  let [switches, cpuNs] = [0, 0];
  for (const task of new Set([...before.keys(), ...after.keys()])) {
    const [then, now] = [before.get(task), after.get(task)];
    switches += now === undefined ? 1 : now.switches - (then?.switches ?? 0);
    cpuNs += now === undefined ? 0 : now.cpuNs - (then?.cpuNs ?? 0);
  }
  return { switches, cpuNs };
}

function kilobytes(text: string, name: string): number {
  return 1024 * number(text, new RegExp(`^${name}:\\s+(\\d+) kB`, "m"));
}

function number(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? 0);
}

function tasksOf(pid: number): string[] {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => name);
  } catch {
    return []; // it has ended
  }
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return ""; // the process has ended
  }
}
