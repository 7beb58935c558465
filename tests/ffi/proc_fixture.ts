import { libc } from "../../ffi/libc.ts";
import { listProcesses, type ProcessEntry, readOwnWords, readProgram } from "../../ffi/proc.ts";
import { say, serve } from "../fixture.ts";

const functions = {
  /** The words that this process was started with, as numbers. */
  ownWords: (): number[][] | null => readOwnWords()?.map((word) => [...word]) ?? null,

  /** What /proc tells: of this process by its own id, and which ids there are at all. */
  look(): { pid: number; own: ProcessEntry | null; program: string | null; pids: number[] | null } {
    const all = listProcesses();
    return {
      pid: Deno.pid,
      own: all?.find(({ pid }) => pid === Deno.pid) ?? null,
      program: readProgram(Deno.pid),
      pids: all?.map(({ pid }) => pid) ?? null,
    };
  },

  /** Ends this process's first thread, and goes on. */
  endFirstThread(): void {
    const EXIT = { x86_64: 60n, aarch64: 93n }[Deno.build.arch]; // exit(2), of one thread
    say("ending\n");
    libc.syscall(EXIT, 0, null, 0n);
  },
};

export type ProcFixture = typeof functions;
await serve(functions);
