/** What a command line comes to: denit's own, or that of an init that denit stands in for. */

import type { Command, Policy } from "./core/model.ts";
import type { Line, Voice } from "./voice.ts";

/** All that is needed to run a program. */
export interface Plan {
  readonly command: Command;
  readonly policy: Omit<Policy, "role">;
  readonly launch: Launch;
  /** Whether denit makes itself a subreaper where it is not PID 1. */
  readonly adopts: boolean;
  /** The signal that denit gets when its parent dies. */
  readonly parentDeathSignal: number | null;
  readonly voice: Voice;
}

/** How the program is started. */
export interface Launch {
  /** Where it stands, see ffi/spawn.ts; `"terminal group"`: in the foreground if denit has it, else its own group. */
  readonly place: "terminal group" | "own session" | "our group";
  /** Whether the signals that the caller had blocked stay blocked in it. */
  readonly keepsMask: boolean;
  /** Whether the signals that the caller ignored stay ignored in it; `"real-time"`: only the real-time ones. */
  readonly keepsIgnored: "all" | "real-time";
  /** Whether denit closes its own copies of the descriptors from 3 up that the program inherits. */
  readonly closesInherited: boolean;
  /** Whether denit moves to `/`, so that it pins no mount. */
  readonly leavesDirectory: boolean;
  /** What is started in place of the command, if not itself; `null`: the command itself. */
  readonly wrap: ((command: readonly (string | Uint8Array)[]) => (string | Uint8Array)[] | null) | null;
}

/** What a command line asks for. */
export type Request =
  | { readonly name: "run"; readonly plan: Plan }
  /** Run nothing, and reap until INT or TERM comes. */
  | { readonly name: "pause"; readonly voice: Voice }
  /** Say something and leave. */
  | { readonly name: "say"; readonly lines: readonly Line[]; readonly exitCode: number };
