/** What the inits that denit stands in for have in common. */

import type { BadOption } from "../cli/getopt.ts";
import type { Policy } from "../core/model.ts";
import type { Request } from "../plan.ts";
import type { Line } from "../voice.ts";

/** How denit was started in the place of another init. */
export interface Invocation {
  /** The words behind the program's name. */
  readonly words: readonly string[];
  readonly readVariable: (name: string) => string | undefined;
  /** denit's own process id, which some of their lines carry. */
  readonly pid: number;
}

/** Reads the command line of one of them. */
export type Parser = (invocation: Invocation) => Request;

/** In {@linkcode Policy.rewrite}: the signal goes nowhere. */
export const DROPPED = 0;

/** The part of a policy that is the same for all of them: they leave when main has ended, and stop nobody before. */
export const SMALL_INIT: Pick<Policy, "graceMs" | "killAfterMs" | "atEnd" | "stopsItself"> = {
  graceMs: 0,
  killAfterMs: null,
  atEnd: "leave",
  stopsItself: false,
};

/** Signals that tini and catatonit leave to their default: they mean a fault. */
export const FAULTS: readonly number[] = [4, 5, 6, 7, 8, 11, 31];

/** What is printed where they print their licence. */
export const LICENCE = "denit is free software under the MIT licence: see LICENSE beside its source.";

export function say(exitCode: number, ...lines: Line[]): Request {
  return { name: "say", lines, exitCode };
}

export function out(text: string): Line {
  return { stream: "stdout", text };
}

export function err(text: string): Line {
  return { stream: "stderr", text };
}

/** What getopt(3) says of a wrong option, with the program's name before it. */
export function complaint(program: string, { problem, option }: BadOption): Line {
  const long = option.startsWith("--");
  const letter = option.slice(1);
  switch (problem) {
    case "unknown":
      return err(`${program}: ${long ? `unrecognized option '${option}'` : `invalid option -- '${letter}'`}`);
    case "no value": {
      const text = long
        ? `option '${option}' requires an argument`
        : `option requires an argument -- '${letter}'`;
      return err(`${program}: ${text}`);
    }
    case "unwanted value":
      return err(`${program}: option '${option}' doesn't allow an argument`);
  }
}
