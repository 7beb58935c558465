import { readVariable, withChanges } from "../../ffi/environment.ts";
import { readFolder } from "../../ffi/file.ts";
import { libc } from "../../ffi/libc.ts";
import { type Poller, PollSet } from "../../ffi/poll.ts";
import { sendSignal } from "../../ffi/process.ts";
import { type Given, startService } from "../../ffi/start_service.ts";
import type { Logging } from "../../src/core/services/project.ts";
import { makeLog } from "../../src/log.ts";
import { type Drained, makeOutput, type Opening, type OutputOptions } from "../../src/output/output.ts";
import { makeWriters } from "../../src/writer.ts";
import { PLAIN_SERVICE } from "../ffi/children.ts";
import { makeNonblocking, moveDescriptor, readLimit, setLimit } from "../ffi/posix.ts";
import { serve } from "../fixture.ts";
import { putPipeAtStandardError, readNow } from "../standard_error.ts";

const [STDERR, SIGKILL] = [2, 9] as const;
const encoder = new TextEncoder();

/** What a service writes, on which stream. */
type Write = readonly [service: string, stream: "stdout" | "stderr", text: string];

type Options = Partial<Pick<OutputOptions, "format" | "color" | "folder">> & { readonly width?: number };

/** An output, and the loop that it stands in. */
class Bench {
  readonly reports: string[] = [];
  readonly writers = makeWriters();
  readonly log = makeLog((_level, note) => [{ stream: "stderr", text: JSON.stringify(note) }], this.writers);
  /** The descriptors that are waited for. */
  readonly watched = new Set<number>();
  readonly #set = new PollSet();
  readonly output;

  constructor({ width = 0, ...options }: Options = {}) {
    const poller: Poller = {
      watch: (descriptor, forWhat, onReady) => {
        this.watched.add(descriptor);
        this.#set.watch(descriptor, forWhat, onReady);
      },
      unwatch: (descriptor) => {
        this.watched.delete(descriptor);
        this.#set.unwatch(descriptor);
      },
    };
    this.output = makeOutput({
      poller,
      writers: this.writers,
      format: "text",
      color: false,
      width: () => width,
      folder: "/nowhere",
      report: (message) => this.reports.push(message),
      now: () => new Date(0),
      ...options,
    });
  }

  open(name: string, logging: Logging = { name: "denit" }): Opening {
    return this.output.open({ name, logging })!;
  }

  /** Starts a service that this process plays: it holds the writing ends that are returned. */
  play(name: string, logging?: Logging, pid = 1): Record<"stdout" | "stderr", number> {
    const opening = this.open(name, logging);
    const ends = { stdout: duplicate(opening.stdout), stderr: duplicate(opening.stderr) };
    opening.started(pid);
    return ends;
  }

  /** Starts a shell command as a service; returns its process id. */
  run(name: string, command: string): number {
    const opening = this.open(name);
    const started = startService({
      ...PLAIN_SERVICE,
      argv: ["/bin/sh", "-c", command],
      environment: withChanges([], { PATH: readVariable("PATH")! }),
      stdout: opening.stdout,
      stderr: opening.stderr,
    });
    if (!("pid" in started)) throw new Error(started.reason);
    opening.started(started.pid);
    return started.pid;
  }

  turn(timeoutMs = 0): void {
    this.output.flush(performance.now());
    this.log.drain();
    this.#set.wait(timeoutMs);
  }

  /** Looks at what is ready, which the next turn moves on. */
  poll(): void {
    this.#set.wait(0);
  }

  /** Turns until nothing is waited for any more. */
  untilIdle(): void {
    do this.turn(100); while (this.watched.size > 0);
  }

  /** Turns until no pipe is read any more, and only room at standard error is waited for. */
  untilStuck(): void {
    do this.turn(100); while (this.watched.size !== 1 || !this.watched.has(STDERR));
  }
}

const functions = {
  /** Has services write, each bit after the one before was passed on, and end; returns what was reported. */
  write(options: Options, writes: readonly Write[], logging?: Logging): string[] {
    const bench = new Bench(options);
    const ends = new Map<string, Record<"stdout" | "stderr", number>>();
    for (const [i, name] of [...new Set(writes.map(([name]) => name))].entries()) {
      ends.set(name, bench.play(name, logging, i + 1));
    }
    for (const [name, stream, text] of writes) {
      put(ends.get(name)![stream], text);
      bench.turn();
      bench.turn();
    }
    for (const { stdout, stderr } of ends.values()) close(stdout, stderr);
    bench.untilIdle();
    return bench.reports;
  },

  /** What a program gets for its streams, with this format and where its output goes there. */
  given(format: OutputOptions["format"], logging: Logging): Given[] {
    const before = countDescriptors();
    const opening = new Bench({ format }).open("web", logging);
    opening.started(1);
    if (countDescriptors() !== before) throw new Error("Descriptors are left");
    return [opening.stdout, opening.stderr];
  },

  /** How many descriptors are open: at first, with a service that starts, after it could not, and after others ended. */
  descriptors(folder: string): number[] {
    const bench = new Bench({ folder });
    const counts = [countDescriptors()];
    const opening = bench.open("web");
    counts.push(countDescriptors());
    opening.failed();
    counts.push(countDescriptors());
    for (const logging of [{ name: "denit" }, FILES] as const) {
      const { stdout, stderr } = bench.play("web", logging);
      put(stdout, "text\n");
      close(stdout, stderr);
    }
    bench.untilIdle();
    counts.push(countDescriptors());
    return counts;
  },

  /** Opens a service where no more than so many descriptors can be had than there are; how many are left open. */
  noDescriptors(more: number): { opened: boolean; left: number } {
    const bench = new Bench();
    const before = countDescriptors();
    const RLIMIT_NOFILE = 7;
    const highest = Math.max(...readFolder("/proc/self/fd")!.map(Number).filter(isOpen));
    const [soft, hard] = readLimit(RLIMIT_NOFILE);
    const limit = (soft: bigint): void => setLimit(RLIMIT_NOFILE, soft, hard);
    const gaps = fillGaps(highest);
    limit(BigInt(highest + 1 + more));
    const opened = bench.output.open({ name: "web", logging: { name: "denit" } }) !== null;
    // Where there were no gaps, no descriptor would be left to count the others by.
    limit(soft);
    close(...gaps);
    return { opened, left: countDescriptors() - before };
  },

  /** A service has ended, what it started still holds its pipe, and its next generation writes beside that. */
  generations(): void {
    const bench = new Bench();
    const first = bench.play("web", { name: "denit" }, 1);
    const second = bench.play("web", { name: "denit" }, 2);
    put(second.stdout, "second\n");
    bench.turn();
    bench.turn();
    put(first.stdout, "first, later\n");
    close(first.stdout, first.stderr, second.stdout, second.stderr);
    bench.untilIdle();
  },

  /** Two services and denit itself write much where it is read slowly, on both streams; all that is read. */
  slowReader(lines: number): string {
    const reader = putPipeAtStandardError();
    const output = duplicate(1);
    moveDescriptor(duplicate(STDERR), 1);
    const bench = new Bench();
    bench.run("a", `seq 1 ${lines}`);
    bench.run("b", `seq 1 ${lines} >&2`);
    let text = "";
    for (let i = 0; bench.watched.size > 0 || i === 0; i++) {
      if (i % 3 === 0) bench.log.write("info", { type: "problem", message: `${i}` });
      bench.turn(10);
      text += readNow(reader, 10_001);
    }
    for (let more; (more = readNow(reader, 1024 * 1024)) !== "";) text += more;
    moveDescriptor(output, 1);
    return text;
  },

  /**
   * Services write without end and nobody reads: what denit keeps then, whether it waits instead of turning round, and
   * whether the others go on; then somebody reads: how much of each service's comes, and one's that has one line only.
   */
  stuckReader(count: number): {
    kept: number;
    waits: boolean;
    otherPassed: boolean;
    perService: number[];
    quietAt: number;
    read: number;
  } {
    const reader = putPipeAtStandardError();
    const bench = new Bench();
    const pids = Array.from({ length: count }, (_, i) => bench.run(`s${i}`, `exec yes s${i} >&2`));
    bench.untilStuck();
    const kept = bench.writers.stderr.waiting;
    const quiet = bench.play("quiet");
    put(quiet.stderr, "here\n");
    put(quiet.stdout, "on standard output\n");
    bench.turn(1000);
    bench.turn(0);
    bench.output.flush(performance.now());
    const otherPassed = bench.writers.stdout.waiting === 0 && bench.watched.has(STDERR);
    const before = performance.now();
    bench.turn(50);
    const waits = performance.now() - before >= 49;
    let text = "";
    const READ = 8 * 1024 * 1024;
    while (text.length < READ) {
      bench.turn(10);
      text += readNow(reader, 100_000);
    }
    for (const pid of pids) sendSignal(pid, SIGKILL);
    const perService = pids.map((_, i) => text.split(`\ns${i}  | s${i}`).length - 1);
    return {
      kept,
      waits,
      otherPassed,
      perService,
      quietAt: text.indexOf("quiet  | here\n"),
      read: text.length,
    };
  },

  /** A service writes at those times; after which of them a pause is asked for. */
  pauses(writes: readonly (readonly [text: string, atMs: number])[]): boolean[] {
    const bench = new Bench();
    const { stdout } = bench.play("web");
    bench.turn();
    return writes.map(([text, atMs]) => {
      if (text !== "") put(stdout, text);
      bench.poll();
      return bench.output.flush(atMs);
    });
  },

  /** Drains while others still hold the pipes. */
  drain(texts: string[]): Drained {
    const bench = new Bench();
    for (const text of texts) put(bench.play("web").stdout, text);
    return bench.output.drain(10_000);
  },

  /** Drains more than a turn's and a pipe's worth into a pipe that is read slowly; and into a file. */
  drainFiles(folder: string, bytes: number): { ms: number; first: Drained; then: Drained } {
    putPipeAtStandardError();
    const bench = new Bench({ folder });
    const stuck = bench.play("stuck");
    makeNonblocking(stuck.stderr);
    while (libc.write(stuck.stderr, encoder.encode("stuck\n".repeat(1000)), 6000n) > 0) {
      bench.output.flush(performance.now());
    }
    put(bench.play("web", FILES).stdout, `${"x".repeat(bytes - 1)}\n`);
    const before = performance.now();
    const first = bench.output.drain(100);
    return { ms: performance.now() - before, first, then: bench.output.drain(10) };
  },

  /** A service writes more than pipes hold where the reader has gone; what was reported. */
  readerGone(): string[] {
    libc.close(putPipeAtStandardError());
    const bench = new Bench();
    const { stdout, stderr } = bench.play("web");
    for (let i = 0; i < 20; i++) {
      put(stderr, "x".repeat(50_000));
      put(stderr, "\n");
      bench.turn(1000);
      bench.output.flush(performance.now());
    }
    close(stdout, stderr);
    bench.untilIdle();
    return bench.reports;
  },
};

const FILES = { name: "files", format: "lines", maxBytes: null, maxFiles: 1 } as const;

/** Another descriptor of what a program was given. */
function duplicate(given: Given): number {
  const [F_DUPFD_CLOEXEC, LOWEST] = [1030, 100];
  if (typeof given !== "number") throw new Error(`It was given ${given}`);
  return libc.fcntl(given, F_DUPFD_CLOEXEC, LOWEST);
}

/** Writes all of a text, for which there must be room. */
function put(descriptor: number, text: string): void {
  const bytes = encoder.encode(text);
  if (Number(libc.write(descriptor, bytes, BigInt(bytes.length))) !== bytes.length) {
    throw new Error("Cannot write");
  }
}

function close(...descriptors: number[]): void {
  for (const descriptor of descriptors) libc.close(descriptor);
}

function countDescriptors(): number {
  return readFolder("/proc/self/fd")!.length;
}

function isOpen(descriptor: number): boolean {
  const F_GETFD = 1;
  return descriptor >= 0 && libc.fcntl(descriptor, F_GETFD, 0) >= 0;
}

/** Opens descriptors until the numbers up to `highest` are taken. */
function fillGaps(highest: number): number[] {
  const opened: number[] = [];
  for (let number = 0; number <= highest; number++) {
    if (isOpen(number)) continue;
    const [F_DUPFD_CLOEXEC, STDIN] = [1030, 0];
    opened.push(libc.fcntl(STDIN, F_DUPFD_CLOEXEC, number));
  }
  return opened;
}

export type OutputFixture = typeof functions;
await serve(functions);
