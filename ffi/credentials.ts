/** Which user the main thread acts as; credentials(7). */

import { SYS } from "./abi.ts";
import { lastReason } from "./error_words.ts";
import { libc } from "./libc.ts";

/** A user to act as, with all groups that count beside the first. */
export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/** Why the main thread may not act as somebody else, in words. */
export interface Refused {
  readonly refused: string;
}

const ROOT = 0;
const TRIES = 100;
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

/** What the main thread acts as when it acts as nobody else. */
export function ownCredentials(): Credentials {
  return own ??= { uid: libc.geteuid(), gid: libc.getegid(), groups: supplementaryGroups() };
}

function supplementaryGroups(): number[] {
  const groups = new Uint32Array(Math.max(0, libc.getgroups(0, null)));
  libc.getgroups(groups.length, new Uint8Array(groups.buffer));
  return [...groups];
}

/** What the main thread has to be given back; `null` while it acts as itself. */
let borrowed: Traits | null = null;

/**
 * Does something as another user: a program that is started meanwhile is his, with his groups and without
 * capabilities, unless he is root.
 *
 * The credentials of Linux belong to a thread: raw system calls change those of the main one alone (the functions of
 * libc would ask every thread to follow). Its saved user id stays, and is the way back. Meanwhile that user's own
 * processes may send it signals, as they may to any of his, but not trace it.
 *
 * If, against all expectation, the way back were barred, nothing more is done as anybody until it is open again.
 */
export function actAs<Result>(target: Credentials, action: () => Result): Result | Refused {
  if (borrowed !== null && !giveBack(borrowed)) {
    return { refused: "denit acted as another user before, and could not become itself again" };
  }
  const self = ownCredentials();
  const regroups = !isSame(target.groups, self.groups);
  if (!regroups && target.uid === self.uid && target.gid === self.gid) return action();

  const traits = readTraits(regroups);
  if (regroups && !setGroups(target.groups)) return refusal(target);
  borrowed = traits;
  try {
    if (target.uid !== ROOT) dropInheritable();
    const became = setIds(SYS.setresgid, target.gid, self.gid) && setIds(SYS.setresuid, target.uid, self.uid);
    return became ? action() : refusal(target);
  } finally {
    giveBack(traits);
  }
}

function isSame(some: readonly number[], others: readonly number[]): boolean {
  return new Set(some).symmetricDifference(new Set(others)).size === 0;
}

/** To be asked straight after the call that failed. */
function refusal({ uid }: Credentials): Refused {
  const needs = "which takes root, or CAP_SETUID and CAP_SETGID";
  return { refused: `denit may not become user ${uid} (${lastReason()}), ${needs}` };
}

function setGroups(groups: readonly number[]): boolean {
  const list = new Uint8Array(new Uint32Array(groups).buffer);
  return libc.syscall(BigInt(SYS.setgroups), groups.length, list, 0n) === 0n;
}

function setIds(call: number, id: number, saved: number): boolean {
  return libc.syscall_ids(BigInt(call), id, id, saved) === 0n;
}

/** What changes beside the ids, for the thread or, `dumpable`, for the whole process. */
interface Traits {
  /** Whether the supplementary groups do. */
  readonly regroups: boolean;
  readonly capabilities: Uint32Array<ArrayBuffer>;
  readonly ambient: readonly bigint[];
  readonly dumpable: number;
  readonly parentDeathSignal: number;
}

function readTraits(regroups: boolean): Traits {
  const capabilities = readCapabilities();
  const inherits = INHERITABLE.some((word) => capabilities[word] !== 0);
  const ambient = inherits
    ? ALL_CAPABILITIES.filter((each) => askAmbient(PR_CAP_AMBIENT_IS_SET, each) === 1)
    : [];
  const signal = new Int32Array(1);
  libc.prctl(PR_GET_PDEATHSIG, Deno.UnsafePointer.value(Deno.UnsafePointer.of(signal)), 0n, 0n, 0n);
  const dumpable = libc.prctl(PR_GET_DUMPABLE, 0n, 0n, 0n, 0n);
  return { regroups, capabilities, ambient, dumpable, parentDeathSignal: signal[0]! };
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
function dropInheritable(): void {
  const words = readCapabilities();
  for (const word of INHERITABLE) words[word] = 0;
  libc.capset(CAPABILITY_HEADER, new Uint8Array(words.buffer));
}

/** Makes the main thread act as itself again; returns whether it does. */
function giveBack(traits: Traits): boolean {
  const { uid, gid, groups } = ownCredentials();
  for (let tries = 0; tries < TRIES; tries++) { // the kernel may lack the memory for a moment
    if (!setIds(SYS.setresuid, uid, uid) || !setIds(SYS.setresgid, gid, gid)) continue;
    if (traits.regroups && !setGroups(groups)) continue;
    putBack(traits);
    borrowed = null;
    return true;
  }
  return false;
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
  const traits = readTraits(false);
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
