/** As which user programs run, and files are opened; credentials(7). */

import { EPERM } from "./abi.ts";
import { passing } from "./child.ts";
import { inSentence, strerror } from "./error_words.ts";
import type { SpawnFailure } from "./executable.ts";
import type { Preparation } from "./execute.ts";
import { libc } from "./libc.ts";

/** A user, with all groups that count beside the first. */
export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

const ROOT = 0;
const [PR_SET_PDEATHSIG, PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_DUMPABLE, PR_CAP_AMBIENT] = [
  1,
  2,
  3,
  4,
  47,
] as const;
const [PR_CAP_AMBIENT_IS_SET, PR_CAP_AMBIENT_RAISE] = [1n, 2n] as const;
const LAST_CAPABILITY = 63;
/** `struct __user_cap_header_struct`: version 3, and the calling thread. */
const CAPABILITY_HEADER = new Uint8Array(new Uint32Array([0x20080522, 0]).buffer);
/** Words of the data: effective, permitted and inheritable, for the capabilities below 32 and then for the others. */
const CAPABILITY_WORDS = 6;
const INHERITABLE = [2, 5] as const;

let own: Credentials | null = null;

/** What denit runs as. */
export function ownCredentials(): Credentials {
  return own ??= { uid: libc.geteuid(), gid: libc.getegid(), groups: supplementaryGroups() };
}

function supplementaryGroups(): number[] {
  const groups = new Uint32Array(Math.max(0, libc.getgroups(0, null)));
  libc.getgroups(groups.length, new Uint8Array(groups.buffer));
  return [...groups];
}

/**
 * Has a new process become a user: what it executes is his, with his groups and without capabilities, unless he is root.
 * What is so already is left as it is.
 */
export function becoming(target: Credentials): Preparation[] {
  const { uid, gid, groups } = ownCredentials();
  const regroups = !isSame(target.groups, groups);
  if (!regroups && target.uid === uid && target.gid === gid) return [];
  const what = target.uid === uid
    ? `have the groups ${[...new Set([target.gid, ...target.groups])].join(", ")}`
    : `become user ${target.uid}`;
  const needs = "which takes root, or CAP_SETUID and CAP_SETGID";
  const fails = (error: number): SpawnFailure => ({
    name: "refused",
    reason: `denit may not ${what} (${inSentence(error)}), ${needs}`,
    systemReason: strerror(error),
  });
  const list = new Uint8Array(new Uint32Array(target.groups).buffer);
  // Whether its own group is among the others too makes no difference; who may change nothing is not refused for that.
  const isNeeded = !isSame([...target.groups, target.gid], [...groups, target.gid]);
  const passes = isNeeded ? 0n : passing(EPERM);
  return [
    ...regroups ? [{ call: "setgroups", args: [target.groups.length, list], passes, fails } as const] : [],
    ...target.uid === ROOT ? [] : dropInheritable(fails),
    { call: "setresgid", args: [target.gid, target.gid, target.gid], fails },
    { call: "setresuid", args: [target.uid, target.uid, target.uid], fails },
  ];
}

function isSame(some: readonly number[], others: readonly number[]): boolean {
  return new Set(some).symmetricDifference(new Set(others)).size === 0;
}

/** What changes beside the ids, for the thread or, `dumpable`, for the whole process. */
interface Traits {
  readonly capabilities: Uint32Array<ArrayBuffer>;
  readonly ambient: readonly bigint[];
  readonly dumpable: number;
  readonly parentDeathSignal: number;
}

function readTraits(): Traits {
  const capabilities = readCapabilities();
  const inherits = INHERITABLE.some((word) => capabilities[word] !== 0);
  const ambient = inherits
    ? ALL_CAPABILITIES.filter((each) => askAmbient(PR_CAP_AMBIENT_IS_SET, each) === 1)
    : [];
  const signal = new Int32Array(1);
  libc.prctl(PR_GET_PDEATHSIG, Deno.UnsafePointer.value(Deno.UnsafePointer.of(signal)), 0n, 0n, 0n);
  const dumpable = libc.prctl(PR_GET_DUMPABLE, 0n, 0n, 0n, 0n);
  return { capabilities, ambient, dumpable, parentDeathSignal: signal[0]! };
}

const ALL_CAPABILITIES = Array.from({ length: LAST_CAPABILITY + 1 }, (_, each) => BigInt(each));

function askAmbient(what: bigint, capability: bigint): number {
  return libc.prctl(PR_CAP_AMBIENT, what, capability, 0n, 0n);
}

function readCapabilities(): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(CAPABILITY_WORDS);
  libc.capget(CAPABILITY_HEADER, new Uint8Array(words.buffer));
  return words;
}

/** What is inheritable, and with it what is ambient, is all that a program would get from a user that is not root. */
function dropInheritable(fails: NonNullable<Preparation["fails"]>): Preparation[] {
  const words = readCapabilities();
  if (INHERITABLE.every((word) => words[word] === 0)) return [];
  for (const word of INHERITABLE) words[word] = 0;
  return [{ call: "capset", args: [CAPABILITY_HEADER, new Uint8Array(words.buffer)], fails }];
}

function putBack({ capabilities, ambient, dumpable, parentDeathSignal }: Traits): void {
  libc.capset(CAPABILITY_HEADER, new Uint8Array(capabilities.buffer));
  for (const capability of ambient) askAmbient(PR_CAP_AMBIENT_RAISE, capability);
  libc.prctl(PR_SET_DUMPABLE, BigInt(dumpable), 0n, 0n, 0n);
  libc.prctl(PR_SET_PDEATHSIG, BigInt(parentDeathSignal), 0n, 0n, 0n);
}

/**
 * Does something with the files of another user, as he himself might; of all that decides about access that is his
 * user and group id. Where it may not be done as him it is done all the same.
 */
export function withFilesOf<Result>(uid: number, gid: number, action: () => Result): Result {
  const self = ownCredentials();
  if (uid === self.uid && gid === self.gid) return action();
  const traits = readTraits();
  libc.setfsgid(gid);
  libc.setfsuid(uid);
  try {
    return action();
  } finally {
    libc.setfsuid(self.uid);
    libc.setfsgid(self.gid);
    putBack(traits);
  }
}
