import type { SpawnFailure } from "../../ffi/executable.ts";
import { readHead } from "../../ffi/file.ts";
import { libc } from "../../ffi/libc.ts";
import { becomeSubreaper, ownGroup, sendSignal } from "../../ffi/process.ts";
import { catchSignals } from "../../ffi/signal_handler.ts";
import { spawn } from "../../ffi/spawn.ts";
import { giveTerminalUp, hasForeground, reclaimForeground, suspendWith } from "../../ffi/terminal.ts";
import { say, serve } from "../fixture.ts";
import { start, takeAll, takeNext } from "./children.ts";
import { becomeUser, isInherited } from "./posix.ts";

const [SIGHUP, SIGKILL, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU] = [1, 9, 18, 20, 21, 22] as const;
const STDIN = 0;

/** Stops itself as Ctrl-Z does, then tells whether it has the foreground. */
const STOPS_ONCE = `
  use POSIX;
  kill TSTP => $$;
  $| = 1;
  print "went on, ", tcgetpgrp(0) == getpgrp ? "in the foreground" : "in the background", "\\n";`;

const functions = {
  look: (): { foreground: boolean } => ({
    foreground: hasForeground(),
  }),

  /** Who has the foreground: before, while a program has it that was given it, and when it was taken back. */
  async giveAndReclaim(): Promise<{ ours: boolean[]; holder: number; pid: number; heard: number[] }> {
    const caught = catchSignals([SIGTTOU])!;
    const ours = [hasForeground()];
    const pid = startInForeground("sleep", "30");
    const holder = libc.tcgetpgrp(STDIN);
    ours.push(hasForeground());
    reclaimForeground();
    ours.push(hasForeground());
    const heard = caught.take();
    sendSignal(pid, SIGKILL);
    await takeAll();
    return { ours, holder, pid, heard };
  },

  /** A program that asks at its very start whether it has the foreground. */
  async askAtStart(): Promise<void> {
    startInForeground("perl", "-MPOSIX", "-e", "print tcgetpgrp(0) == getpgrp ? 1 : 0");
    await takeAll();
  },

  /** Gives the terminal up, as its session's leader or not, and to a program in a session of its own. */
  async handOn(): Promise<
    { hadForeground: boolean; signalled: boolean; came: number[]; gaveUpAgain: boolean }
  > {
    const caught = catchSignals([SIGHUP, SIGCONT])!;
    const hadForeground = hasForeground();
    const signalled = giveTerminalUp();
    const came = caught.take();
    const gaveUpAgain = giveTerminalUp();
    const argv = ["perl", "-e", TELLS_TERMINAL];
    spawn({ argv, place: "own session", ignored: [], blocked: [] });
    await takeAll();
    return { hadForeground, signalled, came, gaveUpAgain };
  },

  /** Hands the terminal on as a user who may not open it, as after su(1); why that failed. */
  async handOnUnopenable(uid: number): Promise<SpawnFailure | null> {
    catchSignals([SIGHUP, SIGCONT]);
    giveTerminalUp();
    becomeUser(uid);
    const argv = ["perl", "-e", TELLS_TERMINAL];
    const result = spawn({ argv, place: "own session", ignored: [], blocked: [] });
    await takeAll();
    return typeof result === "number" ? null : result;
  },

  /** Starts a program in a session of its own, with the terminal that was given up for it. */
  async inOwnSession(argv: string[]): Promise<{ before: number[]; after: number[] }> {
    const open = (): number[] =>
      Array.from({ length: 256 }, (_, i) => i).filter((each) => isInherited(each) !== null);
    catchSignals([SIGHUP, SIGCONT]);
    giveTerminalUp();
    const before = open();
    spawn({ argv, place: "own session", ignored: [], blocked: [] });
    const after = open();
    await takeAll();
    return { before, after };
  },

  /** Suspends with a program that has stopped itself in the foreground; whether it was continued. */
  async suspend(): Promise<{ continued: boolean; heard: number[] }> {
    const caught = catchSignals([SIGTSTP])!; // so that only what suspendWith does can stop us
    const pid = startInForeground("perl", "-e", STOPS_ONCE);
    await takeNext();
    say(`stopped ${ownGroup()} ${pid}\n`);
    const continued = suspendWith(pid, SIGTSTP);
    const none = caught.take();
    sendSignal(Deno.pid, SIGTSTP);
    await takeAll();
    return { continued, heard: [...none, ...caught.take()] };
  },

  /** Asks to suspend with a program that has stopped itself, where there may be no terminal; whether it went on. */
  async suspendPlainly(): Promise<boolean> {
    const pid = start("sh", "-c", "kill -TSTP $$; sleep 30");
    await takeNext();
    const continued = suspendWith(pid, SIGTSTP);
    sendSignal(-pid, SIGKILL);
    await takeAll();
    return continued;
  },

  /** Asks to suspend with a program that stopped in the background, while another has the foreground. */
  async suspendInBackground(): Promise<{ continued: boolean; stillStopped: boolean }> {
    becomeSubreaper();
    const other = startInForeground("sleep", "30");
    const pid = start("perl", "-e", "kill TTIN => $$; sleep 30");
    await takeNext();
    const continued = suspendWith(pid, SIGTTIN);
    const stillStopped = new TextDecoder().decode(readHead(`/proc/${pid}/stat`, 1024)!).includes(") T ");
    for (const child of [pid, other]) sendSignal(child, SIGKILL);
    await takeAll();
    return { continued, stillStopped };
  },
};

/** Tells whether the terminal is its session's own, and whether it has the foreground. */
const TELLS_TERMINAL = `
  use POSIX;
  print open(my $tty, "+<", "/dev/tty") ? "has the terminal" : "has no terminal",
    (tcgetpgrp(0) // -1) == getpgrp ? ", in the foreground" : "", "\\n";`;

function startInForeground(...argv: string[]): number {
  const result = spawn({ argv, place: "foreground", ignored: [], blocked: [] });
  if (typeof result !== "number") throw new Error(result.reason);
  return result;
}

export type TerminalFixture = typeof functions;
await serve(functions);
