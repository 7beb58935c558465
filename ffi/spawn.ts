/** How a program is started in denit's own surroundings, with the terminal where there is one. */

import { PASSES_ALL, passing, RESULT_BEFORE, type Step } from "./child.ts";
import { beginExecution } from "./execute.ts";
import { OWN_SEARCH, type SpawnFailure } from "./executable.ts";
import { environment } from "./libc.ts";
import { blocking, ignoring } from "./preparations.ts";

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
  /** Can be read when there is something else to do: until then a slow start is waited for. */
  readonly news?: number;
}

const STDIN = 0;
const [TIOCSCTTY, TIOCSPGRP] = [0x540e, 0x5410] as const;

/** The terminal is no longer there, or no longer ours to give away: EPERM, EIO, ENXIO, ENOTTY. */
const WITHOUT_TERMINAL = passing(1, 5, 6, 25);

/**
 * Starts a program in the present working directory and with the present environment.
 *
 * Returns its process id once it has been executed or, where that takes unusually long, is about to be.
 */
export function spawn({ argv, place, ignored, blocked, news }: SpawnOrder): number | SpawnFailure {
  const finish = beginExecution({
    argv,
    environment: Deno.UnsafePointer.value(environment()),
    search: OWN_SEARCH,
    before: [...placing(place), ...ignoring(ignored), blocking(blocked)],
    ...news !== undefined && { news },
  });
  const executed = finish();
  return "pid" in executed ? executed.pid : executed;
}

function placing(place: SpawnOrder["place"]): Step[] {
  const ownGroup = { call: "setpgid", args: [0, 0] } as const;
  switch (place) {
    case "our group":
      return [];
    case "own group":
      return [ownGroup];
    case "foreground":
      return [
        ownGroup,
        { call: "getpid", args: [] },
        { call: "ioctl", args: [STDIN, TIOCSPGRP, RESULT_BEFORE], passes: WITHOUT_TERMINAL },
      ];
    case "own session":
      // Not by opening it: a user who is given a terminal, as by su(1), may often not open it himself.
      return [
        { call: "setsid", args: [] },
        { call: "ioctl", args: [STDIN, TIOCSCTTY, 0], passes: PASSES_ALL },
      ];
  }
}
