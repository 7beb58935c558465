/** What is told of services. */

import type { Command, Remaining, StartFailure } from "../model.ts";
import { signalName } from "../signals.ts";
import { describeCommand, describeProcess, describeSeconds } from "../words.ts";
import type { Part } from "./model.ts";

/** Why everything is shut down. */
export type ShutdownReason =
  | { readonly name: "signal"; readonly signal: number }
  | { readonly name: "essential ended"; readonly service: string; readonly words: string }
  | { readonly name: "failed"; readonly service: string; readonly words: string }
  | { readonly name: "all ended" };

/** What may be told of services. `words` is how something ended: `ended with 3`. */
export type ServiceNote =
  | { readonly type: "started"; readonly service: string; readonly pid: number; readonly command: Command }
  | {
    readonly type: "not-started";
    readonly service: string;
    readonly part: Part;
    readonly command: Command;
    readonly failure: StartFailure;
  }
  /** A run of its program; `restartMs` is the time to the next one, `null` if it is not started again. */
  | {
    readonly type: "ended";
    readonly service: string;
    readonly words: string;
    readonly restartMs: number | null;
  }
  | { readonly type: "hook-failed"; readonly service: string; readonly part: Part; readonly words: string }
  /** `again`: it was told as unhealthy before. */
  | { readonly type: "healthy"; readonly service: string; readonly again: boolean }
  | {
    readonly type: "unhealthy";
    readonly service: string;
    readonly failure: string;
    readonly failures: number;
  }
  | {
    readonly type: "dependency-failed";
    readonly service: string;
    readonly on: string;
    readonly words: string;
    /** Whether the service starts all the same. */
    readonly starts: boolean;
  }
  /** A time of a job that is not over with the last one: it runs, or it waits for what it depends on. */
  | { readonly type: "job-passed-over"; readonly service: string; readonly runs: boolean }
  | {
    readonly type: "killed";
    readonly service: string;
    readonly pid: number;
    readonly command: Command;
    readonly afterMs: number;
    /** The stop signal that it had; `null`: its `pre_stop` took all the time. */
    readonly signal: number | null;
  }
  | { readonly type: "leftovers-asked"; readonly service: string; readonly processes: readonly Remaining[] }
  /** `null`: whoever is in its process group, and was not seen. */
  | {
    readonly type: "leftover-killed" | "leftover-stays";
    readonly service: string;
    readonly process: Remaining | null;
  }
  | { readonly type: "forwarded"; readonly service: string; readonly signal: number }
  | { readonly type: "shutting-down"; readonly reason: ShutdownReason; readonly exitCode: number }
  | { readonly type: "killing-all"; readonly reason: "asked again" | "timeout"; readonly timeoutMs: number }
  /** `inTime`: there was time left, but nobody who read. */
  | { readonly type: "output-lost"; readonly to: readonly string[]; readonly inTime: boolean }
  | {
    readonly type: "reloaded";
    readonly added: readonly string[];
    readonly gone: readonly string[];
    readonly changed: readonly string[];
  };

/** A note in one sentence, without a period. */
export function describeServiceNote(note: ServiceNote): string {
  switch (note.type) {
    case "started":
      return `started ${note.service} as ${note.pid} (${describeCommand(note.command)})`;
    case "not-started":
      return `Cannot start ${describePart(note.service, note.part)} (${
        describeCommand(note.command)
      }): ${note.failure.reason}`;
    case "ended":
      return `${note.service} ${note.words}${describeRestart(note.restartMs)}`;
    case "hook-failed":
      return `${describePart(note.service, note.part)} ${note.words}${
        note.part === "post_start" ? `: ${note.service} is stopped` : ""
      }`;
    case "healthy":
      return `${note.service} is healthy${note.again ? " again" : ""}`;
    case "unhealthy":
      return `${note.service} is unhealthy: ${note.failure}${
        note.failures > 1 ? ` (${note.failures} failures in a row)` : ""
      }`;
    case "dependency-failed":
      return note.starts
        ? `${note.service} starts without ${note.on}, which ${note.words}`
        : `Cannot start ${note.service}: ${note.on}, which it depends on, ${note.words}`;
    case "job-passed-over":
      return `${note.service} still ${
        note.runs ? "runs" : "waits for what it depends on"
      }: this time is passed over`;
    case "killed": {
      const after = describeSeconds(note.afterMs);
      return `killed ${note.service} ${note.pid} (${describeCommand(note.command)}): ${
        note.signal === null
          ? `its pre_stop had not ended after ${after}`
          : `it had not ended ${after} after ${signalName(note.signal)}`
      }`;
    }
    case "leftovers-asked":
      return `${note.service} has ended and left ${describeProcesses(note.processes)} behind: sent SIGTERM`;
    case "leftover-killed":
      return `killed ${describeLeft(note.process)} ${note.service} had left behind: it had not ended in time`;
    case "leftover-stays":
      return `Cannot end ${describeLeft(note.process)} ${note.service} had left behind: it survived SIGKILL`;
    case "forwarded":
      return `forwarded ${signalName(note.signal)} to ${note.service}`;
    case "shutting-down":
      return `shutting down, to exit with ${note.exitCode}: ${describeReason(note.reason)}`;
    case "killing-all":
      return note.reason === "timeout"
        ? `killing whatever still runs: the ${describeSeconds(note.timeoutMs)} for the shutdown are over`
        : "killing whatever still runs: asked to stop a second time";
    case "output-lost":
      return `Cannot write the rest of the output to ${note.to.join(" and ")}: ${
        note.inTime ? "nobody takes it" : "it is taken too slowly, and the time for the shutdown is over"
      }`;
    case "reloaded":
      return describeReload(note.added, note.changed, note.gone);
  }
}

function describePart(service: string, part: Part): string {
  switch (part) {
    case "main":
      return service;
    case "probe":
      return `the healthcheck of ${service}`;
    case "post_start":
    case "pre_stop":
      return `${part} of ${service}`;
  }
}

function describeRestart(delayMs: number | null): string {
  if (delayMs === null) return "";
  return delayMs === 0 ? ": starts again" : `: starts again in ${describeSeconds(delayMs)}`;
}

function describeReason(reason: ShutdownReason): string {
  switch (reason.name) {
    case "signal":
      return `got ${signalName(reason.signal)}`;
    case "essential ended":
      return `${reason.service}, which is essential, ${reason.words}`;
    case "failed":
      return `${reason.service} ${reason.words}`;
    case "all ended":
      return "all services have ended";
  }
}

function describeLeft(process: Remaining | null): string {
  return process === null ? "what" : `${describeProcess(process)}, which`;
}

function describeProcesses(processes: readonly Remaining[]): string {
  const SHOWN_AT_MOST = 5;
  const shown = processes.slice(0, SHOWN_AT_MOST).map(describeProcess).join(", ");
  const more = processes.length - SHOWN_AT_MOST;
  return more > 0 ? `${shown} and ${more} more` : shown;
}

function describeReload(
  added: readonly string[],
  changed: readonly string[],
  gone: readonly string[],
): string {
  const parts = [["new", added], ["changed", changed], ["gone", gone]] as const;
  const told = parts.filter(([, names]) => names.length > 0).map(([word, names]) =>
    `${word}: ${names.join(", ")}`
  );
  return `reread the file; ${told.length === 0 ? "nothing has changed" : told.join("; ")}`;
}
