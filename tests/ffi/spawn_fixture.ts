import { blockOnly, ignoreSignal } from "../../ffi/disposition.ts";
import { restoreEnvironment } from "../../ffi/environment.ts";
import type { SpawnFailure } from "../../ffi/executable.ts";
import { libc } from "../../ffi/libc.ts";
import { readHead } from "../../ffi/file.ts";
import { sendSignal } from "../../ffi/process.ts";
import { catchSignals } from "../../ffi/signal_handler.ts";
import { spawn, type SpawnOrder } from "../../ffi/spawn.ts";
import { takeChild, type WaitStatus } from "../../ffi/wait.ts";
import { serve, until } from "../fixture.ts";
import { takeAll } from "./children.ts";

/** A word, or its bytes where it is no UTF-8, or one of a length. */
export type Word = string | number[] | { length: number };

const [SIGHUP, SIGUSR1, SIGPIPE, SIGTTOU, SIGRTMIN] = [1, 10, 13, 22, 34] as const;

/** How most programs here are started. */
const PLAIN = { place: "own group", ignored: [], blocked: [] } as const;

const functions = {
  /** Starts a command and waits for its end. */
  async run(
    argv: Word[],
    more: Partial<Omit<SpawnOrder, "argv">> = {},
  ): Promise<{ pid: number; status: WaitStatus } | SpawnFailure> {
    const words = argv.map((word) =>
      typeof word === "string" ? word : Array.isArray(word) ? new Uint8Array(word) : "x".repeat(word.length)
    );
    const result = spawn({ argv: words, ...PLAIN, ...more });
    if (typeof result !== "number") return result;
    const [child] = await takeAll();
    if (child!.pid !== result) throw new Error(`Started ${result}, but ${child!.pid} ended`);
    return child!;
  },

  /** Runs a command after this process has done to its signals all that denit does, and has ignored some. */
  async runAmidSignals(argv: string[], ignored: number[]): Promise<void> {
    for (const signal of ignored) ignoreSignal(signal);
    blockOnly([SIGPIPE, SIGTTOU]);
    Deno.addSignalListener("SIGHUP", () => {});
    catchSignals([SIGUSR1, SIGRTMIN]);
    spawn({ argv, ...PLAIN, ignored });
    await takeAll();
  },

  /** What is heard of a signal that stays ignored in two children, one of which cannot be started. */
  async hearsAfterSpawn(): Promise<number[]> {
    const caught = catchSignals([SIGHUP])!;
    spawn({ argv: ["true"], ...PLAIN, ignored: [SIGHUP] });
    spawn({ argv: ["no-such-command"], ...PLAIN, ignored: [SIGHUP] });
    sendSignal(Deno.pid, SIGHUP);
    await takeAll();
    return caught.take();
  },

  /** Starts programs until another process has sent so many signals that stay ignored in them; how many were heard. */
  async hearsDuringSpawns(signals: number): Promise<{ heard: number }> {
    const caught = catchSignals([SIGRTMIN])!;
    const script = `for i in $(seq ${signals}); do kill -${SIGRTMIN} $PPID; done`;
    const sender = spawn({ argv: ["sh", "-c", script], ...PLAIN });
    let heard = 0;
    await until(() => {
      spawn({ argv: ["true"], ...PLAIN, ignored: [SIGRTMIN] });
      heard += caught.take().length;
      for (let child = takeChild(); child !== null; child = takeChild()) {
        if (child.pid === sender) return true;
      }
      return false;
    });
    await takeAll();
    for (let more; (more = caught.take().length) > 0;) heard += more;
    return { heard };
  },

  /** Runs a command; returns this process's own environment, as the kernel was given it. */
  async runWithEnvironment(argv: string[]): Promise<number[]> {
    spawn({ argv, ...PLAIN });
    await takeAll();
    return [...readHead("/proc/self/environ", 1024 * 1024)!];
  },

  /** Starts a command as a user that may have no more processes. Needs root, and `ulimit -u 0` before. */
  runWithoutRoom(setuidCall: number): number | SpawnFailure {
    const NOBODY = 65534;
    libc.syscall(BigInt(setuidCall), NOBODY, null, 0n); // of this thread alone
    return spawn({ argv: ["true"], ...PLAIN });
  },
};

export type SpawnFixture = typeof functions;
restoreEnvironment();
await serve(functions);
