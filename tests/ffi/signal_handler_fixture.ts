import { ignoreSignal, restoreDisposition } from "../../ffi/disposition.ts";
import { libc } from "../../ffi/libc.ts";
import { sendSignal } from "../../ffi/process.ts";
import { catchSignals } from "../../ffi/signal_handler.ts";
import { takeChild } from "../../ffi/wait.ts";
import { say, serve } from "../fixture.ts";
import { start } from "./children.ts";
import { isInherited, makeNonblocking, makePipe, raiseAsFault } from "./posix.ts";

/** Like denit itself these never give the runtime's event loop a turn, see src/loop.ts. */

const [SIGHUP, SIGTERM, SIGRTMIN] = [1, 15, 34] as const;

const functions = {
  /** Shows each signal that arrives, for ever. */
  show(signals: number[]): void {
    const caught = catchSignals(signals)!;
    say("ready\n");
    for (;;) {
      caught.wait(null, []);
      for (const signal of caught.take()) say(`${signal}\n`);
    }
  },

  /** Sends itself so many of each of these signals in a row; the order in which they are taken then. */
  sendSelf(signals: number[], each: number): { taken: number[]; then: number[] } {
    const caught = catchSignals(signals)!;
    for (let i = 0; i < each; i++) for (const signal of signals) sendSignal(Deno.pid, signal);
    const taken: number[] = [];
    for (let more; (more = caught.take()).length > 0;) taken.push(...more);
    return { taken, then: caught.take() };
  },

  /** Sends itself so many of the first signal, and one of the second; what each take gives. */
  takes([first, second]: [number, number], count: number): number[][] {
    const caught = catchSignals([first, second])!;
    for (let i = 0; i < count; i++) sendSignal(Deno.pid, first);
    sendSignal(Deno.pid, second);
    const takes: number[][] = [];
    for (let taken; (taken = caught.take()).length > 0;) takes.push(taken);
    return takes;
  },

  /** How long a wait takes: for a signal that came before, for nothing, for none after a take, for room in a pipe. */
  waits(): { cameBefore: number; nothing: number; afterTake: number; room: number; noRoom: number } {
    const caught = catchSignals([SIGTERM])!;
    const timed = (timeoutMs: number | null, toWrite: number[]): number => {
      const before = performance.now();
      caught.wait(timeoutMs, toWrite);
      return performance.now() - before;
    };
    sendSignal(Deno.pid, SIGTERM);
    const cameBefore = timed(null, []);
    caught.take();
    const nothing = timed(30.5, []);
    sendSignal(Deno.pid, SIGTERM);
    timed(10_000, []);
    const afterTake = timed(30.5, []);
    const [, write] = makePipe();
    makeNonblocking(write);
    const room = timed(null, [write]);
    while (libc.write(write, new Uint8Array(4096), 4096n) > 0n);
    return { cameBefore, nothing, afterTake, room, noRoom: timed(30.5, [write]) };
  },

  /** Whether a timeout that poll(2) cannot take means a wait at all, and ends by a signal. */
  longWait(): void {
    const caught = catchSignals([SIGTERM])!;
    say("ready\n");
    caught.wait(1e15, []);
    say(`${caught.take().join()}\n`);
  },

  /** What is taken when a child has ended, and when another has: the kernel itself sends CHLD. */
  fromKernel(): number[][] {
    const SIGCHLD = 17;
    const caught = catchSignals([SIGCHLD])!;
    return ["true", "false"].map((command) => {
      const pid = start(command);
      while (takeChild(pid) === null);
      caught.wait(1000, []);
      return caught.take();
    });
  },

  /** Which of these were ignored before they were caught. */
  ignored: (signals: number[]): readonly number[] => catchSignals(signals)!.ignored,

  /** What is taken of signals of which one was ignored for a while, as a spawn does. */
  ignoredForAWhile(): number[] {
    const caught = catchSignals([SIGHUP])!;
    const before = ignoreSignal(SIGHUP);
    sendSignal(Deno.pid, SIGHUP);
    restoreDisposition(SIGHUP, before);
    const none = caught.take();
    sendSignal(Deno.pid, SIGHUP);
    return [...none, ...caught.take()];
  },

  /** The error number of a call after which a signal was handled. */
  errnoSurvives(): number {
    catchSignals([SIGRTMIN]);
    libc.close(1_000_000); // EBADF
    sendSignal(Deno.pid, SIGRTMIN);
    return new Deno.UnsafePointerView(libc.__errno_location()!).getInt32();
  },

  /** Reads the memory at address 16, after a signal of that kind was sent and taken for what it was. */
  fault(): void {
    const SIGSEGV = 11;
    const caught = catchSignals([SIGSEGV])!;
    sendSignal(Deno.pid, SIGSEGV);
    say(`took ${caught.take().join()}\n`);
    new Deno.UnsafePointerView(Deno.UnsafePointer.create(16n)!).getInt32();
    say("went on after the fault\n");
  },

  /** Has a signal come as a fault's, twice: nothing mends it, so it comes again. */
  faultTwice(signal: number): void {
    const caught = catchSignals([signal])!;
    raiseAsFault(signal);
    say(`took ${caught.take().length}\n`);
    raiseAsFault(signal);
    say("went on after the fault\n");
  },

  /** What is asked of signals that have come: before any has, when TERM has, and when that was taken. */
  has(): boolean[][] {
    const caught = catchSignals([SIGHUP, SIGTERM])!;
    const ask = (): boolean[] => [[], [SIGHUP], [SIGTERM], [SIGHUP, SIGTERM]].map((each) => caught.has(each));
    const before = ask();
    sendSignal(Deno.pid, SIGTERM);
    const come = ask();
    caught.take();
    return [before, come, ask()];
  },

  /** The descriptors that a program would inherit which it would not have without the handler. */
  inherited(): number[] {
    const inheritable = (): number[] =>
      Array.from({ length: 200 }, (_, i) => i).filter((each) => isInherited(each));
    const before = inheritable();
    catchSignals([SIGRTMIN]);
    return inheritable().filter((descriptor) => !before.includes(descriptor));
  },
};

export type SignalHandlerFixture = typeof functions;
await serve(functions);
