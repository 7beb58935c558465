/**
 * The nouns of the heart: facts that come in, orders that go out, and what is remembered between them.
 *
 *     starting --spawned--> running --main ended--> stopping --grace over--> killing
 *        |                                             |                        |
 *        +--spawn failed--> ended <---nobody is left---+------------------------+
 *
 * Facts are in the past tense, orders in the imperative. Nothing here knows a clock, a process or an API.
 */

/** How a run is to go: the options of the command line, and what denit is in its system. */
export interface Policy {
  /** Who gets a forwarded signal while main runs: its process group, main alone, or every process. */
  readonly signalTo: "group" | "main" | "all";
  /** What is forwarded in place of a signal; 0: nothing. */
  readonly rewrite: ReadonlyMap<number, number>;
  /** Milliseconds between TERM and KILL for whatever still runs when main has ended. */
  readonly graceMs: number;
  /** Milliseconds between the first stop signal and KILL for main; `null`: main takes its time. */
  readonly killAfterMs: number | null;
  /**
   * What denit does when main has ended: stay until nobody is left, leave, or send TERM to main's process group
   * and leave.
   */
  readonly atEnd: "wait" | "leave" | "term-and-leave";
  /** Whether denit stops itself once it has forwarded a terminal's stop signal. */
  readonly stopsItself: boolean;
  /** Exit codes of main that count as 0. */
  readonly okExits: ReadonlySet<number>;
  /** Whether each adopted process that is reaped gets a line of its own, as a warning. */
  readonly warnReaped: boolean;
  /** Whether anything below a warning is shown at all: if not, its words need not be found. */
  readonly verbose: boolean;
  readonly role: Role;
  /** Exit codes for a main that cannot be started. */
  readonly startFailureCodes: Readonly<Record<StartFailure["name"], number>>;
}

/**
 * What denit is to the processes below it: the first of its PID namespace and a subreaper adopt orphans; with
 * neither only its own children are known to it.
 */
export type Role = "first" | "subreaper" | "neither";

/** How a process ended. */
export type Status =
  | { readonly name: "exited"; readonly code: number }
  | { readonly name: "killed"; readonly signal: number; readonly coreDumped: boolean };

/** A child that was reaped. */
export interface Reaped {
  readonly pid: number;
  readonly status: Status;
  /** The file name of its program, where somebody asked for it and /proc still knew. */
  readonly program?: string;
  /** Why it never became its program, which is known only now. */
  readonly failure?: StartFailure;
  /** The last line that it wrote, of one whose output is told in no other way. */
  readonly lastWords?: string;
}

/** A process that still runs after main has ended. */
export interface Remaining {
  readonly pid: number;
  readonly parent: number;
  /** With the pid it names one process for ever. */
  readonly startTicks: string;
  /** Its command line, where a survey asked for it. */
  readonly command?: string;
  /** Of who was left behind: it has made a session of its own, as daemons do. */
  readonly isDaemon?: boolean;
}

/** A program to start, as words. */
export type Command = readonly [string, ...string[]];

/** What failed when main should have been started. */
export interface StartFailure {
  readonly name: "not found" | "bad path" | "no interpreter" | "not permitted" | "not executable" | "refused";
  readonly reason: string;
  /** The same in the words of strerror(3). */
  readonly systemReason: string;
}

export type TimerName = "kill-after" | "grace" | "survey" | "give-up";

/** What has happened, in any run. `atMs` is a monotonic clock's reading in milliseconds. */
export type CommonFact =
  | {
    readonly type: "signalled";
    readonly signal: number;
    /** Set where our own process group has the terminal, so that a terminal's stop signal was typed there. */
    readonly typed?: true;
    readonly atMs: number;
  }
  | { readonly type: "reaped"; readonly children: readonly Reaped[]; readonly atMs: number }
  | { readonly type: "stopped"; readonly pid: number; readonly signal: number; readonly atMs: number }
  /** Whether anybody at all is left; cheap to learn, so asked after each death. */
  | { readonly type: "counted"; readonly anyone: boolean; readonly atMs: number }
  /** Who is left; `null` where /proc does not tell. Zombies of other parents are not among them. */
  | { readonly type: "surveyed"; readonly remaining: readonly Remaining[] | null; readonly atMs: number }
  | { readonly type: "timer-fired"; readonly timer: TimerName; readonly atMs: number };

/** What has happened in a run of one program. */
export type Fact =
  | CommonFact
  | {
    readonly type: "spawned";
    readonly pid: number;
    readonly foreground: boolean;
    /** Signals that the kernel sends us because we gave the terminal up: the first of each means nothing. */
    readonly handOff: readonly number[];
    readonly atMs: number;
  }
  | { readonly type: "spawn-failed"; readonly failure: StartFailure; readonly atMs: number };

/** Whom a signal goes to. `"everyone"`: all in the namespace as its first process, else every descendant. */
export type Target =
  /** With `orLeader`, which is for a leader that was not reaped: the leader, if it has left its group empty. */
  | { readonly name: "group"; readonly id: number; readonly orLeader?: true }
  | { readonly name: "process"; readonly pid: number }
  | { readonly name: "everyone" };

export type Level = "error" | "warning" | "info";

/** What may be told to people. */
export type Note =
  | { readonly type: "started"; readonly main: Main }
  | { readonly type: "not-started"; readonly command: Command; readonly failure: StartFailure }
  | {
    readonly type: "forwarded";
    readonly came: number;
    readonly signal: number;
    readonly target: Target | "rest";
  }
  | { readonly type: "dropped"; readonly signal: number }
  | { readonly type: "main-stopped"; readonly main: Main; readonly signal: number }
  | { readonly type: "main-ended"; readonly main: Main; readonly status: Status }
  | { readonly type: "main-killed"; readonly main: Main; readonly signal: number; readonly afterMs: number }
  | { readonly type: "reaped"; readonly child: Reaped }
  /** TERM was sent to these; `null`: to whatever there is. */
  | { readonly type: "asked"; readonly processes: readonly Remaining[] | null }
  /** KILL was sent; `askedMs` is how long it had been asked, `null` if it never was. */
  | { readonly type: "killed"; readonly process: Remaining; readonly askedMs: number | null }
  /** KILL was sent since the time for all was over, or somebody would not wait; `of` if it is a service's main program. */
  | { readonly type: "killed-late"; readonly process: Remaining; readonly of: CutShort | null }
  | { readonly type: "killed-unnamed"; readonly reason: "too many" | "no /proc"; readonly askedMs: number }
  | { readonly type: "gave-up" }
  | { readonly type: "cannot-adopt" }
  /** Anything else that could not be done. */
  | { readonly type: "problem"; readonly message: string };

/** What is to be done, in any run. */
export type CommonOrder =
  | { readonly type: "send-signal"; readonly target: Target; readonly signal: number }
  /** Answered by the fact `counted`. */
  | { readonly type: "count" }
  /** Answered by the fact `surveyed`. */
  | { readonly type: "survey"; readonly withCommands: boolean }
  | { readonly type: "set-timer"; readonly timer: TimerName; readonly delayMs: number }
  | { readonly type: "log"; readonly level: Level; readonly note: Note }
  | { readonly type: "exit"; readonly code: number };

/** What is to be done in a run of one program. */
export type Order =
  | CommonOrder
  | { readonly type: "spawn"; readonly command: Command }
  /** Stop with main for the terminal's shell, and continue it afterwards. */
  | { readonly type: "suspend-with"; readonly group: number; readonly signal: number }
  | { readonly type: "reclaim-terminal" }
  /** The exit is to be an end by INT, for the shell above to see. */
  | { readonly type: "leave-by-interrupt" }
  | { readonly type: "stop-self" };

/** The program that the container is for. */
export interface Main {
  readonly pid: number;
  readonly command: Command;
  /** Whether it was given the foreground of the terminal, or may have been when it was continued. */
  readonly foreground: boolean;
}

/** The part of the policy that holds for whatever still runs when what the run was for has ended. */
export type RestPolicy = Pick<Policy, "rewrite" | "graceMs" | "warnReaped" | "verbose" | "role">;

/** What is known of a run that ends. */
export interface Ending {
  readonly policy: RestPolicy;
  /** Main's process group, all that can be asked where there is no /proc; `null` if there was none. */
  readonly group: number | null;
  /** What denit will exit with. */
  readonly exitCode: number;
  /** When the next survey is due, on the facts' clock. */
  readonly surveyAtMs: number | null;
}

export type State =
  | RestState
  /** Main is to be started; signals that come first are kept for it. */
  | {
    readonly name: "starting";
    readonly policy: Policy;
    readonly command: Command;
    readonly kept: readonly number[];
  }
  | {
    readonly name: "running";
    readonly policy: Policy;
    readonly main: Main;
    /** The first stop signal, once there was one that started the clock of `--kill-after`. */
    readonly stopSignal: number | null;
    /** Signals that were forwarded and not undone by CONT: main's reaction to them is nothing unusual. */
    readonly forwarded: ReadonlySet<number>;
    /** Signals of which the next one is the terminal's hand-off, and means nothing. */
    readonly handOff: ReadonlySet<number>;
  };

/** A service whose stop is cut short, and how far that has come. */
export interface CutShort {
  readonly service: string;
  readonly at: "not asked" | "pre_stop" | "asked";
}

/** What the run was for has ended; what else runs is brought to its end. */
export type RestState =
  /** Whatever still runs has a moment to end by itself, and is then sent TERM. */
  | Ending & {
    readonly name: "stopping";
    /** When each process was sent TERM, by {@linkcode processKey}; `null` before the first look around. */
    readonly asked: ReadonlyMap<string, number> | null;
    /** How long to wait for the survey after the next one. */
    readonly surveyMs: number;
  }
  /** The grace is over; whatever runs is sent KILL. */
  | Ending & {
    readonly name: "killing";
    /** When each process was sent TERM, by {@linkcode processKey}; `null`: all were asked, in one way or another. */
    readonly asked: ReadonlyMap<string, number> | null;
    /** Of which service a process is the main program, by its pid. */
    readonly services: ReadonlyMap<number, CutShort>;
    /** Whom the log has named already. */
    readonly named: ReadonlySet<string>;
  }
  | { readonly name: "ended"; readonly exitCode: number };

/** The next state, and what is to be done on the way there, in order. */
export type Step = readonly [State, readonly Order[]];

/** The same once what the run was for has ended. */
export type RestStep = readonly [RestState, readonly CommonOrder[]];

/** The name of a process that no other ever has. */
export function processKey(process: Remaining): string {
  return `${process.pid} ${process.startTicks}`;
}
