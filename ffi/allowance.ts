/** What a program may use, and how the kernel favours it: setrlimit(2), setpriority(2), and its oom_score_adj in proc(5). */

import { O_CLOEXEC, O_WRONLY, RESOURCE } from "./abi.ts";
import { PASSES_ALL } from "./child.ts";
import { cString } from "./c_string.ts";
import { type Credentials, withFilesOf } from "./credentials.ts";
import { lastReason } from "./error_words.ts";
import type { Preparation } from "./execute.ts";
import { libc } from "./libc.ts";

/** A resource limit; -1 is no limit. */
export interface ResourceLimit {
  readonly resource: keyof typeof RESOURCE;
  readonly soft: number;
  readonly hard: number;
}

const ITSELF = 0;
const UNLIMITED = 2n ** 64n - 1n;
const PRIO_PROCESS = 0;

/** What a program's process does to itself before the program is executed in it; to raise something may take root. */
export function allowing(limits: readonly ResourceLimit[], nice: number | null): Preparation[] {
  const all = limits.map((limit) => {
    const { resource, soft, hard } = limit;
    return { ...limiting(limit), gives: `${resource} to ${soft}${hard === soft ? "" : `, at most ${hard}`}` };
  });
  return nice === null ? all : [...all, {
    call: "setpriority",
    args: [PRIO_PROCESS, ITSELF, nice],
    passes: PASSES_ALL,
    gives: `nice to ${nice}`,
  }];
}

/** A soft limit of file locks, where nothing lower is the hard one. */
export function marking(mark: number): Preparation {
  return limiting({ resource: "locks", soft: mark, hard: -1 });
}

function limiting({ resource, soft, hard }: ResourceLimit): Preparation {
  const limit = new BigUint64Array([toKernel(soft), toKernel(hard)]); // struct rlimit64
  const args = [ITSELF, RESOURCE[resource], new Uint8Array(limit.buffer), 0] as const;
  return { call: "prlimit64", args, passes: PASSES_ALL };
}

function toKernel(limit: number): bigint {
  return limit < 0 ? UNLIMITED : BigInt(limit);
}

/**
 * Sets the oom_score_adj of a program that has been executed, proc(5), as root or, where that may not, as its user;
 * returns why that failed, in words, or `null`. Before it would be set for all that share its memory: for us.
 */
export function setOomScore(pid: number, score: number, { uid, gid }: Credentials): string | null {
  const set = (): string | null => write(`/proc/${pid}/oom_score_adj`, String(score));
  return set() === null ? null : withFilesOf(uid, gid, set);
}

/** Writes a file of /proc; returns why that failed, or `null`. */
function write(path: string, text: string): string | null {
  const descriptor = libc.open(cString(path), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return lastReason();
  const bytes = new TextEncoder().encode(text);
  const failure = libc.write(descriptor, bytes, BigInt(bytes.length)) < 0n ? lastReason() : null;
  libc.close(descriptor);
  return failure;
}
