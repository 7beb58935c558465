/** How a program of a service is started: as whom, where, and with what environment, descriptors and limits. */

import { SIZE } from "./abi.ts";
import { type Grant, grants, type ResourceLimit, takeLimits } from "./allowance.ts";
import { cString, cStringTable } from "./c_string.ts";
import { actAs, type Credentials, ownCredentials } from "./credentials.ts";
import { whileIgnored } from "./disposition.ts";
import { valueOf, type Variable } from "./environment.ts";
import { inSentence, strerror } from "./error_words.ts";
import {
  DEFAULT_PATH,
  ENOENT,
  explain,
  findExecutable,
  isPath,
  type Search,
  type SpawnFailure,
} from "./executable.ts";
import { errno, hasSymbol, libc } from "./libc.ts";
import { makePipe } from "./pipe.ts";
import { conclude, execute, POSIX_SPAWN_SETSID, spawnAttributes } from "./posix_spawn.ts";
import { lookAt } from "./wait.ts";

/**
 * A program to start, in a session of its own without a terminal and with an empty standard input; `null` stands for
 * what denit itself has.
 */
export interface ServiceOrder {
  /** The command and its arguments: at least one. */
  readonly argv: readonly (string | Uint8Array)[];
  /** All its variables. The command is looked for in the PATH among them. */
  readonly environment: readonly Variable[];
  readonly workingDirectory: string | null;
  readonly stdout: Given;
  readonly stderr: Given;
  readonly credentials: Credentials | null;
  readonly umask: number | null;
  readonly limits: readonly ResourceLimit[];
  readonly nice: number | null;
  readonly oomScoreAdjust: number | null;
  /** Signals that stay ignored in the program. All others start with their default effect, and none is blocked. */
  readonly ignored: readonly number[];
}

/** Where output goes: to denit's own, nowhere, or into a descriptor from 3 up, of which the program gets a copy. */
export type Given = "inherit" | "null" | number;

/** A program that runs, and in words what it should have been given and was not: `Cannot set nice to -5: reason`. */
export interface ServiceStarted {
  readonly pid: number;
  readonly problems: readonly string[];
}

const [O_RDWR, O_CLOEXEC] = [2, 0o2000000] as const;
const F_OK = 0;
const [EPERM, EACCES, ENOTDIR, ENOSYS] = [1, 13, 20, 38] as const;
const [SIGCONT, SIGSTOP] = [18, 19] as const;
const NO_SIGNAL = new Uint8Array(SIZE.signalSet);
/** `struct timespec`: no seconds, 50 us. */
const BETWEEN_LOOKS = new Uint8Array(new BigInt64Array([0n, 50_000n]).buffer);
const LOOKS = 500;

/**
 * Starts a program. It has been executed when this returns, and then runs whatever the problems are.
 *
 * Its working directory, the command and what the command is found by are looked at as the user that it runs as.
 */
export function startService(order: ServiceOrder): ServiceStarted | SpawnFailure {
  const descriptors = openDescriptors(order);
  if ("name" in descriptors) return descriptors;
  const wanted = grants(order.limits, order.nice, order.oomScoreAdjust);
  const user = order.credentials ?? ownCredentials();
  const mask = order.umask === null ? null : libc.umask(order.umask);
  const putLimitsBack = takeLimits(order.limits);
  try {
    const outcome = actAs(user, () => {
      const pid = start(order, descriptors, putLimitsBack);
      if (typeof pid !== "number") return pid;
      return { pid, missing: wanted.length > 0 && halt(pid) ? give(pid, wanted) : [] };
    });
    if ("refused" in outcome) return refused(EPERM, outcome.refused);
    if (!("pid" in outcome)) return outcome;
    const { pid } = outcome;
    const missing = give(pid, outcome.missing.map(({ grant }) => grant));
    if (wanted.length > 0 && !goOn(pid)) actAs(user, () => goOn(pid));
    return { pid, problems: missing.map(({ grant, reason }) => `Cannot set ${grant.what}: ${reason}`) };
  } finally {
    putLimitsBack();
    if (mask !== null) libc.umask(mask);
    for (const descriptor of descriptors.close) libc.close(descriptor);
  }
}

/**
 * Stops a program that was started just now, before most of it has happened; returns whether it has not ended even so.
 *
 * posix_spawn returns while the kernel still executes the file: the process has its old saved user id yet, so that
 * its own user may not set its limits, and that for its stack is put back at the end. A stopped one is through that.
 * It is not waited for long: others that may signal it could have it go on.
 */
function halt(pid: number): boolean {
  libc.kill(pid, SIGSTOP);
  for (let looks = 0; looks < LOOKS; looks++) {
    const state = lookAt(pid);
    if (state !== "running") return state === "stopped";
    libc.sigtimedwait(NO_SIGNAL, null, BETWEEN_LOOKS); // a short sleep
  }
  return true;
}

function goOn(pid: number): boolean {
  return libc.kill(pid, SIGCONT) === 0;
}

/** What becomes the program's standard streams, `null` being what denit has, and what of it is closed after the start. */
interface Descriptors {
  readonly streams: readonly [stdin: number, stdout: number | null, stderr: number | null];
  readonly close: readonly number[];
}

function openDescriptors({ stdout, stderr }: ServiceOrder): Descriptors | SpawnFailure {
  const nothing = libc.open(cString("/dev/null"), O_RDWR | O_CLOEXEC);
  const stream = (sink: Given): number | null => sink === "null" ? nothing : sink === "inherit" ? null : sink;
  if (nothing >= 0) return { streams: [nothing, stream(stdout), stream(stderr)], close: [nothing] };
  const error = errno();
  const empty = stdout === "null" || stderr === "null" ? null : makePipe();
  if (empty === null) return refused(error, `its /dev/null cannot be opened (${inSentence(error)})`);
  libc.close(empty.write);
  return { streams: [empty.read, stream(stdout), stream(stderr)], close: [empty.read] };
}

function start(
  order: ServiceOrder,
  { streams }: Descriptors,
  putLimitsBack: () => void,
): number | SpawnFailure {
  const { argv, workingDirectory: folder } = order;
  const file = argv[0]!;
  const wrong = folder === null ? null : explainFolder(folder);
  if (wrong !== null) return wrong;
  const search: Search = { path: valueOf(order.environment, "PATH") ?? DEFAULT_PATH, folder };
  // A path is tried as it is: what is wrong with it shows in the error.
  const path = isPath(file) ? file : findExecutable(file, search);
  if (path === null) return explain(ENOENT, file, search);

  const variables = cStringTable(order.environment.map(({ entry }) => entry));
  const actions = fileActions(folder, streams);
  const setting = {
    attributes: spawnAttributes(order.ignored, [], POSIX_SPAWN_SETSID),
    actions,
    environment: Deno.UnsafePointer.of(variables.pointers),
    variables, // alive as long as their addresses are used
  };
  try {
    return whileIgnored(order.ignored, () => {
      const result = execute(libc.posix_spawn, path, cStringTable(argv), setting);
      putLimitsBack(); // before a file is opened: there may be no room for its descriptor
      return conclude(result, argv, setting, () => search);
    });
  } finally {
    libc.posix_spawn_file_actions_destroy(actions);
  }
}

function explainFolder(folder: string): SpawnFailure | null {
  if (!hasSymbol("posix_spawn_file_actions_addchdir_np")) {
    return refused(ENOSYS, "to start it in a folder takes glibc 2.29");
  }
  if (libc.access(cString(`${folder}/.`), F_OK) === 0) return null;
  const error = errno();
  const systemReason = strerror(error);
  const whose = `its working directory ${folder}`;
  switch (error) {
    case ENOENT:
      return { name: "bad path", reason: `${whose} does not exist`, systemReason };
    case ENOTDIR:
      return { name: "bad path", reason: `${whose} is not a directory`, systemReason };
    case EACCES:
      return { name: "not permitted", reason: `${whose} may not be entered`, systemReason };
    default:
      return { name: "bad path", reason: `${whose} cannot be entered: ${inSentence(error)}`, systemReason };
  }
}

function fileActions(folder: string | null, streams: Descriptors["streams"]): Uint8Array<ArrayBuffer> {
  const actions = new Uint8Array(SIZE.spawnFileActions);
  libc.posix_spawn_file_actions_init(actions);
  if (folder !== null) libc.posix_spawn_file_actions_addchdir_np(actions, cString(folder));
  for (const [to, from] of streams.entries()) {
    if (from !== null) libc.posix_spawn_file_actions_adddup2(actions, from, to);
  }
  return actions;
}

/** Gives the process what it can; what it could not, and why. */
function give(pid: number, wanted: readonly Grant[]): { readonly grant: Grant; readonly reason: string }[] {
  return wanted.flatMap((grant) => {
    const reason = grant.give(pid);
    return reason === null ? [] : [{ grant, reason }];
  });
}

function refused(error: number, reason: string): SpawnFailure {
  return { name: "refused", reason, systemReason: strerror(error) };
}
