/**
 * The nouns of a run of services: facts, orders, and what is remembered of each service.
 *
 *                    +---------------------- restart: its delay is over ------------------+
 *                    v                                                                    |
 *     waiting --> starting --> up --> (stopping) --> clearing --> backing-off -------------+
 *        ^           |                                  |
 *        |           +-- cannot be started -------------+--> down, or planned (a job's next time)
 *        +---------------- a job's time has come, a new version of the file -------------------+
 *
 * "Clearing" is what no other supervisor has: the service's own program has ended, and what it left behind (daemons,
 * children in sessions of their own) is brought to its end before anything else becomes of the service.
 *
 * When each phase is left by the clock stands in it as a time, never as a timer of its own: a timer that lost its race
 * finds nothing that is due.
 */

import type {
  CommonFact,
  CommonOrder,
  Level,
  Remaining,
  RestPolicy,
  RestState,
  StartFailure,
} from "../model.ts";
import type { Health } from "./health.ts";
import type { Probe, Program, Project, Service } from "./project.ts";
import type { RestartHistory } from "./restart.ts";
import type { ServiceNote } from "./words.ts";

/** Which of a service's programs. */
export type Part = "main" | "probe" | "post_start" | "pre_stop";

/** What has happened. `atMs` is a monotonic clock's reading in milliseconds. */
export type ServicesFact =
  | CommonFact
  | {
    readonly type: "started";
    readonly service: string;
    readonly part: Part;
    readonly pid: number;
    readonly atMs: number;
  }
  | {
    readonly type: "not-started";
    readonly service: string;
    readonly part: Part;
    readonly failure: StartFailure;
    readonly atMs: number;
  }
  /** A probe that is no program; `null`: the service is well. */
  | {
    readonly type: "probe-answered";
    readonly service: string;
    readonly failure: string | null;
    readonly atMs: number;
  }
  /**
   * What services that have ended left behind: an entry for each that was asked about. `null`: nobody was seen, but
   * somebody is left in the process group of the main program: a zombie, who came and went meanwhile, or anybody where
   * there is no /proc that tells.
   */
  | {
    readonly type: "leftovers-found";
    readonly found: ReadonlyMap<string, readonly Remaining[] | null>;
    readonly atMs: number;
  }
  /** The time that was asked for by `wake-at`. */
  | { readonly type: "time-came"; readonly atMs: number }
  | { readonly type: "job-due"; readonly service: string; readonly atMs: number }
  /** The file was read anew, and is right. */
  | { readonly type: "reloaded"; readonly project: Project; readonly atMs: number }
  /** Where some of the output is still to be written to, and whether anything was written meanwhile. */
  | {
    readonly type: "drained";
    readonly left: readonly string[];
    readonly moved: boolean;
    readonly atMs: number;
  };

/** A service that has ended, and the session that its processes were in. */
export interface Ended {
  readonly service: string;
  readonly session: number;
}

/** What is to be done. */
export type ServicesOrder =
  | CommonOrder
  /** Answered by `started` or `not-started`. */
  | { readonly type: "start"; readonly service: Service; readonly part: Part; readonly program: Program }
  /** Answered by `probe-answered`, unless it is cancelled. */
  | { readonly type: "probe"; readonly service: string; readonly probe: Exclude<Probe, { name: "program" }> }
  | { readonly type: "cancel-probe"; readonly service: string }
  /** Answered by `leftovers-found`. */
  | { readonly type: "find-leftovers"; readonly of: readonly Ended[] }
  /** Send KILL to whatever a probe has left behind. */
  | {
    readonly type: "kill-leftovers";
    readonly service: string;
    readonly part: Part;
    readonly session: number;
  }
  /** Tell when the job is due, each time; `null`: no more. */
  | { readonly type: "plan-job"; readonly service: string; readonly schedule: string | null }
  /** Answered by `reloaded`, or by nothing if the file cannot be used. */
  | { readonly type: "reload" }
  /** Takes the place of the time that was asked for before. */
  | { readonly type: "wake-at"; readonly atMs: number | null }
  /** Pass on all that services have written, for half a second at most. Answered by `drained`. */
  | { readonly type: "drain" }
  | { readonly type: "tell"; readonly level: Level; readonly note: ServiceNote };

/** How the run is to go. */
export interface ServicesPolicy extends Pick<RestPolicy, "warnReaped" | "verbose" | "role"> {
  /** Milliseconds for the whole shutdown, from what begins it to KILL for whatever is left. */
  readonly timeoutMs: number;
}

/** How a run of a service's program ended. */
export interface End {
  /** As an exit code: its own, or 128 + N for signal N. */
  readonly code: number;
  /** The same in words: `ended with 3`. */
  readonly words: string;
  /** How long it had been up. */
  readonly upMs: number;
}

/** What became of a service that does not run and will not. */
export type Result =
  | { readonly name: "completed" }
  | { readonly name: "failed"; readonly code: number; readonly words: string }
  | { readonly name: "stopped" };

/** A hook that is being run; `pid` is `null` for the moment until it is started. */
export interface RunningHook {
  readonly index: number;
  readonly pid: number | null;
}

export type Phase =
  /** For what it depends on. */
  | { readonly name: "waiting" }
  /** A job between its times. */
  | { readonly name: "planned" }
  | { readonly name: "starting" }
  | {
    readonly name: "up";
    readonly pid: number;
    readonly sinceMs: number;
    /** The hook of `post_start` that is being run. */
    readonly hook: RunningHook | null;
    readonly health: Health | null;
  }
  | {
    readonly name: "stopping";
    readonly pid: number;
    readonly upSinceMs: number;
    /** When it was told to end, by its first hook or its stop signal. */
    readonly begunAtMs: number;
    /** The hook of `pre_stop` that is being run. */
    readonly hook: RunningHook | null;
    /** When it was sent its stop signal. */
    readonly askedAtMs: number | null;
    /** When KILL is due; `null` once it was sent. */
    readonly killAtMs: number | null;
    /** Why it is stopped, where that is a failure of its own. */
    readonly failure: End | null;
  }
  | {
    readonly name: "clearing";
    /** The main program's process id, which was its session's too. */
    readonly session: number;
    readonly end: End;
    /** Whom TERM was sent to when, by `processKey`, or all as one. */
    readonly asked: ReadonlyMap<string, number>;
    /** Until when they may end by themselves; `null` before the first look. */
    readonly lingerUntilMs: number | null;
    /** When to look again; `null` while the answer to a look is awaited. */
    readonly surveyAtMs: number | null;
    readonly surveyMs: number;
    /** From when on KILL is sent; `null` before the first look. */
    readonly killAtMs: number | null;
    /** Whom the log has named already. */
    readonly named: ReadonlySet<string>;
  }
  | { readonly name: "backing-off"; readonly untilMs: number }
  | { readonly name: "down"; readonly result: Result };

/** What is wanted of a service: to run, to end for good, to leave the project, or to be started anew as this one. */
export type Goal =
  | { readonly name: "run" }
  | { readonly name: "end" }
  | { readonly name: "leave" }
  | { readonly name: "renew"; readonly service: Service };

/** What is remembered of a service. */
export interface ServiceState {
  readonly service: Service;
  readonly goal: Goal;
  readonly phase: Phase;
  /** Whether it has counted as started at some time: its program and its hooks of `post_start`. */
  readonly startedOnce: boolean;
  readonly history: RestartHistory;
  /**
   * When its probes and hooks that are not reaped were sent KILL because nobody waits for them any more. Until then
   * their sessions are those of programs, and what they leave behind there is not found.
   */
  readonly dying: ReadonlyMap<number, number>;
}

/** The shutdown of all services. */
export interface Shutdown extends Patience {
  readonly exitCode: number;
  /** Until when each service may hold up those that it depends on; it gets KILL then. */
  readonly holdsUntilMs: ReadonlyMap<string, number>;
}

/** How much patience a shutdown has. */
export interface Patience {
  readonly deadlineMs: number;
  /** When somebody first asked for it, if anybody has: who asks a second time does not want to wait. */
  readonly stopAskedAtMs: number | null;
}

/** Services run, or are being shut down. */
export interface Serving {
  readonly name: "serving";
  readonly policy: ServicesPolicy;
  readonly services: ReadonlyMap<string, ServiceState>;
  readonly shutdown: Shutdown | null;
  /** The exit code of the first that failed for good. */
  readonly failureCode: number | null;
  /** The time that `wake-at` asked for last and that has not come. */
  readonly wakeAtMs: number | null;
}

/** All services have ended, or their time is over: whatever else runs is brought to its end. */
export type Resting = RestState & Patience;

/** Nobody runs any more: whoever reads slowly still gets what was written. */
export interface Draining extends Patience {
  readonly name: "draining";
  readonly exitCode: number;
}

export type ServicesState = Serving | Resting | Draining;

/** The next state, and what is to be done on the way there, in order. */
export type ServicesStep = readonly [ServicesState, readonly ServicesOrder[]];
