/** One call of posix_spawn(3). It goes through libc, not `Deno.Command`, so that one reaper serves all. */

import { SIZE } from "./abi.ts";
import { cString, type CStringTable, cStringTable } from "./c_string.ts";
import { strerror } from "./error_words.ts";
import {
  ENOENT,
  ENOEXEC,
  explain,
  findExecutable,
  isElf,
  type Search,
  type SpawnFailure,
} from "./executable.ts";
import { libc } from "./libc.ts";
import { signalSet, signalSetWithout } from "./signal_set.ts";

export const [POSIX_SPAWN_SETPGROUP, POSIX_SPAWN_SETSID] = [0x02, 0x80] as const;
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;

/** What is the same in each call for one program. Whoever made the file actions, if there are any, destroys them. */
export interface SpawnSetting {
  readonly attributes: Uint8Array<ArrayBuffer>;
  readonly actions: Uint8Array<ArrayBuffer> | null;
  readonly environment: Deno.PointerObject | null;
}

/** Calls posix_spawn or posix_spawnp: the process id, or the error number negated. */
export function execute(
  call: typeof libc.posix_spawnp,
  path: string | Uint8Array,
  argv: CStringTable,
  { attributes, actions, environment }: SpawnSetting,
): number {
  const pid = new Int32Array(1);
  const error = call(
    new Uint8Array(pid.buffer),
    cString(path),
    actions,
    attributes,
    argv.pointers,
    environment,
  );
  return error === 0 ? pid[0]! : -error;
}

/**
 * What {@linkcode execute} has come to. A file that the kernel does not know how to execute, and that is no binary,
 * is now run by `/bin/sh`, as a shell would (execvp(3)).
 */
export function conclude(
  result: number,
  argv: readonly (string | Uint8Array)[],
  setting: SpawnSetting,
  search: () => Search,
): number | SpawnFailure {
  const file = argv[0]!;
  if (result !== -ENOEXEC) return result > 0 ? result : explain(-result, file, search());

  const script = findExecutable(file, search());
  if (script === null || isElf(script, search())) return explain(ENOEXEC, file, search());
  const words = cStringTable(["/bin/sh", script, ...argv.slice(1)]);
  const shell = execute(libc.posix_spawn, "/bin/sh", words, setting);
  if (shell === -ENOENT) {
    return {
      name: "not executable",
      reason: "it has no #! line, and there is no /bin/sh that could run it as a script",
      systemReason: strerror(ENOEXEC),
    };
  }
  return shell > 0 ? shell : explain(-shell, file, search());
}

/** Attributes with these flags beside those for the signals. */
export function spawnAttributes(
  ignored: readonly number[],
  blocked: readonly number[],
  flags: number,
): Uint8Array<ArrayBuffer> {
  const attributes = new Uint8Array(SIZE.spawnAttributes);
  libc.posix_spawnattr_init(attributes); // an empty mask, and process group 0: a new one
  libc.posix_spawnattr_setsigdefault(attributes, signalSetWithout(ignored));
  if (blocked.length > 0) libc.posix_spawnattr_setsigmask(attributes, signalSet(blocked));
  libc.posix_spawnattr_setflags(attributes, flags | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  return attributes;
}
