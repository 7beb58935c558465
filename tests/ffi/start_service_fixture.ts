import { RESOURCE } from "../../ffi/abi.ts";
import { blockOnly } from "../../ffi/disposition.ts";
import { ownVariables, restoreEnvironment, withChanges } from "../../ffi/environment.ts";
import type { SpawnFailure } from "../../ffi/executable.ts";
import { readFolder, readHead } from "../../ffi/file.ts";
import { libc } from "../../ffi/libc.ts";
import { closeDescriptor, makePipe, readAvailable } from "../../ffi/pipe.ts";
import { closeInherited, currentDirectory, sendSignal, setParentDeathSignal } from "../../ffi/process.ts";
import { catchSignals } from "../../ffi/signal_handler.ts";
import { type ServiceOrder, type ServiceStarted, startService } from "../../ffi/start_service.ts";
import type { WaitStatus } from "../../ffi/wait.ts";
import { serve } from "../fixture.ts";
import { PLAIN_SERVICE, takeAll } from "./children.ts";
import { becomeUser, holdExecution, readLimit } from "./posix.ts";

/** What differs from an order that asks for nothing. */
export interface Wish extends Partial<Omit<ServiceOrder, "argv" | "environment">> {
  /** Words, or the lengths of long ones. */
  readonly argv: readonly (string | number)[];
  readonly variables?: Readonly<Record<string, string | null>>;
}

/** The soft and the hard limit of each resource, in the kernel's numbers. */
type Limits = Record<keyof typeof RESOURCE, string>;

export type Outcome = (ServiceStarted & { readonly status: WaitStatus }) | SpawnFailure;

/** What a program has been given. */
export interface Shown {
  readonly problems: readonly string[];
  readonly limits: readonly string[];
  readonly nice: number;
  readonly oomScoreAdjust: number;
}

/** What is to stay as it is in denit itself: of each thread, and of the process. */
export interface Self {
  readonly threads: readonly string[];
  readonly process: Readonly<Record<string, string | number | null>>;
}

const [SIGHUP, SIGKILL, SIGUSR1, SIGTERM] = [1, 9, 10, 15] as const;

const functions = {
  /** Starts a program and waits for its end. */
  run,

  /** Starts several, one after the other; what came of each, and what this process is like before and after. */
  async runAll(wishes: Wish[]): Promise<{ outcomes: Outcome[]; before: Self; after: Self }> {
    setParentDeathSignal(SIGTERM);
    const before = self();
    const outcomes = [];
    for (const wish of wishes) outcomes.push(await run(wish));
    return { outcomes, before, after: selfAfter(before) };
  },

  /** Starts several as somebody who is not root, of this thread alone. */
  async runAs(uid: number, wishes: Wish[]): Promise<Outcome[]> {
    becomeUser(uid);
    const outcomes = [];
    for (const wish of wishes) outcomes.push(await run(wish));
    return outcomes;
  },

  /** Starts a program that cannot be executed yet, and then can. */
  async runHeld(path: string, wish: Omit<Wish, "argv">): Promise<Outcome> {
    const letGo = holdExecution(path);
    const outcome = start({ ...wish, argv: [path] });
    letGo();
    const [ended] = await takeAll();
    return "pid" in outcome ? { ...outcome, status: ended!.status } : outcome;
  },

  /** Starts programs that run until they are killed; what /proc shows of each. */
  async inspect(
    wishes: Omit<Wish, "argv">[],
  ): Promise<{ shown: (Shown | SpawnFailure)[]; before: Self; after: Self }> {
    const before = self();
    const shown = [];
    for (const wish of wishes) {
      const outcome = start({ ...wish, argv: ["sleep", "60"] });
      if (!("pid" in outcome)) {
        shown.push(outcome);
        continue;
      }
      const { pid, problems } = outcome;
      const stat = read(`/proc/${pid}/stat`).split(" ");
      shown.push({
        problems,
        limits: read(`/proc/${pid}/limits`).split("\n"),
        nice: Number(stat[18]),
        oomScoreAdjust: Number(read(`/proc/${pid}/oom_score_adj`)),
      });
      sendSignal(pid, SIGKILL);
      await takeAll();
    }
    return { shown, before, after: selfAfter(before) };
  },

  /** What a program writes to its two outputs, each of which is a pipe. */
  async runIntoPipes(wish: Wish): Promise<string[]> {
    closeInherited();
    const [out, error] = [makePipe()!, makePipe()!];
    await run({ ...wish, stdout: out.write, stderr: error.write });
    return [out, error].map(({ read, write }) => {
      closeDescriptor(write);
      const buffer = new Uint8Array(4096);
      const count = readAvailable(read, buffer);
      if (readAvailable(read, new Uint8Array(1)) !== "end") throw new Error("Somebody still holds the pipe");
      return new TextDecoder().decode(buffer.subarray(0, Number(count)));
    });
  },

  /** Starts a program when this process has descriptors, blocked and caught signals of its own. */
  async runAmid(wish: Wish): Promise<void> {
    closeInherited();
    makePipe();
    blockOnly([SIGTERM]);
    catchSignals([SIGHUP, SIGUSR1]);
    await run(wish);
  },
};

async function run(wish: Wish): Promise<Outcome> {
  const outcome = start(wish);
  if (!("pid" in outcome)) return outcome;
  const child = (await takeAll()).find(({ pid }) => pid === outcome.pid);
  return { ...outcome, status: child!.status };
}

function start({ argv, variables = {}, ...more }: Wish): ServiceStarted | SpawnFailure {
  return startService({
    ...PLAIN_SERVICE,
    argv: argv.map((word) => typeof word === "number" ? "x".repeat(word) : word),
    environment: withChanges(ownVariables(), variables),
    stdout: "inherit",
    stderr: "inherit",
    ...more,
  });
}

/** What this process is like then; the runtime may have closed something of its own meanwhile. */
function selfAfter(before: Self): Self {
  const now = self();
  const counts = [now, before].map(({ process }) => Number(process["descriptors"]));
  return { ...now, process: { ...now.process, descriptors: Math.max(...counts) } };
}

function self(): Self {
  const [PR_GET_PDEATHSIG, PR_GET_DUMPABLE] = [2, 3];
  const threads = readFolder("/proc/self/task")!.filter((name) => !name.startsWith(".")).map((thread) =>
    [...read(`/proc/self/task/${thread}/status`).matchAll(/^(Uid|Gid|Groups|Cap\w+):.*$/gm)].join("\n")
  );
  const signal = new Int32Array(1);
  const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(signal));
  libc.prctl(PR_GET_PDEATHSIG, address, 0n, 0n, 0n);
  return {
    threads: [...new Set(threads)],
    process: {
      limits: JSON.stringify(ownLimits()),
      umask: /^Umask:.*$/m.exec(read("/proc/self/status"))![0],
      folder: currentDirectory(),
      descriptors: readFolder("/proc/self/fd")!.length,
      nice: read("/proc/self/stat").split(" ")[18]!,
      oomScoreAdjust: read("/proc/self/oom_score_adj"),
      dumpable: libc.prctl(PR_GET_DUMPABLE, 0n, 0n, 0n, 0n),
      parentDeathSignal: signal[0]!,
    },
  };
}

function ownLimits(): Limits {
  return Object.fromEntries(
    Object.entries(RESOURCE).map(([name, resource]) => [name, readLimit(resource).join(" ")]),
  ) as Limits;
}

function read(path: string): string {
  return new TextDecoder().decode(readHead(path, 8192)!);
}

export type StartServiceFixture = typeof functions;
restoreEnvironment();
await serve(functions);
