/**
 * Reading the file of services in a process of its own, which is denit once more.
 *
 * What a YAML parser and the check of each value take of memory would stay with PID 1 for good, with two hundred
 * services twice what it needs itself. And a file for which there is not enough memory, or a disk that does not
 * answer, is then the end of that process alone.
 */

import { readAll } from "../../ffi/file.ts";
import { closeDescriptor, makePipe, makeRoomForDescriptors, readAvailable } from "../../ffi/pipe.ts";
import type { Poller } from "../../ffi/poll.ts";
import { readOwnWords } from "../../ffi/proc.ts";
import { sendSignal } from "../../ffi/process.ts";
import { startService } from "../../ffi/start_service.ts";
import { takeEnd } from "../../ffi/wait.ts";
import type { Loaded } from "../config/load.ts";
import type { LoadRequest } from "../config/system.ts";
import type { Status } from "../core/model.ts";
import { SIGKILL, signalName, STOP_SIGNALS } from "../core/signals.ts";
import { PRINT_PROJECT } from "../print_project.ts";
import type { SignalSource } from "../signal_source.ts";
import type { LaunchSurroundings } from "./launch.ts";
import type { Living } from "./living.ts";

/** How long it may take. Nobody's file does; a disk that is far away may not answer at all. */
const PATIENCE_MS = 60_000;
/** How long an end is waited for that is due. */
const END_MS = 1000;
/** The same, where KILL was sent and nothing may be kept waiting. */
const SOON_MS = 100;
/** More than a project that is let through comes to. */
const LONGEST = 1024 * 1024 * 1024;
/** The pipes of a thousand services, two each. */
const MOST_DESCRIPTORS = 2048;
/** What is read at once while services run. */
const READ_AT_ONCE = 64 * 1024;

/** A process that reads the file. */
interface Reader {
  readonly pid: number;
  /** The end of the pipe on which it prints what the file is made into. */
  readonly descriptor: number;
}

/**
 * What the file is made into, which is waited for; `null` where no process can be had for that, or the runtime cannot
 * start in it. `"stopped"`: a signal has come meanwhile that asks for the end; signals are left to be taken.
 */
export function loadElsewhere(
  request: LoadRequest,
  around: LaunchSurroundings,
  signals: SignalSource,
): Loaded | "stopped" | null {
  const isStopped = (): boolean => signals.has(STOP_SIGNALS);
  const stop = { descriptor: signals.descriptor, isDue: () => signals.acknowledge() && isStopped() };
  const reader = startReader(request, around);
  if (reader === null) return null;
  const { pid, descriptor } = reader;
  try {
    makeRoomForDescriptors(MOST_DESCRIPTORS, descriptor); // there is nothing else to do until it answers
    const text = readAll(descriptor, LONGEST, PATIENCE_MS, stop);
    if ("failure" in text) {
      sendSignal(pid, SIGKILL);
      takeEnd(pid, END_MS);
      if (isStopped()) return "stopped";
      return refusal(request, `the process that reads it did not answer: ${text.failure}`);
    }
    const project = projectIn(new TextDecoder().decode(text)); // while the process ends
    const status = takeEnd(pid, END_MS);
    return project ?? withoutProject(request, status);
  } finally {
    closeDescriptor(descriptor);
  }
}

/** Reading while services run. */
export interface Rereading {
  /** Reads the file anew; if it is being read, once more behind that, since it may have changed meanwhile. */
  begin(): void;
  /** Ends what is under way. */
  abandon(): void;
}

export interface RereadingParts {
  readonly request: LoadRequest;
  readonly around: LaunchSurroundings;
  readonly poller: Poller;
  readonly living: Living;
  /** Told, in a wait of the poller or while children are reaped, what the file is made into. */
  readonly done: (loaded: Loaded | null) => void;
}

/**
 * Makes what reads the file while services run: however long that takes, signals and children are not kept waiting.
 * `done` is told as {@linkcode loadElsewhere} returns, if there is no process for it at once.
 */
export function makeRereading({ request, around, poller, living, done }: RereadingParts): Rereading {
  let current: Reading | null = null;
  let isAskedAgain = false;

  function begin(): void {
    const isLate = current !== null && performance.now() - current.sinceMs >= PATIENCE_MS;
    isAskedAgain = current !== null && !isLate;
    if (isAskedAgain) return;
    if (isLate) { // who asks again after so long has given it up
      stop();
      done(refusal(request, `the process that reads it had not answered after ${PATIENCE_MS / 1000} s`));
    }
    const reader = startReader(request, around);
    if (reader === null) return done(null);
    current = follow(reader);
  }

  function follow({ pid, descriptor }: Reader): Reading {
    const buffer = new Uint8Array(READ_AT_ONCE);
    const decoder = new TextDecoder();
    let text = "";
    let isOpen = true;
    let status: Status | null = null;

    function close(): void {
      if (!isOpen) return;
      isOpen = false;
      poller.unwatch(descriptor);
      closeDescriptor(descriptor);
    }

    /** Both must have come, in either order: the end of what it prints, and its own. */
    function end(): void {
      if (isOpen || status === null || current !== reading) return;
      current = null;
      done(projectIn(text) ?? withoutProject(request, status));
      if (isAskedAgain) begin();
    }

    poller.watch(descriptor, "read", () => {
      const count = readAvailable(descriptor, buffer);
      if (count === "again") return;
      if (typeof count === "number") {
        text += decoder.decode(buffer.subarray(0, count), { stream: true });
        return;
      }
      close();
      end();
    });
    living.startedOwn(pid, (how) => {
      status = how;
      end();
    });
    const reading: Reading = { pid, sinceMs: performance.now(), close };
    return reading;
  }

  /** Has nothing come of the reading any more; the process that may still have to end for that. */
  function stop(): number | null {
    if (current === null) return null;
    const { pid, close } = current;
    current = null;
    close();
    if (!living.has(pid)) return null; // it was reaped, and the number may be anybody's
    sendSignal(pid, SIGKILL);
    return pid;
  }

  function abandon(): void {
    const pid = stop();
    const status = pid === null ? null : takeEnd(pid, SOON_MS);
    if (pid !== null && status !== null) living.reaped([{ pid, status }]);
  }

  return { begin, abandon };
}

/** A reading that is under way. */
interface Reading {
  readonly pid: number;
  readonly sinceMs: number;
  close(): void;
}

/** Starts another denit; `null` if that cannot be done. */
function startReader(
  request: LoadRequest,
  { environment, workingDirectory, ignored }: LaunchSurroundings,
): Reader | null {
  const words = readOwnWords();
  const pipe = words === null ? null : makePipe();
  if (words === null || pipe === null) return null;
  const own = words.slice(1, words.length - Deno.args.length); // as the runtime was called for us
  const argv = ["/proc/self/exe", ...own, PRINT_PROJECT, JSON.stringify(request)];
  const started = startService({
    argv,
    environment,
    workingDirectory,
    stdout: pipe.write,
    stderr: "null",
    credentials: null,
    umask: null,
    mark: null,
    limits: [],
    nice: null,
    oomScoreAdjust: null,
    ignored,
  });
  closeDescriptor(pipe.write);
  if (!("name" in started)) return { pid: started.pid, descriptor: pipe.read };
  closeDescriptor(pipe.read);
  return null;
}

function projectIn(text: string): Loaded | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What is told where nothing was printed; `null` if it ended by itself: then the runtime cannot start in it. */
function withoutProject(request: LoadRequest, status: Status | null): Loaded | null {
  return status?.name === "exited"
    ? null
    : refusal(request, `the process that reads it ${describeEnd(status)}`);
}

function refusal({ path }: LoadRequest, reason: string): Loaded {
  return { name: "refused", problems: [`${path}: Cannot load it: ${reason}`] };
}

function describeEnd(status: Status | null): string {
  return status?.name === "killed"
    ? `was ended by ${signalName(status.signal)}${
      status.signal === SIGKILL ? "; there may be too little memory" : ""
    }`
    : "has closed its output and does not end";
}
