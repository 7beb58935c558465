import { libc } from "../../ffi/libc.ts";
import type { Credentials } from "../../ffi/credentials.ts";
import { ownVariables } from "../../ffi/environment.ts";
import {
  listProcesses,
  ownChildren,
  type ProcessEntry,
  readOwnWords,
  readProgram,
  readVariableOf,
} from "../../ffi/proc.ts";
import { sendSignal } from "../../ffi/process.ts";
import { type ServiceStarted, startService } from "../../ffi/start_service.ts";
import { say, serve, until } from "../fixture.ts";
import { PLAIN_SERVICE, start, takeAll } from "./children.ts";

const SIGKILL = 9;

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

  /** The marks of a program that another user runs, and of what is his alone. */
  async marks(user: Credentials, variables: string[]): Promise<(string | null)[]> {
    const { pid } = startService({
      ...PLAIN_SERVICE,
      argv: ["sleep", "60"],
      environment: ownVariables(),
      credentials: user,
    }) as ServiceStarted;
    const marks = variables.map((variable) => readVariableOf(pid, variable));
    sendSignal(pid, SIGKILL);
    await takeAll();
    return marks;
  },

  /** This process's children: none, two of which one has become a zombie, and none again. */
  async children(): Promise<{ pids: number[]; children: (number[] | null)[] }> {
    const children = [ownChildren()];
    const pids = [start("sleep", "60"), start("true")];
    await until(() => listProcesses()!.some(({ pid, zombie }) => zombie && pid === pids[1]));
    children.push(ownChildren());
    sendSignal(pids[0]!, SIGKILL);
    await takeAll();
    children.push(ownChildren());
    return { pids, children };
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
