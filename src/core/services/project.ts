/**
 * What a file of services comes to once it was read, checked and its defaults were put in: the plain data that the
 * heart decides by and that orders carry to whoever performs them.
 *
 * The names and meanings are the Compose specification's; what is only ours is marked so.
 */

import type { Command } from "../model.ts";

/** All services of a run, in the order of the file. A service with several replicas is several here. */
export interface Project {
  readonly services: readonly Service[];
}

/** One service, or one replica of it. */
export interface Service {
  /** How it is called in every line: `web`; of several replicas `web-1`, `web-2`. Unique in the project. */
  readonly name: string;
  readonly program: Program;
  /** Where its output goes. */
  readonly logging: Logging;
  readonly dependsOn: readonly Dependency[];
  readonly restart: RestartPolicy;
  readonly stopSignal: number;
  /** Ours. Whom that and what is passed on goes to: its program's process group, or its program alone. */
  readonly signalTo: "group" | "main";
  readonly stopGraceMs: number;
  readonly health: HealthPlan | null;
  /** Run in turn once it was started, before it counts as started. */
  readonly postStart: readonly Program[];
  /** Run in turn before it is sent its stop signal. */
  readonly preStop: readonly Program[];
  /** Ours. What ends the container: any end of it, a failure that is not restarted, or nothing that it does. */
  readonly essential: "any end" | "failure" | "never";
  /** Ours. Five fields of cron(8) for a job, which runs at these times and not at the start; `null` for a service. */
  readonly schedule: string | null;
  /** Ours. Signals that are passed on to it when denit gets them. */
  readonly forwardSignals: readonly number[];
}

/** A program and all that it is started with. */
export interface Program {
  readonly command: Command;
  /** Added to denit's own environment, or put in the place of what is there; `null`: not set. */
  readonly environment: Readonly<Record<string, string | null>>;
  /** `name`, `uid`, `name:group`, `uid:gid`, `:group`; `null`: denit's own. Looked up at each start. */
  readonly user: string | null;
  /** Groups by name or number, in addition to the user's own. */
  readonly groupAdd: readonly string[];
  /** An absolute path; `null`: the folder that denit was started in. */
  readonly workingDirectory: string | null;
  /** Ours. The file mode creation mask; `null`: denit's own. */
  readonly umask: number | null;
  /** Ours. From -20 (most favourable) to 19, nice(2); `null`: denit's own. */
  readonly nice: number | null;
  /** From -1000 to 1000, proc(5); `null`: denit's own. */
  readonly oomScoreAdjust: number | null;
  readonly limits: readonly Limit[];
}

/** A resource limit, setrlimit(2); -1 is no limit. */
export interface Limit {
  readonly resource: LimitName;
  readonly soft: number;
  readonly hard: number;
}

/** The resources as Compose names them, which is as setrlimit(2) does, without RLIMIT_ and in small letters. */
export const LIMIT_NAMES = [
  ...["as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc"],
  ...["rss", "rtprio", "rttime", "sigpending", "stack"],
] as const;

export type LimitName = (typeof LIMIT_NAMES)[number];

export interface Dependency {
  /** The name of a service of this project. */
  readonly service: string;
  readonly condition: "started" | "healthy" | "completed successfully";
  /** Whether its failure is the failure of whoever waits for it, or only worth a warning. */
  readonly required: boolean;
  /** Whether who depends on it is restarted when a new version of the file has it started anew. */
  readonly restart: boolean;
}

/** Whether and when a service that has ended is started again. */
export interface RestartPolicy {
  readonly when: "never" | "always" | "on failure";
  /** How often at most; `null`: without end. */
  readonly attempts: number | null;
  /** Whether attempts are never counted anew, as Docker does it. */
  readonly countsAll: boolean;
  /** The time before each restart; `null`: Docker's back-off. */
  readonly delayMs: number | null;
  /** Having run for so long it is taken to have come up: the back-off begins anew and, as a rule, so do attempts. */
  readonly windowMs: number;
}

/** How a service is asked for its health; the defaults are Docker's. */
export interface HealthPlan {
  readonly test: Probe;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** So many failures in a row make it unhealthy. */
  readonly retries: number;
  /** Failures in this time after the start do not count. */
  readonly startPeriodMs: number;
  /** The interval while the start period lasts. */
  readonly startIntervalMs: number;
}

/** What is done to learn a service's health. */
export type Probe =
  /** Healthy if it ends with 0. */
  | { readonly name: "program"; readonly program: Program }
  /** Ours. Healthy if a GET is answered with a status from 200 to 399. */
  | { readonly name: "http"; readonly host: string; readonly port: number; readonly path: string }
  /** Ours. Healthy if a connection is accepted. */
  | { readonly name: "tcp"; readonly host: string; readonly port: number };

/** Where a service's output goes: to denit's own, into files, or nowhere. */
export type Logging =
  | { readonly name: "denit" }
  | {
    readonly name: "files";
    /** Docker's `json-file` writes an object a line, `local` the lines as they are. */
    readonly format: "json" | "lines";
    /** A file is full at so many bytes; `null`: never. */
    readonly maxBytes: number | null;
    /** So many files at most: the present one and older ones. */
    readonly maxFiles: number;
  }
  | { readonly name: "none" };
