import { libc } from "../../ffi/libc.ts";
import {
  anyOtherProcess,
  becomeSubreaper,
  changeDirectory,
  closeInherited,
  exitNow,
  type KillResult,
  ownGroup,
  parentId,
  sendSignal,
  setParentDeathSignal,
  stopSelf,
} from "../../ffi/process.ts";
import { listProcesses } from "../../ffi/proc.ts";
import { say, serve, until } from "../fixture.ts";
import { isInherited, makePipe } from "./posix.ts";
import { start, takeAll, takeNext } from "./children.ts";

const [SIGKILL, SIGTERM, SIGUSR1] = [9, 15, 10] as const;

const functions = {
  /** What becomes of an orphan with and without us as subreaper: whether it is our child. */
  async adopts(): Promise<{ before: boolean; made: boolean; after: boolean }> {
    const before = await orphanIsOurs();
    const made = becomeSubreaper();
    return { before, made, after: await orphanIsOurs() };
  },

  /** What a signal to each of these is called: ourselves, nobody, a group, and the first process as nobody. */
  async results(setuidCall: number): Promise<Record<string, KillResult>> {
    const NOBODY = 65534;
    const MORE_THAN_ANY = 2 ** 22 + 1;
    const child = start("sleep", "30");
    const results = {
      self: sendSignal(Deno.pid, 0),
      missing: sendSignal(MORE_THAN_ANY, 0),
      "missing group": sendSignal(-MORE_THAN_ANY, 0),
      group: sendSignal(-child, SIGKILL),
    };
    await takeNext();
    const gone = sendSignal(child, 0);
    libc.syscall(BigInt(setuidCall), NOBODY, null, 0n); // of this thread alone, and only if it is root
    return { ...results, gone, first: sendSignal(1, 0) };
  },

  /** A signal to a group ends all in it. */
  async endsGroup(): Promise<{ signal: number; left: number[] }> {
    becomeSubreaper();
    const leader = start("sh", "-c", "sleep 30 & sleep 30 & wait");
    const members = (): number[] =>
      listProcesses()!.filter(({ group, name }) => group === leader && name === "sleep").map(({ pid }) =>
        pid
      );
    await until(() => members().length === 2);
    const pids = members();
    sendSignal(-leader, SIGTERM);
    const ended = await takeAll();
    const status = ended.find(({ pid }) => pid === leader)!.status;
    return {
      signal: status.name === "killed" ? status.signal : 0,
      left: pids.filter((pid) => sendSignal(pid, 0) !== "gone"),
    };
  },

  /** Whether there is anybody else in this PID namespace, before a child, with it, as a zombie, and when it is reaped. */
  async others(): Promise<boolean[]> {
    const answers = [anyOtherProcess()];
    const child = start("sleep", "30");
    answers.push(anyOtherProcess());
    sendSignal(child, SIGKILL);
    await until(() => listProcesses()!.some(({ pid, zombie }) => pid === child && zombie));
    answers.push(anyOtherProcess());
    await takeAll();
    answers.push(anyOtherProcess());
    return answers;
  },

  /** The parent and the group, asked of the kernel and of /proc. */
  ids(): { asked: number[]; shown: number[] } {
    const own = listProcesses()!.find(({ pid }) => pid === Deno.pid)!;
    return { asked: [parentId(), ownGroup()], shown: [own.parent, own.group] };
  },

  /** Says when it is ready, and when the signal came. */
  async outliveParent(): Promise<void> {
    const came = new Promise<void>((resolve) => Deno.addSignalListener("SIGUSR1", resolve));
    const tooLate = setTimeout(() => Deno.exit(1), 10_000);
    say(`${setParentDeathSignal(SIGUSR1)} ${parentId()}\n`);
    await came;
    clearTimeout(tooLate);
    say("the parent died\n");
  },

  /** Makes a folder the working directory, then tries one that is missing; a program shows where that led. */
  async changeDirectory(path: string): Promise<boolean[]> {
    const changed = [changeDirectory(path), changeDirectory(`${path}/missing`)];
    start("pwd", "-P");
    await takeAll();
    return changed;
  },

  /** Stops itself, and says so when somebody has continued it. */
  stopSelf(): void {
    say("stopping\n");
    stopSelf();
    say("went on\n");
  },

  /** Which of these descriptors are open before and after those that were inherited are closed. */
  closeInherited(descriptors: number[]): { before: number[]; after: number[]; ownIsOpen: boolean } {
    const open = (): number[] => descriptors.filter((descriptor) => isInherited(descriptor) !== null);
    const before = open();
    const [own] = makePipe();
    closeInherited();
    return { before, after: open(), ownIsOpen: isInherited(own) !== null };
  },

  /** Ends at once, with no handler run. */
  exitNow(code: number): void {
    addEventListener("unload", () => say("a handler ran\n"));
    exitNow(code);
  },
};

/** Whether a process whose parent has ended has become our child. */
async function orphanIsOurs(): Promise<boolean> {
  const shell = start("sh", "-c", "sleep 30 & exit");
  await takeNext();
  const orphan = await until(() =>
    listProcesses()!.find(({ name, group }) => name === "sleep" && group === shell)
  );
  const ours = orphan.parent === Deno.pid;
  sendSignal(orphan.pid, SIGKILL);
  if (ours) await takeAll();
  return ours;
}

export type ProcessFixture = typeof functions;
await serve(functions);
