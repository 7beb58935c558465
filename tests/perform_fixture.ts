import { libc } from "../ffi/libc.ts";
import { listProcesses, readCommand } from "../ffi/proc.ts";
import { hasForeground } from "../ffi/terminal.ts";
import { becomeSubreaper, ownGroup, sendSignal } from "../ffi/process.ts";
import { catchSignals } from "../ffi/signal_handler.ts";
import { takeChild, takeStoppedChild } from "../ffi/wait.ts";
import type { Command, Fact, Order, Remaining, Role, Target, TimerName } from "../src/core/model.ts";
import { describe } from "../src/core/words.ts";
import { performer } from "../src/perform.ts";
import type { Launch } from "../src/plan.ts";
import { Timers } from "../src/timers.ts";
import { takeAll } from "./ffi/children.ts";
import { isInherited } from "./ffi/posix.ts";
import { say, serve, until } from "./fixture.ts";

const [SIGKILL, SIGTERM] = [9, 15] as const;

interface Performer {
  readonly facts: Fact[];
  readonly lines: string[];
  readonly exits: number[];
  readonly timers: Timers<TimerName>;
  perform(order: Order): void;
}

/** How denit itself starts main, but that it may stay where it is. */
const LAUNCH: Launch = {
  place: "terminal group",
  keepsMask: false,
  keepsIgnored: "all",
  closesInherited: false,
  leavesDirectory: false,
  wrap: null,
};

/** What of {@linkcode LAUNCH} is to be different; a wrapping by words in front of the command. */
type LaunchChanges = Partial<Omit<Launch, "wrap">> & { readonly wrap?: readonly string[] };

interface Setting {
  readonly role?: Role;
  readonly launch?: LaunchChanges;
  readonly ignored?: readonly number[];
  readonly blocked?: readonly number[];
  readonly rawCommand?: readonly number[][];
}

function makePerformer(
  { role = "subreaper", launch = {}, ignored = [], blocked = [], rawCommand }: Setting = {},
): Performer {
  const facts: Fact[] = [];
  const lines: string[] = [];
  const exits: number[] = [];
  const timers = new Timers<TimerName>();
  const { wrap: words, ...changes } = launch;
  const wrap: Launch["wrap"] = words === undefined
    ? null
    : (command) => words.length === 0 ? null : [...words, ...command];
  const perform = performer({
    ownPid: Deno.pid,
    role,
    ignored,
    blocked,
    news: catchSignals([])!.descriptor,
    launch: { ...LAUNCH, ...changes, wrap },
    rawCommand: rawCommand?.map((word) => new Uint8Array(word)) ?? null,
    timers,
    log: {
      write: (level, note) => void lines.push(`${level}: ${describe(note)}`),
      unwritten: () => [],
      drain: () => {},
    },
    exit: (code, signal) => void exits.push(signal === null ? code : -signal),
  });
  return { facts, lines, exits, timers, perform: (order) => perform(order, (fact) => facts.push(fact)) };
}

/** Starts a command as main; returns its process id. */
function spawnMain({ perform, facts }: Performer, command: Command): number {
  perform({ type: "spawn", command });
  const fact = facts.at(-1)!;
  if (fact.type !== "spawned") throw new Error(JSON.stringify(fact));
  return fact.pid;
}

/** The commands of all processes below us that have not ended, sorted. */
function living(): string[] {
  const all = listProcesses()!;
  const below = (pid: number): typeof all =>
    all.filter(({ parent }) => parent === pid).flatMap((child) => [child, ...below(child.pid)]);
  return below(Deno.pid).filter(({ zombie }) => !zombie).map(({ pid }) => readCommand(pid) ?? "").sort();
}

/** A main with a child in its group, and one in a session of its own. */
const FAMILY: Command = ["sh", "-c", "sleep 31 & setsid sleep 32 & wait"];
const FAMILY_LIVES = ["sh -c sleep 31 & setsid sleep 32 & wait", "sleep 31", "sleep 32"];

async function endAll(): Promise<void> {
  for (const { pid, group } of listProcesses()!.filter(({ parent }) => parent === Deno.pid)) {
    sendSignal(group === pid ? -pid : pid, SIGKILL);
  }
  await takeAll();
}

/** Stops once its child leads a session of its own. */
const STOPS_WITH_A_SESSION_BESIDE_IT = `
  pipe(my $read, my $write);
  if (fork) { close $write; <$read>; kill STOP => $$; sleep 30 }
  setsid();
  close $read;
  close $write;
  sleep 32;`;

const functions = {
  /** Spawns a command; the fact of that, and which descriptors above 2 are open here then. */
  async spawn(command: Command, setting: Setting): Promise<{ fact: Fact; open: number[] }> {
    const { perform, facts } = makePerformer(setting);
    perform({ type: "spawn", command });
    const open = [60, 61].filter((descriptor) => isInherited(descriptor) !== null);
    await takeAll();
    return { fact: facts[0]!, open };
  },

  /** Shows in which folder main is started, and in which another program is started later. */
  async folders(leavesDirectory: boolean): Promise<void> {
    const performing = makePerformer({ launch: { leavesDirectory } });
    for (let i = 0; i < 2; i++) {
      spawnMain(performing, ["pwd", "-P"]);
      await takeAll();
    }
  },

  /** Who still lives after TERM was sent to a target, of whom `MAIN` stands for main's process id. */
  async sendTo(name: Target["name"], signal: number): Promise<{ before: string[]; left: string[] }> {
    becomeSubreaper();
    const performing = makePerformer();
    const main = spawnMain(performing, FAMILY);
    await until(() => living().join() === FAMILY_LIVES.join());
    const target: Target = {
      process: { name: "process", pid: main },
      group: { name: "group", id: main, orLeader: true },
      everyone: { name },
    }[name] as Target;
    performing.perform({ type: "send-signal", target, signal });
    const expected = { process: 2, group: 1, everyone: 0 }[name];
    await until(() => living().length <= expected);
    const left = living();
    await endAll();
    return { before: FAMILY_LIVES, left };
  },

  /**
   * Which signal ends a main that has moved to another group: KILL for the group alone, or TERM for it or its leader;
   * and what is said.
   */
  async moved(): Promise<{ by: number | null; lines: string[] }> {
    const performing = makePerformer();
    const main = spawnMain(performing, ["perl", "-e", "setpgrp(0, getpgrp(getppid)); sleep 30"]);
    await until(() => listProcesses()!.some(({ pid, group }) => pid === main && group === ownGroup()));
    const target = { name: "group", id: main } as const;
    performing.perform({ type: "send-signal", target, signal: SIGKILL });
    performing.perform({ type: "send-signal", target: { ...target, orLeader: true }, signal: SIGTERM });
    const [ended] = await takeAll();
    const by = ended!.pid === main && ended!.status.name === "killed" ? ended!.status.signal : null;
    return { by, lines: performing.lines };
  },

  /** Kills everyone while one of them is in our own group: whether it ended and we live. */
  async killInOwnGroup(): Promise<{ left: string[] }> {
    const performing = makePerformer();
    const main = spawnMain(performing, ["perl", "-e", "setpgrp(0, getpgrp(getppid)); sleep 30"]);
    await until(() => listProcesses()!.some(({ pid, group }) => pid === main && group === ownGroup()));
    performing.perform({ type: "send-signal", target: { name: "everyone" }, signal: SIGKILL });
    await takeAll();
    return { left: living() };
  },

  /** What is said of signals that could not be sent: one that is not permitted, one to nobody. */
  notPermitted(setuidCall: number): string[] {
    const { perform, lines } = makePerformer();
    const MORE_THAN_ANY = 2 ** 22 + 1;
    perform({ type: "send-signal", target: { name: "process", pid: MORE_THAN_ANY }, signal: SIGTERM });
    perform({ type: "send-signal", target: { name: "group", id: MORE_THAN_ANY }, signal: SIGTERM });
    libc.syscall(BigInt(setuidCall), 65534, null, 0n); // of this thread alone, and only if it is root
    perform({ type: "send-signal", target: { name: "process", pid: 1 }, signal: 0 });
    return lines;
  },

  /** Counts before there is a child, while it lives, when it has ended, and when it is reaped. */
  async counts(role: Role): Promise<boolean[]> {
    const performing = makePerformer({ role });
    const count = (): void => performing.perform({ type: "count" });
    count();
    const main = spawnMain(performing, ["sleep", "30"]);
    count();
    sendSignal(main, SIGKILL);
    await until(() => listProcesses()!.some(({ pid, zombie }) => pid === main && zombie));
    count();
    await takeAll();
    count();
    return performing.facts.flatMap((fact) => fact.type === "counted" ? [fact.anyone] : []);
  },

  /** Surveys a main with its child, beside a zombie that is that child's, and one of ours; and nobody. */
  async surveys(withCommands: boolean, role: Role): Promise<{
    main: number;
    zombie: number;
    remaining: readonly Remaining[] | null;
    after: readonly Remaining[] | null;
  }> {
    becomeSubreaper();
    const performing = makePerformer({ role });
    const LEAVES_ZOMBIE = "exit unless fork; sleep 30";
    const main = spawnMain(performing, ["perl", "-e", LEAVES_ZOMBIE]);
    const zombie = spawnMain(performing, ["true"]);
    const below = [Deno.pid, main];
    await until(() => listProcesses()!.filter((it) => it.zombie && below.includes(it.parent)).length === 2);
    const survey = (): readonly Remaining[] | null => {
      performing.perform({ type: "survey", withCommands });
      const fact = performing.facts.at(-1)!;
      return fact.type === "surveyed" ? fact.remaining : null;
    };
    const remaining = survey();
    await endAll();
    return { main, zombie, remaining, after: survey() };
  },

  /** Whether denit has the terminal's foreground after main, which was to get it, could not be started. */
  hasForegroundAfterFailure(): { before: boolean; after: boolean } {
    const before = hasForeground();
    makePerformer().perform({ type: "spawn", command: ["/no/such/program"] });
    return { before, after: hasForeground() };
  },

  /** Surveys as a user to whom /proc, mounted with hidepid, shows no other's processes. Needs root. */
  surveyHidden(setuidCall: number): { seen: number; remaining: readonly Remaining[] | null } {
    const performing = makePerformer({ role: "first" });
    spawnMain(performing, ["sleep", "30"]);
    libc.syscall(BigInt(setuidCall), 65534, null, 0n); // of this thread alone
    const seen = listProcesses()!.length;
    performing.perform({ type: "survey", withCommands: true });
    const fact = performing.facts.at(-1)!;
    return { seen, remaining: fact.type === "surveyed" ? fact.remaining : [] };
  },

  /** The timers that are due in so many milliseconds when these are set one after the other. */
  timers(timers: [TimerName, number][], afterMs: number): TimerName[] {
    const performing = makePerformer();
    const beforeMs = performance.now();
    for (const [timer, delayMs] of timers) performing.perform({ type: "set-timer", timer, delayMs });
    return performing.timers.takeDue(beforeMs + afterMs);
  },

  /** Says when it is about to stop itself, and when it goes on. */
  stopSelf(): void {
    say("stopping\n");
    makePerformer().perform({ type: "stop-self" });
    say("went on\n");
  },

  /** With what it leaves; a signal is negative. */
  leaveByInterrupt(): number[] {
    const { perform, exits } = makePerformer();
    perform({ type: "leave-by-interrupt" });
    perform({ type: "exit", code: 130 });
    return exits;
  },

  logAndExit(): { lines: string[]; exits: number[] } {
    const { perform, lines, exits } = makePerformer();
    perform({ type: "log", level: "warning", note: { type: "problem", message: "the message" } });
    perform({ type: "exit", code: 3 });
    return { lines, exits };
  },

  /**
   * In a PID namespace that does not see its own /proc: what a survey says, and whether anybody is left after a KILL
   * to everyone of whom one is in a session of its own.
   */
  async withoutProc(role: Role): Promise<{ remaining: readonly Remaining[] | null; left: boolean }> {
    const performing = makePerformer({ role });
    const main = spawnMain(performing, ["perl", "-MPOSIX", "-e", STOPS_WITH_A_SESSION_BESIDE_IT]);
    await until(takeStoppedChild);
    performing.perform({ type: "survey", withCommands: true });
    const fact = performing.facts.at(-1)!;
    performing.perform({ type: "send-signal", target: { name: "everyone" }, signal: SIGKILL });
    await until(() => takeChild(main));
    if (role === "first") await takeAll();
    performing.perform({ type: "count" });
    const count = performing.facts.at(-1)!;
    return {
      remaining: fact.type === "surveyed" ? fact.remaining : [],
      left: count.type === "counted" && count.anyone,
    };
  },
};

export type PerformFixture = typeof functions;
await serve(functions);
