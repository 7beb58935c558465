/**
 * Executing a command in a new process: by each path that it may have until one can be executed, and by `/bin/sh` where
 * it is a file that the kernel does not know how to execute and that is no binary, as a shell would; execvp(3).
 */

import { EACCES, ENOENT, ENOEXEC, ENOTDIR } from "./abi.ts";
import { type Arg, beginInChild, type ChildFailure, PASSES_ALL, passing, type Step } from "./child.ts";
import { cString, type CStringTable, cStringTable } from "./c_string.ts";
import { strerror } from "./error_words.ts";
import { explain, isElf, isFile, noProcess, pathsOf, type Search, type SpawnFailure } from "./executable.ts";

/** What is done in the new process before the command is executed. */
export interface Preparation extends Step {
  /** What it means where that fails, if it is not the command's own failure. */
  readonly fails?: (error: number) => SpawnFailure;
  /** In words, such as `nice to 5`: what the program goes without where that fails and the process goes on. */
  readonly gives?: string;
}

export interface Execution {
  /** The command and its arguments: at least one. */
  readonly argv: readonly (string | Uint8Array)[];
  /** A `char *[]`. */
  readonly environment: Arg;
  readonly search: Search;
  readonly before: readonly Preparation[];
  /** Descriptors that are for others, and that it must not keep open however long it takes. */
  readonly foreign?: ReadonlySet<number>;
  /** See {@linkcode beginInChild}. */
  readonly news?: number;
}

export interface Executed {
  readonly pid: number;
  /** The error number of each preparation; 0: there was none. */
  readonly errors: readonly number[];
  /** `null`, if it is not late: else why it was not executed, if it was not; see `ChildOutcome`. */
  readonly late: (() => SpawnFailure | null) | null;
}

/** With these another path may do. */
const TRIES_ON = passing(ENOENT, EACCES, ENOTDIR);

const SHELL = "/bin/sh";

/**
 * Starts the command. It has been executed, if it is not late, when what is returned has been called, which must be done
 * once.
 */
export function beginExecution(execution: Execution): () => Executed | SpawnFailure {
  const paths = pathsOf(execution.argv[0]!, execution.search);
  const late = "it was too late for /bin/sh to run it as a script";
  const finish = beginPaths(paths, execution.argv, execution, (failed) => {
    return isScript(failed, paths, execution) ? scriptFailure(late) : explained(failed, execution);
  });
  return () => withShell(finish(), paths, execution);
}

function isScript(
  { error, at }: NotExecuted,
  paths: readonly Uint8Array[],
  { search }: Execution,
): boolean {
  return error === ENOEXEC && !isElf(paths[at]!, search);
}

function explained({ error }: NotExecuted, { argv, search }: Execution): SpawnFailure {
  return explain(error, argv[0]!, search);
}

function scriptFailure(why: string): SpawnFailure {
  const reason = `it has no #! line, and ${why}`;
  return { name: "not executable", reason, systemReason: strerror(ENOEXEC) };
}

/** What has come of it, by the shell where the kernel does not know how to execute it. */
function withShell(
  result: Executed | SpawnFailure | NotExecuted,
  paths: readonly Uint8Array[],
  execution: Execution,
): Executed | SpawnFailure {
  if (!("at" in result)) return result;
  if (!isScript(result, paths, execution)) return explained(result, execution);
  const argv = [SHELL, paths[result.at]!, ...execution.argv.slice(1)];
  const withoutShell = (failed: NotExecuted): SpawnFailure =>
    failed.error === ENOENT
      ? scriptFailure("there is no /bin/sh that could run it as a script")
      : explained(failed, execution);
  const asScript = beginPaths([SHELL], argv, execution, withoutShell)();
  return "at" in asScript ? withoutShell(asScript) : asScript;
}

/** What kept each of the paths from being executed, and the last that was tried. */
interface NotExecuted {
  readonly error: number;
  readonly at: number;
}

function beginPaths(
  paths: readonly (string | Uint8Array)[],
  argv: readonly (string | Uint8Array)[],
  { before: own, environment, search, foreign = new Set(), news }: Execution,
  explainLate: (failed: NotExecuted) => SpawnFailure,
): () => Executed | SpawnFailure | NotExecuted {
  if (paths.length === 0) return () => ({ error: ENOENT, at: 0 });
  const words = cStringTable(argv);
  const attempts = paths.map((path) => attempt(path, words, environment));
  const closings = [...foreign].map(closing);
  const before = [...closings, ...own];
  const finish = beginInChild([...before, ...attempts], news);

  function failed({ at, errors }: ChildFailure): SpawnFailure | NotExecuted {
    if (at < before.length) {
      const fails = before[at]!.fails ?? ((error) => explain(error, argv[0]!, search));
      return fails(errors[at]!);
    }
    const tried = errors.slice(before.length, at + 1).map((error, i) => ({ error, path: paths[i]! }));
    return { error: whatCounts(tried, search), at: at - before.length };
  }

  const ownOf = (errors: readonly number[]): number[] => errors.slice(closings.length, before.length);
  return () => {
    const outcome = finish();
    switch (outcome.name) {
      case "executed":
        return { pid: outcome.pid, errors: ownOf(outcome.errors), late: null };
      case "late": {
        const late = (): SpawnFailure | null => {
          const failure = outcome.failure();
          const result = failure === null ? null : failed(failure);
          return result !== null && "at" in result ? explainLate(result) : result;
        };
        return { pid: outcome.pid, errors: ownOf(outcome.errors), late };
      }
      case "no process":
        return noProcess(outcome.error);
      case "failed":
        return failed(outcome);
    }
  };
}

/**
 * The error of the path that comes nearest: a folder that may not be searched counts as one without the command, unless
 * we see that it is there. Behind an error that {@linkcode TRIES_ON} does not have no other path was tried.
 */
function whatCounts(
  tried: readonly { readonly error: number; readonly path: string | Uint8Array }[],
  search: Search,
): number {
  const { error: last } = tried.at(-1)!;
  if (tried.length === 1 || (TRIES_ON >> BigInt(last) & 1n) === 0n) return last;
  return tried.some(({ error, path }) => error === EACCES && isFile(path, search)) ? EACCES : ENOENT;
}

function closing(descriptor: number): Preparation {
  return { call: "close", args: [descriptor], passes: PASSES_ALL };
}

function attempt(path: string | Uint8Array, words: CStringTable, environment: Arg): Step {
  return { call: "execve", args: [cString(path), words, environment], passes: TRIES_ON };
}
