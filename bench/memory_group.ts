/** A control group that tells what memory its processes are charged; cgroups(7). */

const V1 = "/sys/fs/cgroup/memory";
const V2 = "/sys/fs/cgroup";

export interface MemoryGroup extends Disposable {
  readonly folder: string;
  /** The bytes that are charged to it now: what is its processes' own, page tables and the kernel's memory for them. */
  charged(): number;
}

export function makeGroup(): MemoryGroup {
  const first = exists(`${V1}/memory.usage_in_bytes`);
  const folder = `${first ? V1 : V2}/denit-bench-${Deno.pid}`;
  Deno.mkdirSync(folder);
  return {
    folder,
    charged: () =>
      Number(Deno.readTextFileSync(`${folder}/${first ? "memory.usage_in_bytes" : "memory.current"}`)),
    [Symbol.dispose]: () => remove(folder),
  };
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** It can be removed when the last process has been reaped. */
function remove(folder: string): void {
  for (let tries = 0;; tries++) {
    try {
      return Deno.removeSync(folder);
    } catch (error) {
      if (tries > 1000) throw error;
    }
  }
}
