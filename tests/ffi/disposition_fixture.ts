import {
  blockedSignals,
  blockOnly,
  defaultSignal,
  ignoreSignal,
  restoreDisposition,
  setHandlers,
  withoutOutputSignals,
} from "../../ffi/disposition.ts";
import { readFolder, readHead } from "../../ffi/file.ts";
import { libc } from "../../ffi/libc.ts";
import { sendSignal } from "../../ffi/process.ts";
import { catchSignals } from "../../ffi/signal_handler.ts";
import { say, serve } from "../fixture.ts";
import { makePipe } from "./posix.ts";

const [SIGINT, SIGUSR2, SIGPIPE, SIGTTOU, SIGRTMAX] = [2, 12, 13, 22, 64] as const;

const SIG_IGN = 1n;

/** The struct sigaction in force for the signal. */
function dispositionOf(signal: number): DataView {
  const action = new Uint8Array(152);
  libc.sigaction(signal, null, action);
  return new DataView(action.buffer);
}

/** The signals that are ignored now. */
function ignoredSignals(): number[] {
  return Array.from({ length: 64 }, (_, i) => i + 1).filter((signal) => {
    return dispositionOf(signal).getBigUint64(0, true) === SIG_IGN && signal !== SIGPIPE;
  });
}

const functions = {
  ignoredSignals,

  /** What is ignored after each of: ignoring two, making one default again, putting back what was. */
  ignoreAndRestore(): number[][] {
    const before = ignoreSignal(SIGUSR2);
    ignoreSignal(SIGRTMAX);
    const both = ignoredSignals();
    const ignored = defaultSignal(SIGUSR2);
    const one = ignoredSignals();
    restoreDisposition(SIGUSR2, ignored);
    const again = ignoredSignals();
    restoreDisposition(SIGUSR2, before);
    return [both, one, again, ignoredSignals()];
  },

  /** Whether a listener hears a signal again after that was ignored for a while. */
  async listenerAfterIgnoring(): Promise<boolean> {
    const heard = new Promise<boolean>((resolve) => Deno.addSignalListener("SIGINT", () => resolve(true)));
    const caught = ignoreSignal(SIGINT);
    sendSignal(Deno.pid, SIGINT);
    restoreDisposition(SIGINT, caught);
    sendSignal(Deno.pid, SIGINT);
    return await heard;
  },

  /** Ends this process by a signal that it made default again. */
  endByDefault(): void {
    ignoreSignal(SIGUSR2);
    sendSignal(Deno.pid, SIGUSR2);
    say("still here\n");
    defaultSignal(SIGUSR2);
    sendSignal(Deno.pid, SIGUSR2);
  },

  blockedSignals,

  /** The signals that are blocked on the main thread, and on all other threads together, before and after. */
  blocked(): { main: number[]; others: number[]; then: number[] } {
    blockOnly([SIGPIPE, SIGTTOU, SIGRTMAX]);
    const threads = readFolder("/proc/self/task")!.filter((name) => !name.startsWith("."));
    const main = String(Deno.pid);
    const others = threads.filter((name) => name !== main).flatMap(blockedOn);
    const first = blockedOn(main);
    blockOnly([SIGPIPE]);
    return { main: first, others, then: blockedOn(main) };
  },

  /** What is heard of writes to a closed pipe, plain and without output signals; which signals are blocked then. */
  outputSignals(): {
    plain: number[];
    without: number[];
    during: number[];
    blockedDuring: number[];
    blockedAfter: number[];
    result: string;
  } {
    blockOnly([SIGRTMAX]);
    const caught = catchSignals([SIGPIPE, SIGTTOU, SIGINT])!;
    const [read, write] = makePipe();
    libc.close(read);
    const writeInVain = (): bigint => libc.write(write, new Uint8Array(1), 1n);
    writeInVain();
    const plain = caught.take();
    let during: number[] = [];
    let blockedDuring: number[] = [];
    const result = withoutOutputSignals(() => {
      writeInVain();
      writeInVain();
      sendSignal(Deno.pid, SIGINT);
      during = caught.take();
      blockedDuring = blockedSignals();
      return "the result";
    }, () => true);
    return { plain, without: caught.take(), during, blockedDuring, blockedAfter: blockedSignals(), result };
  },

  /** What is blocked after an action without output signals has thrown. */
  thrownThrough(): { message: string; blocked: number[] } {
    try {
      withoutOutputSignals(() => {
        throw new Error("no");
      }, () => false);
    } catch (error) {
      return { message: String(error), blocked: blockedSignals() };
    }
    return { message: "", blocked: [] };
  },

  /** The mask that a handler runs under, read back from the kernel. */
  handlerMask(): string {
    setHandlers([SIGUSR2], SIG_IGN, 0);
    return dispositionOf(SIGUSR2).getBigUint64(8, true).toString(16);
  },
};

function blockedOn(thread: string): number[] {
  const status = new TextDecoder().decode(readHead(`/proc/self/task/${thread}/status`, 8192)!);
  const bits = BigInt(`0x${/^SigBlk:\s*(\w+)$/m.exec(status)![1]}`);
  return Array.from({ length: 64 }, (_, i) => i + 1).filter((signal) => bits >> BigInt(signal - 1) & 1n);
}

export type DispositionFixture = typeof functions;
await serve(functions);
