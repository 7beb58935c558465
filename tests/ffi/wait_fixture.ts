import { listProcesses } from "../../ffi/proc.ts";
import { sendSignal } from "../../ffi/process.ts";
import {
  peekChild,
  takeChild,
  takeEnd,
  takeStoppedChild,
  type Waited,
  type WaitStatus,
} from "../../ffi/wait.ts";
import { serve, until } from "../fixture.ts";
import { start, takeAll, takeNext } from "./children.ts";

const [SIGKILL, SIGCONT] = [9, 18] as const;

const functions = {
  /** What became of shells that run these scripts, in their order. */
  async endings(scripts: string[]): Promise<WaitStatus[]> {
    const pids = scripts.map((script) => start("sh", "-c", script));
    const all = await takeAll();
    return pids.map((pid) => all.find((child) => child.pid === pid)!.status);
  },

  /** A child that stops itself: the news of that, whether there is more of it, and its end after KILL. */
  async stopped(): Promise<{ pid: number; news: Waited; again: Waited | null; end: Waited }> {
    const pid = start("sh", "-c", "kill -STOP $$");
    const news = await takeNext();
    const again = takeChild();
    sendSignal(pid, SIGKILL);
    return { pid, news, again, end: await takeNext() };
  },

  /** What a peek says before there is a child, while it runs, twice when it has ended, and after it was taken. */
  async peeks(): Promise<{ pid: number; peeks: (number | string)[]; zombie: boolean; taken: Waited }> {
    const peeks = [peekChild()];
    const pid = start("sh", "-c", "kill -STOP $$; exit 3");
    await takeNext();
    peeks.push(peekChild());
    sendSignal(pid, SIGCONT);
    await until(() => typeof peekChild() === "number");
    peeks.push(peekChild(), peekChild());
    const zombie = listProcesses()!.find((process) => process.pid === pid)!.zombie;
    const taken = await takeNext();
    peeks.push(peekChild());
    return { pid, peeks, zombie, taken };
  },

  /** The end of a child that is waited for while it runs on, is stopped, and is ended. */
  ends(): { early: WaitStatus | null; stopped: WaitStatus | null; end: WaitStatus | null } {
    const [pid, other] = [start("sh", "-c", "kill -STOP $$"), start("sh", "-c", "exit 3")];
    const stopped = takeEnd(pid, 50);
    const early = takeEnd(other, 10_000);
    sendSignal(pid, SIGKILL);
    return { early, stopped, end: takeEnd(pid, 10_000) };
  },

  /** Of two children that have ended takes the one that was started second, and then asks for one that has not ended. */
  async takeOne(): Promise<
    { pids: number[]; taken: Waited | null; left: number | string; running: Waited | null }
  > {
    const pids = [start("sh", "-c", "exit 1"), start("sh", "-c", "exit 2"), start("sleep", "10")];
    await until(() =>
      listProcesses()!.filter(({ pid, zombie }) => zombie && pids.includes(pid)).length === 2
    );
    const taken = takeChild(pids[1]);
    const left = peekChild();
    const running = takeChild(pids[2]);
    sendSignal(pids[2]!, SIGKILL);
    await takeAll();
    return { pids, taken, left, running };
  },

  /** Beside a child that has ended, takes one that has stopped; then asks for another. */
  async takeStopped(): Promise<
    { ended: number; pid: number; news: Waited; again: Waited | null; left: number | string }
  > {
    const ended = start("true");
    await until(() => peekChild() === ended);
    const pid = start("sh", "-c", "kill -TSTP $$");
    const news = await until(takeStoppedChild);
    const again = takeStoppedChild();
    const left = peekChild();
    sendSignal(pid, SIGKILL);
    await takeAll();
    return { ended, pid, news, again, left };
  },

  /** What is told of a stopped child where there is no child any more. */
  stoppedOfNobody(): Waited | null {
    const pid = start("true");
    while (peekChild() !== pid);
    takeChild(pid);
    return takeStoppedChild();
  },

  /** How many of so many children that end together are taken. */
  async takeMany(count: number): Promise<{ taken: number; left: number | string; more: Waited | null }> {
    for (let i = 0; i < count; i++) start("true");
    const taken = await takeAll();
    return { taken: new Set(taken.map(({ pid }) => pid)).size, left: peekChild(), more: takeChild() };
  },
};

export type WaitFixture = typeof functions;
await serve(functions);
