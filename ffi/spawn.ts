/** How a program is started in denit's own surroundings, with the terminal where there is one. */

import { SIZE } from "./abi.ts";
import { cString, cStringTable } from "./c_string.ts";
import { whileIgnored, withoutOutputSignals } from "./disposition.ts";
import { ownSearch, type SpawnFailure } from "./executable.ts";
import { environment, hasSymbol, libc } from "./libc.ts";
import {
  conclude,
  execute,
  POSIX_SPAWN_SETPGROUP,
  POSIX_SPAWN_SETSID,
  spawnAttributes,
} from "./posix_spawn.ts";

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

const FLAGS: Readonly<Record<SpawnOrder["place"], number>> = {
  "own group": POSIX_SPAWN_SETPGROUP,
  "foreground": POSIX_SPAWN_SETPGROUP,
  "own session": POSIX_SPAWN_SETSID,
  "our group": 0,
};

const O_RDWR = 2;
const F_DUPFD_CLOEXEC = 1030;
const FIRST_INHERITED = 3;

/** What the child reports when the terminal is no longer there, or no longer ours to give away. */
const TERMINAL_ERRORS: readonly number[] = [/* EPERM */ 1, /* EIO */ 5, /* ENXIO */ 6, /* ENOTTY */ 25];

const STDIN = 0;

/** glibc 2.35 gives the terminal away in the child, before the program starts; with an older one we do, after. */
function setsForeground(): boolean {
  return hasSymbol("posix_spawn_file_actions_addtcsetpgrp_np");
}

/**
 * Starts a program in the present working directory and with the present environment.
 *
 * Returns its process id once it has been executed.
 */
export function spawn(order: SpawnOrder): number | SpawnFailure {
  const { argv, place, ignored, blocked } = order;
  const attributes = spawnAttributes(ignored, blocked, FLAGS[place]);
  // A number that is surely nobody else's, for the terminal to be opened at for a moment.
  const spare = place === "own session" ? libc.fcntl(STDIN, F_DUPFD_CLOEXEC, FIRST_INHERITED) : -1;
  const actions = spawnFileActions(place, spare);
  const setting = { attributes, actions, environment: environment() };
  try {
    return whileIgnored(ignored, () => {
      const pid = execute(libc.posix_spawnp, argv[0]!, cStringTable(argv), setting);
      if (place === "foreground") {
        if (TERMINAL_ERRORS.includes(-pid)) return spawn({ ...order, place: "own group" });
        if (pid > 0 && !setsForeground()) {
          withoutOutputSignals(() => libc.tcsetpgrp(STDIN, pid), (result) => result !== 0);
        }
      }
      return conclude(pid, argv, setting, ownSearch);
    });
  } finally {
    if (actions !== null) libc.posix_spawn_file_actions_destroy(actions);
    if (spare >= 0) libc.close(spare);
  }
}

/** What the child does before the program starts; `null`: nothing. */
function spawnFileActions(place: SpawnOrder["place"], spare: number): Uint8Array<ArrayBuffer> | null {
  if (place !== "foreground" && place !== "own session") return null;
  const actions = new Uint8Array(SIZE.spawnFileActions);
  libc.posix_spawn_file_actions_init(actions);
  if (place === "foreground" && setsForeground()) {
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
