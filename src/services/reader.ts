/**
 * Reading the file of services in a process of its own, which is denit once more.
 *
 * What a YAML parser and the check of each value take of memory would stay with PID 1 for good, with two hundred
 * services twice what it needs itself. And a file for which there is not enough memory, or a disk that does not
 * answer, is then the end of that process alone.
 */

import { readAll } from "../../ffi/file.ts";
import { closeDescriptor, makePipe } from "../../ffi/pipe.ts";
import { readOwnWords } from "../../ffi/proc.ts";
import { sendSignal } from "../../ffi/process.ts";
import { startService } from "../../ffi/start_service.ts";
import { takeEnd, type WaitStatus } from "../../ffi/wait.ts";
import type { Loaded } from "../config/load.ts";
import type { LoadRequest } from "../config/system.ts";
import { SIGKILL, signalName } from "../core/signals.ts";
import { PRINT_PROJECT } from "../print_project.ts";
import type { LaunchSurroundings } from "./launch.ts";

/** How long it may take. Nobody's file does; a disk that is far away may not answer at all. */
const PATIENCE_MS = 60_000;
/** How long an end is waited for that is due. */
const END_MS = 1000;
/** More than a project that is let through comes to. */
const LONGEST = 1024 * 1024 * 1024;

/** What the file is made into; `null` where no process can be had for that, or the runtime cannot start in it. */
export function loadElsewhere(
  request: LoadRequest,
  { environment, workingDirectory, ignored }: LaunchSurroundings,
): Loaded | null {
  const words = readOwnWords();
  const pipe = words === null ? null : makePipe();
  if (words === null || pipe === null) return null;
  const argv = [
    ...["/proc/self/exe", ...words.slice(1, words.length - Deno.args.length)],
    ...[PRINT_PROJECT, JSON.stringify(request)],
  ];
  const started = startService({
    ...{
      argv,
      environment,
      workingDirectory,
      stdout: pipe.write,
      stderr: "null",
      credentials: null,
    },
    ...{ umask: null, limits: [], nice: null, oomScoreAdjust: null, ignored },
  });
  closeDescriptor(pipe.write);
  try {
    if ("name" in started) return null;
    const text = readAll(pipe.read, LONGEST, PATIENCE_MS);
    if ("failure" in text) {
      sendSignal(started.pid, SIGKILL);
      takeEnd(started.pid, END_MS);
      return refusal(request, `the process that reads it did not answer: ${text.failure}`);
    }
    const status = takeEnd(started.pid, END_MS);
    const loaded = projectIn(text);
    if (loaded !== null || status?.name === "exited") return loaded;
    return refusal(request, `the process that reads it ${describeEnd(status)}`);
  } finally {
    closeDescriptor(pipe.read);
  }
}

function projectIn(text: Uint8Array): Loaded | null {
  try {
    return JSON.parse(new TextDecoder().decode(text));
  } catch {
    return null;
  }
}

function refusal({ path }: LoadRequest, reason: string): Loaded {
  return { name: "refused", problems: [`${path}: Cannot load it: ${reason}`] };
}

function describeEnd(status: WaitStatus | null): string {
  return status?.name === "killed"
    ? `was ended by ${signalName(status.signal)}; there may be too little memory`
    : "has closed its output and does not end";
}
