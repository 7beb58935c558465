import { beginInChild, type ChildOutcome, PATIENCE_MS, type Step } from "../../ffi/child.ts";
import { cStringTable } from "../../ffi/c_string.ts";
import { readFolder } from "../../ffi/file.ts";
import { libc } from "../../ffi/libc.ts";
import { closeDescriptor } from "../../ffi/pipe.ts";
import { peekChild, type Waited } from "../../ffi/wait.ts";
import { serve, until } from "../fixture.ts";
import { takeAll } from "./children.ts";
import { readLimit, setLimit } from "./posix.ts";

const PR_GET_DUMPABLE = 3;
const [O_RDONLY, O_WRONLY, AT_FDCWD] = [0, 1, -100] as const;

/** A program that ends with 3, and one that is not there. */
const [PROGRAM, MISSING] = [execute("/bin/sh", "-c", "exit 3"), execute("/no/such/program")] as const;

/** What there is of this process that a start could change. */
interface Self {
  readonly descriptors: number;
  readonly dumpable: number;
}

const functions = {
  /** What comes of steps before a program, and of the program. */
  async run(before: Omit<Step, "passes">[]): Promise<{ outcome: ChildOutcome; ended: Waited[] }> {
    const outcome = runInChild([...before.map(passing), PROGRAM]);
    return { outcome, ended: await takeAll() };
  },

  /** What comes of two that are begun before one is waited for, of which the second changes its user if root does it. */
  async atOnce(): Promise<{ outcomes: ChildOutcome[]; selves: Self[]; ended: Waited[] }> {
    const user: Step[] = libc.geteuid() === 0 ? [{ call: "setresuid", args: [1234, 1234, 1234] }] : [];
    const begun = [[PROGRAM], [...user, MISSING], [...user, PROGRAM]];
    for (const steps of begun) runInChild(steps); // whatever is made once, is made
    await takeAll();
    const before = self();
    const outcomes: ChildOutcome[] = [];
    let finish = beginInChild(begun[0]!);
    for (const steps of [...begun.slice(1), begun[0]!]) {
      const next = beginInChild(steps);
      outcomes.push(finish());
      finish = next;
    }
    outcomes.push(finish());
    const ended = await takeAll();
    return { outcomes, selves: [before, self()], ended };
  },

  /** What comes of a program, and of one that is not there, where no descriptor is left. */
  async withoutDescriptors(): Promise<{ outcomes: ChildOutcome[]; ended: Waited[] }> {
    const NOFILE = 7;
    const [soft, hard] = readLimit(NOFILE);
    const enough = new Uint8Array(new BigUint64Array([soft, hard]).buffer);
    const theirs: Step = { call: "prlimit64", args: [0, NOFILE, enough, 0] }; // a program needs some
    setLimit(NOFILE, 0n, hard);
    const outcomes = [runInChild([theirs, PROGRAM]), runInChild([theirs, MISSING])];
    setLimit(NOFILE, soft, hard);
    return { outcomes, ended: await takeAll() };
  },

  /** What comes of a program that is not there, and whether a child is left of it. */
  missing(): { outcome: ChildOutcome; left: number | string } {
    return { outcome: runInChild([MISSING]), left: peekChild() };
  },

  /**
   * Has a process wait in a call for somebody to open a FIFO, as another user or as ourselves (`null`); others are
   * started meanwhile, and then it goes on.
   */
  async late(
    fifo: string,
    uid: number | null,
  ): Promise<{ tookMs: number; outcome: ChildOutcome; others: string[]; selves: Self[]; ended: Waited[] }> {
    runInChild([PROGRAM]); // whatever is made once, is made
    await takeAll();
    const selves = [self()];
    const user: Step[] = uid === null ? [] : [{ call: "setresuid", args: [uid, uid, uid] }];
    const open: Step = { call: "openat", args: [AT_FDCWD, fifo, O_RDONLY, 0] };
    const since = performance.now();
    const outcome = runInChild([...user, open, PROGRAM]);
    const tookMs = performance.now() - since;
    const others = [runInChild([PROGRAM]), runInChild([MISSING])].map(({ name }) => name);
    selves.push(self());
    await letGo(fifo);
    const ended = await takeAll();
    runInChild([PROGRAM]);
    await takeAll();
    selves.push(self());
    return { tookMs, outcome, others, selves, ended };
  },

  /** Has so many processes wait for somebody to open a FIFO, and then go on; how long their starts took together. */
  async lateAll(fifo: string, count: number): Promise<{ tookMs: number; ended: Waited[] }> {
    const open: Step = { call: "openat", args: [AT_FDCWD, fifo, O_RDONLY, 0] };
    const since = performance.now();
    for (let i = 0; i < count; i++) runInChild([open, PROGRAM]);
    const tookMs = performance.now() - since;
    await letGo(fifo);
    return { tookMs, ended: await takeAll() };
  },

  /**
   * Has a process that cannot execute its program wait for somebody to open a FIFO, which takes longer than is waited
   * for, with and without news meanwhile; what comes of it.
   */
  async slow(fifo: string, hasNews: boolean): Promise<ChildOutcome> {
    const SLOW_MS = 3 * PATIENCE_MS;
    const news = libc.eventfd(hasNews ? 1 : 0, 0);
    runInChild([execute("/bin/sh", "-c", 'sleep "$1"; : > "$2"', "sh", `${SLOW_MS / 1000}`, fifo)]);
    const open: Step = { call: "openat", args: [AT_FDCWD, fifo, O_RDONLY, 0] };
    const outcome = runInChild([open, MISSING], news);
    await takeAll();
    return outcome;
  },
};

/** Lets those go on that wait for somebody to open a FIFO. */
async function letGo(fifo: string): Promise<void> {
  const writer = await until(() => {
    const descriptor = libc.open(new TextEncoder().encode(`${fifo}\0`), O_WRONLY);
    return descriptor >= 0 && descriptor + 1;
  });
  closeDescriptor(writer - 1);
}

/** Goes on with "no such process" and with nothing else. */
function passing(step: Omit<Step, "passes">): Step {
  const ESRCH = 3n;
  return { ...step, passes: 1n << ESRCH };
}

function runInChild(steps: Step[], news: number | null = null): ChildOutcome {
  return beginInChild(steps, news)();
}

function execute(...argv: string[]): Step {
  return { call: "execve", args: [argv[0]!, cStringTable(argv), 0] };
}

function self(): Self {
  return {
    descriptors: readFolder("/proc/self/fd")!.length,
    dumpable: libc.prctl(PR_GET_DUMPABLE, 0n, 0n, 0n, 0n),
  };
}

export type ChildFixture = typeof functions;
await serve(functions);
