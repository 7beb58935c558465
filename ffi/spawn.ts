/** How a program is started: posix_spawn(3). It goes through libc, not `Deno.Command`, so that one reaper serves all. */

import { LAST_SIGNAL, SIZE } from "./abi.ts";
import { cString, type CStringTable, cStringTable } from "./c_string.ts";
import { ignoreSignal, restoreDisposition, withoutOutputSignals } from "./disposition.ts";
import { readVariable } from "./environment.ts";
import { readHead } from "./file.ts";
import { environment, hasSymbol, libc } from "./libc.ts";
import { signalSet } from "./signal_set.ts";

/** A program to start, and how. */
export interface SpawnOrder {
  /** The command and its arguments: at least one. */
  readonly argv: readonly (string | Uint8Array)[];
  /**
   * Where it stands: leading a process group of its own, leading one in the foreground of the terminal on standard
   * input, leading a session of its own to which that terminal belongs, or in our process group.
   */
  readonly place: "own group" | "foreground" | "own session" | "our group";
  /** Signals that stay ignored in the program. All others start with their default effect. */
  readonly ignored: readonly number[];
  /** Signals that are blocked when it starts. */
  readonly blocked: readonly number[];
}

/** Why a program could not be started. */
export interface SpawnFailure {
  /**
   * `"not found"`: nothing has that name. `"bad path"`: its path leads nowhere. `"no interpreter"`: what it names
   * on its `#!` line, or as its loader, is missing. `"not permitted"`: it, or a folder, may not be used.
   * `"not executable"`: this system cannot run it. `"refused"`: the system gave no process (limits, memory).
   */
  readonly name: "not found" | "bad path" | "no interpreter" | "not permitted" | "not executable" | "refused";
  /** The reason in words, without the command's name. */
  readonly reason: string;
  /** The reason in the words of strerror(3). */
  readonly systemReason: string;
}

const POSIX_SPAWN_SETPGROUP = 0x02;
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
const POSIX_SPAWN_SETSID = 0x80;

const O_RDWR = 2;
const F_DUPFD_CLOEXEC = 1030;
const FIRST_INHERITED = 3;

const [ENOENT, ENOEXEC, EACCES, ENOTDIR, ENAMETOOLONG, ELOOP] = [2, 8, 13, 20, 36, 40] as const;
/** What the child reports when the terminal is no longer there, or no longer ours to give away. */
const TERMINAL_ERRORS: readonly number[] = [/* EPERM */ 1, /* EIO */ 5, /* ENXIO */ 6, /* ENOTTY */ 25];
const [EAGAIN, ENOMEM, ENFILE, EMFILE] = [11, 12, 23, 24] as const;
const [F_OK, X_OK] = [0, 1] as const;
const SLASH = 0x2f;
const encoder = new TextEncoder();

const STDIN = 0;
/** glibc 2.35 gives the terminal away in the child, before the program starts; with an older one we do, after. */
const SETS_FOREGROUND = hasSymbol("posix_spawn_file_actions_addtcsetpgrp_np");

/** Where a command without a slash is looked for when there is no PATH; confstr(3), as posix_spawnp does. */
const DEFAULT_PATH = "/bin:/usr/bin";

/**
 * Starts a program in the present working directory and with the present environment.
 *
 * Returns its process id once it has been executed. A file that the kernel does not know how to execute and that
 * is no binary is run by `/bin/sh`, as a shell would (execvp(3)).
 */
export function spawn(order: SpawnOrder): number | SpawnFailure {
  const file = order.argv[0]!;
  const attributes = spawnAttributes(order);
  // A number that is surely nobody else's, for the terminal to be opened at for a moment.
  const spare = order.place === "own session" ? libc.fcntl(STDIN, F_DUPFD_CLOEXEC, FIRST_INHERITED) : -1;
  const actions = spawnFileActions(order.place, spare);
  // Sigaction, not the spawn attributes, can keep a signal ignored that we catch.
  const caught = order.ignored.map((signal) => [signal, ignoreSignal(signal)] as const);
  try {
    const run = (call: typeof libc.posix_spawnp, path: string | Uint8Array, argv: CStringTable): number =>
      execute(call, path, argv, attributes, actions);
    const pid = run(libc.posix_spawnp, file, cStringTable(order.argv));
    if (order.place === "foreground") {
      if (TERMINAL_ERRORS.includes(-pid)) return spawn({ ...order, place: "own group" });
      if (!SETS_FOREGROUND && pid > 0) withoutOutputSignals(() => libc.tcsetpgrp(STDIN, pid));
    }
    if (pid !== -ENOEXEC) return pid > 0 ? pid : explain(-pid, file);

    const script = findExecutable(file);
    if (script === null || isElf(script)) return explain(ENOEXEC, file);
    const shell = run(libc.posix_spawn, "/bin/sh", cStringTable(["/bin/sh", script, ...order.argv.slice(1)]));
    if (shell === -ENOENT) {
      return {
        name: "not executable",
        reason: "it has no #! line, and there is no /bin/sh that could run it as a script",
        systemReason: strerror(ENOEXEC),
      };
    }
    return shell > 0 ? shell : explain(-shell, file);
  } finally {
    for (const [signal, disposition] of caught) restoreDisposition(signal, disposition);
    libc.posix_spawn_file_actions_destroy(actions);
    if (spare >= 0) libc.close(spare);
  }
}

/** One call of posix_spawn or posix_spawnp: the process id, or the error number negated. */
function execute(
  call: typeof libc.posix_spawnp,
  path: string | Uint8Array,
  argv: CStringTable,
  attributes: Uint8Array<ArrayBuffer>,
  actions: Uint8Array<ArrayBuffer>,
): number {
  const pid = new Int32Array(1);
  const error = call(
    new Uint8Array(pid.buffer),
    cString(path),
    actions,
    attributes,
    argv.pointers,
    environment(),
  );
  return error === 0 ? pid[0]! : -error;
}

function spawnAttributes({ ignored, blocked, place }: SpawnOrder): Uint8Array<ArrayBuffer> {
  const attributes = new Uint8Array(SIZE.spawnAttributes);
  libc.posix_spawnattr_init(attributes); // an empty mask, and process group 0: a new one
  const defaults = [];
  for (let signal = 1; signal <= LAST_SIGNAL; signal++) if (!ignored.includes(signal)) defaults.push(signal);
  libc.posix_spawnattr_setsigdefault(attributes, signalSet(defaults));
  if (blocked.length > 0) libc.posix_spawnattr_setsigmask(attributes, signalSet(blocked));
  const leads = { "own group": POSIX_SPAWN_SETPGROUP, "foreground": POSIX_SPAWN_SETPGROUP, "our group": 0 };
  libc.posix_spawnattr_setflags(
    attributes,
    (place === "own session" ? POSIX_SPAWN_SETSID : leads[place]) | POSIX_SPAWN_SETSIGDEF |
      POSIX_SPAWN_SETSIGMASK,
  );
  return attributes;
}

function spawnFileActions(place: SpawnOrder["place"], spare: number): Uint8Array<ArrayBuffer> {
  const actions = new Uint8Array(SIZE.spawnFileActions);
  libc.posix_spawn_file_actions_init(actions);
  if (place === "foreground" && SETS_FOREGROUND) {
    libc.posix_spawn_file_actions_addtcsetpgrp_np(actions, STDIN);
  }
  const terminal = place === "own session" ? libc.ttyname(STDIN) : null;
  if (terminal !== null && spare >= 0) {
    // The first terminal that a session leader opens becomes its controlling terminal.
    const path = cString(Deno.UnsafePointerView.getCString(terminal));
    libc.posix_spawn_file_actions_addopen(actions, spare, path, O_RDWR, 0);
    libc.posix_spawn_file_actions_addclose(actions, spare);
  }
  return actions;
}

function explain(error: number, file: string | Uint8Array): SpawnFailure {
  const name = typeof file === "string" ? file : new TextDecoder().decode(file);
  const systemReason = strerror(error);
  switch (error) {
    case ENOENT:
      if (findExecutable(file) !== null) {
        const reason = "the file is there, but the interpreter or loader that it names is not";
        return { name: "no interpreter", reason, systemReason };
      }
      return {
        name: "not found",
        reason: name.includes("/") ? "no such file" : `no such command in PATH (${searchPath()})`,
        systemReason,
      };
    case ENOTDIR:
      return { name: "bad path", reason: "a part of its path is not a directory", systemReason };
    case ENAMETOOLONG:
    case ELOOP:
      return { name: "bad path", reason: inSentence(systemReason), systemReason };
    case EACCES:
      return {
        name: "not permitted",
        reason: "it is not an executable file, or its folder may not be searched",
        systemReason,
      };
    case ENOEXEC:
      return {
        name: "not executable",
        reason: "it is a program for another machine, or damaged",
        systemReason,
      };
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
      return {
        name: "refused",
        reason: `the system has no room for another process (${inSentence(systemReason)})`,
        systemReason,
      };
    default:
      return { name: "not executable", reason: inSentence(systemReason), systemReason };
  }
}

function strerror(error: number): string {
  return Deno.UnsafePointerView.getCString(libc.strerror(error)!);
}

function inSentence(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function searchPath(): string {
  return readVariable("PATH") ?? DEFAULT_PATH;
}

/** The path of the file that posix_spawnp found for a command: the first that may be executed, else that exists. */
function findExecutable(file: string | Uint8Array): Uint8Array | null {
  const bytes = typeof file === "string" ? encoder.encode(file) : file;
  if (bytes.length === 0) return null;
  const candidates = bytes.includes(SLASH)
    ? [bytes]
    : searchPath().split(":").map((folder) =>
      new Uint8Array([...encoder.encode(folder === "" ? "." : folder), SLASH, ...bytes])
    );
  const files = candidates.filter((path) => !isFolder(path));
  return files.find((path) => libc.access(cString(path), X_OK) === 0) ??
    files.find((path) => libc.access(cString(path), F_OK) === 0) ?? null;
}

/** A search goes on behind a folder of the command's name, as posix_spawnp(3) does. */
function isFolder(path: Uint8Array): boolean {
  return libc.access(cString(new Uint8Array([...path, ...encoder.encode("/.")])), F_OK) === 0;
}

function isElf(path: Uint8Array): boolean {
  const head = readHead(path, 4);
  return head !== null && head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46;
}
