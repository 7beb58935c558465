/** Children for fixtures: started and waited for by denit's own ffi. */

import { spawn } from "../../ffi/spawn.ts";
import { peekChild, takeChild, type Waited } from "../../ffi/wait.ts";
import { until } from "../fixture.ts";

/** Starts a program, which must be there; returns its process id. */
export function start(...argv: string[]): number {
  const result = spawn({ argv, place: "own group", ignored: [], blocked: [] });
  if (typeof result !== "number") throw new Error(`Cannot start ${argv[0]}: ${result.reason}`);
  return result;
}

/** What a program of a service is given that asks for nothing, and whose output goes nowhere. */
export const PLAIN_SERVICE = {
  workingDirectory: null,
  stdout: "null",
  stderr: "null",
  credentials: null,
  umask: null,
  mark: null,
  limits: [],
  nice: null,
  oomScoreAdjust: null,
  ignored: [],
} as const;

/** Waits until there is news of a child, and takes it. */
export async function takeNext(): Promise<Waited> {
  return await until(takeChild);
}

/** Waits until no child is left; returns what became of each. */
export async function takeAll(): Promise<Waited[]> {
  const taken: Waited[] = [];
  await until(() => {
    for (let child = takeChild(); child !== null; child = takeChild()) taken.push(child);
    return peekChild() === "none";
  });
  return taken;
}
