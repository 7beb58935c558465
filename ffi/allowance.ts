/** What a program may use, and how the kernel favours it: setrlimit(2), setpriority(2), and its oom_score_adj in proc(5). */

import { RESOURCE } from "./abi.ts";
import { cString } from "./c_string.ts";
import { lastReason } from "./error_words.ts";
import { libc } from "./libc.ts";

/** A resource limit; -1 is no limit. */
export interface ResourceLimit {
  readonly resource: keyof typeof RESOURCE;
  readonly soft: number;
  readonly hard: number;
}

/** Something that a program is given once it runs. */
export interface Grant {
  /** In words, such as `nice to 5`. */
  readonly what: string;
  /** Gives it to the process; returns why that failed, in words, or `null`. */
  readonly give: (pid: number) => string | null;
}

const OURSELVES = 0;
const UNLIMITED = 2n ** 64n - 1n;
const PRIO_PROCESS = 0;
const [O_WRONLY, O_CLOEXEC] = [1, 0o2000000] as const;

/** Limits that would hit denit itself while it starts a program, if they were lower than its own. */
const HIT_US: readonly ResourceLimit["resource"][] = [
  ...["as", "cpu", "data", "nproc", "rttime", "sigpending", "stack"] as const,
];
/** What the program's standard streams need. */
const FEWEST_FILES = 3n;

/**
 * Makes the limits denit's own, as far as it can bear them while it starts a program, so that they hold from the
 * program's first instruction on: of a hundred programs thirty to fifty are that far before {@linkcode grants} can be
 * given. Returns what puts denit's own back; until then nothing but the start should be done.
 *
 * Only soft limits are lowered: to raise a hard one again takes CAP_SYS_RESOURCE, which a container's root often lacks.
 */
export function takeLimits(limits: readonly ResourceLimit[]): () => void {
  const own: (readonly [resource: number, limit: BigUint64Array<ArrayBuffer>])[] = [];
  for (const { resource, soft } of limits) {
    const number = RESOURCE[resource];
    const limit = readLimit(number);
    const [ownSoft, ownHard] = limit as unknown as [bigint, bigint];
    const wanted = resource === "nofile" ? highest(FEWEST_FILES, toKernel(soft)) : toKernel(soft);
    if (wanted < ownSoft && HIT_US.includes(resource)) continue;
    if (setLimit(OURSELVES, number, new BigUint64Array([wanted, highest(wanted, ownHard)]))) {
      own.push([number, limit]);
    }
  }
  return () => {
    for (let last; (last = own.pop()) !== undefined;) setLimit(OURSELVES, ...last);
  };
}

/**
 * What a program is to be given once it runs: its limits in full, and how it is favoured.
 *
 * Some may be given only as its own user, with its ids, and some only as root: try the one and then the other.
 */
export function grants(
  limits: readonly ResourceLimit[],
  nice: number | null,
  oomScoreAdjust: number | null,
): Grant[] {
  const all: Grant[] = limits.map(({ resource, soft, hard }) => ({
    what: `${resource} to ${soft}${hard === soft ? "" : `, at most ${hard}`}`,
    give: (pid) => {
      const limit = new BigUint64Array([toKernel(soft), toKernel(hard)]);
      return setLimit(pid, RESOURCE[resource], limit) ? null : lastReason();
    },
  }));
  if (nice !== null) {
    const give = (pid: number): string | null =>
      libc.setpriority(PRIO_PROCESS, pid, nice) === 0 ? null : lastReason();
    all.push({ what: `nice to ${nice}`, give });
  }
  if (oomScoreAdjust !== null) {
    const give = (pid: number): string | null => write(`/proc/${pid}/oom_score_adj`, String(oomScoreAdjust));
    all.push({ what: `oom_score_adj to ${oomScoreAdjust}`, give });
  }
  return all;
}

function readLimit(resource: number): BigUint64Array<ArrayBuffer> {
  const limit = new BigUint64Array(2); // struct rlimit: soft, hard
  libc.prlimit(OURSELVES, resource, null, new Uint8Array(limit.buffer));
  return limit;
}

function setLimit(pid: number, resource: number, limit: BigUint64Array<ArrayBuffer>): boolean {
  return libc.prlimit(pid, resource, new Uint8Array(limit.buffer), null) === 0;
}

function toKernel(limit: number): bigint {
  return limit < 0 ? UNLIMITED : BigInt(limit);
}

function highest(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
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
