/** How a program of a service is started: as whom, where, and with what environment, descriptors and limits. */

import { EACCES, ENOENT, ENOTDIR, O_CLOEXEC, O_RDWR } from "./abi.ts";
import { allowing, marking, type ResourceLimit, setOomScore } from "./allowance.ts";
import { cString, cStringTable } from "./c_string.ts";
import { becoming, type Credentials, ownCredentials } from "./credentials.ts";
import { valueOf, type Variable } from "./environment.ts";
import { inSentence, strerror } from "./error_words.ts";
import { DEFAULT_PATH, type Search, type SpawnFailure } from "./executable.ts";
import { beginExecution, type Executed, type Preparation } from "./execute.ts";
import { errno, libc } from "./libc.ts";
import { makePipe } from "./pipe.ts";
import { blocking, ignoring } from "./preparations.ts";

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
  /** A number that its children have too, and that {@linkcode readLocksLimit} reads, if nothing here is against it. */
  readonly mark: number | null;
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
  /** Where it is late: why it was not executed, if it was not. To be asked when it was reaped. */
  readonly late: (() => SpawnFailure | null) | null;
}

const THE_SAME_GROUP = 0xffffffff;

/**
 * Starts a program. It has been executed when this returns, or is told to be late, and then runs whatever the problems
 * are.
 *
 * Its working directory, the command and what the command is found by are looked at as the user that it runs as.
 */
export function startService(order: ServiceOrder): ServiceStarted | SpawnFailure {
  return beginService(order)();
}

/** What programs are given that are begun, of which the next has copies until it is executed: it may hang. */
const given = new Set<number>();

/** As {@linkcode startService}, but what is returned waits for that, and must be called once. */
export function beginService(order: ServiceOrder): () => ServiceStarted | SpawnFailure {
  const descriptors = openDescriptors(order);
  if ("name" in descriptors) return () => descriptors;
  const close = (): void => descriptors.close.forEach((descriptor) => libc.close(descriptor));
  try {
    const finish = begin(order, descriptors);
    const outputs = outputsOf(order);
    for (const output of outputs) given.add(output);
    return () => {
      for (const output of outputs) given.delete(output);
      try {
        return finish(); // a script without #! is started only now
      } finally {
        close();
      }
    };
  } catch (error) {
    close();
    throw error;
  }
}

function begin(order: ServiceOrder, { streams }: Descriptors): () => ServiceStarted | SpawnFailure {
  const { argv, credentials, workingDirectory: folder } = order;
  if (credentials !== null) giveOutputs(order, credentials.uid);
  const search: Search = { path: valueOf(order.environment, "PATH") ?? DEFAULT_PATH, folder };
  const before: Preparation[] = [
    { call: "setsid", args: [] },
    ...streams.flatMap((from, to): Preparation[] =>
      from === null ? [] : [{ call: "dup3", args: [from, to, 0] }]
    ),
    ...ignoring(order.ignored),
    ...order.mark === null ? [] : [marking(order.mark)],
    ...allowing(order.limits, order.nice),
    ...order.umask === null ? [] : [{ call: "umask", args: [order.umask] } as const],
    ...credentials === null ? [] : becoming(credentials),
    ...folder === null ? [] : [entering(folder)],
    blocking([]),
  ];
  const finish = beginExecution({
    argv,
    environment: cStringTable(order.environment.map(({ entry }) => entry)),
    search,
    before,
    foreign: given,
  });
  return () => {
    const executed = finish();
    return "pid" in executed
      ? { pid: executed.pid, problems: problemsOf(executed, before, order), late: executed.late }
      : executed;
  };
}

function problemsOf(
  { pid, errors, late }: Executed,
  before: readonly Preparation[],
  { oomScoreAdjust, credentials }: ServiceOrder,
): string[] {
  const problems = before.flatMap(({ gives }, i) =>
    gives === undefined || errors[i] === 0 ? [] : [`Cannot set ${gives}: ${inSentence(errors[i]!)}`]
  );
  if (late !== null) problems.push("Cannot tell whether it runs: it takes unusually long to execute it");
  if (oomScoreAdjust !== null) {
    const reason = late !== null
      ? "that comes behind its execution" // what still shares our memory would give us the same
      : setOomScore(pid, oomScoreAdjust, credentials ?? ownCredentials());
    if (reason !== null) problems.push(`Cannot set oom_score_adj to ${oomScoreAdjust}: ${reason}`);
  }
  return problems;
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
  if (empty === null) {
    const reason = `its /dev/null cannot be opened (${inSentence(error)})`;
    return { name: "refused", reason, systemReason: strerror(error) };
  }
  libc.close(empty.write);
  return { streams: [empty.read, stream(stdout), stream(stderr)], close: [empty.read] };
}

/** Has the pipes be the user's, so that he may open them by a name, such as /dev/stdout. */
function giveOutputs(order: ServiceOrder, uid: number): void {
  for (const output of outputsOf(order)) libc.fchown(output, uid, THE_SAME_GROUP);
}

/** The descriptors among its outputs. */
function outputsOf({ stdout, stderr }: ServiceOrder): number[] {
  return [stdout, stderr].filter((output) => typeof output === "number");
}

function entering(folder: string): Preparation {
  const whose = `its working directory ${folder}`;
  const fails = (error: number): SpawnFailure => {
    const systemReason = strerror(error);
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
  };
  return { call: "chdir", args: [folder], fails };
}
