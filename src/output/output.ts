/**
 * Where the output of services goes, and how it gets there: from their pipes into lines, and from these to denit's own
 * standard output and error or into files.
 *
 * It stands beside the heart and in the same loop. Nothing here waits: who takes denit's output slowly slows the
 * services that write, by the pipes that are then left unread, and nothing else. A pipe is read to its end, however
 * long its service has been gone.
 */

import { withoutOutputSignals } from "../../ffi/disposition.ts";
import { type Descriptor, waitToWrite } from "../../ffi/output.ts";
import { closeDescriptor, closePipe, makePipe, type Pipe } from "../../ffi/pipe.ts";
import type { Given } from "../../ffi/start_service.ts";
import type { Poller } from "../../ffi/poll.ts";
import type { Service } from "../core/services/project.ts";
import type { Writer, Writers } from "../writer.ts";
import { LogFiles } from "./files.ts";
import { type Author, dockerForm, type Form, objectForm, plainForm } from "./forms.ts";
import { type Sink, Source, TURNS_FOR_ALL } from "./source.ts";

export interface OutputOptions {
  readonly poller: Poller;
  readonly writers: Writers;
  /** How lines look on standard output and error; `"raw"`: denit's own are given to the services, with no pipe. */
  readonly format: "text" | "json" | "raw";
  /** Whether the names in front of lines have colours. */
  readonly color: boolean;
  /** How long the longest of these names is now. */
  readonly width: () => number;
  /** Where files of output stand. */
  readonly folder: string;
  /** Tells of what could not be done. */
  readonly report: (message: string) => void;
  readonly now: () => Date;
}

/** The streams of a program that is about to be started. One of the two calls must follow. */
export interface Opening {
  readonly stdout: Given;
  readonly stderr: Given;
  /** It runs: its pipes are read from now on. */
  started(pid: number): void;
  /** It could not be started. */
  failed(): void;
}

export interface Output {
  /** Makes the streams of a service that is about to be started; `null` if the system has no descriptors left. */
  open(service: Pick<Service, "name" | "logging">): Opening | null;
  /**
   * Moves on what is ready, a bounded part of it. Call it before each wait of the poller.
   *
   * Returns whether it comes line by line, and one on the heels of another: then a pause lets more come together, which
   * halves the work, and keeps nobody waiting who writes into a pipe that holds so much more.
   */
  flush(nowMs: number): boolean;
  /**
   * Moves on what a program that has ended has left in its pipes, as far as there is room for it: what it wrote stands
   * before what is told of its end.
   */
  takeLast(pid: number): void;
  /** Has each file for logs opened anew by its name when there is something to write: the present one was perhaps moved. */
  reopenFiles(): void;
  /** Moves on all that is left, open lines too, until that is done or the time is over. No service may write any more. */
  drain(limitMs: number): Drained;
}

export interface Drained {
  /** Where some is still to be written to. */
  readonly left: readonly string[];
  /** Whether anything was written. */
  readonly moved: boolean;
}

type StreamName = Author["stream"];

/** So much may wait for whoever reads standard output or error, in bytes. */
const KEPT_AT_MOST = 256 * 1024;

/** Pipes are read when there is room for so much, or a slow reader would have the same bytes copied often. */
const WORTH_READING = KEPT_AT_MOST / 2;

/** So often who has more than is read at once has a turn in one go: signals and children wait a millisecond for it. */
const TURNS_AT_ONCE = 4;

/** Whoever has less than this in a pipe writes on without waiting, for a while: the usual pipe holds twice as much. */
const LITTLE = 32 * 1024;

/** Whoever writes whole blocks has gathered lines before, and is fast. */
const BLOCK = 4096;

/** What comes so soon after what came before is on its heels. */
const SOON_MS = 0.5;

/** Colours of names, as SGR parameters: those that can be read on dark and on bright. */
const PALETTE = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94] as const;

/** Where lines leave denit. */
interface Outlet extends Sink {
  readonly name: string;
  /** How many bytes have left so far. */
  readonly written: number;
}

/** Makes the output of a run. */
export function makeOutput({ poller, writers, report, now, ...options }: OutputOptions): Output {
  const stdout = new Stream("stdout", writers.stdout);
  const stderr = writers.stderr === writers.stdout ? stdout : new Stream("stderr", writers.stderr);
  const streams = { stdout, stderr };
  const colors = new Map<string, number>();
  const files = new Map<string, LogFiles>();
  const sources = new Set<Source<Outlet>>();
  /** Those of each program that has not ended. */
  const sourcesOf = new Map<number, Source<Outlet>[]>();
  /** Those that have something to read or to pass on, in the order in which they have their turn. */
  const ready = new Set<Source<Outlet>>();
  /** Those of which the last step has not read all that was there. */
  const more = new Set<Source<Outlet>>();
  const watched = new Set<Source<Outlet>>();
  let draining = false;
  let takenAtMs = -Infinity;

  function open({ name, logging }: Pick<Service, "name" | "logging">): Opening | null {
    switch (logging.name) {
      case "none":
        return withoutPipes("null");
      case "denit":
        if (options.format === "raw") return withoutPipes("inherit");
        return openPipes((stream, pid) => [streams[stream], formOf({ service: name, stream, pid })]);
      case "files": {
        const sink = files.get(name) ?? new LogFiles(name, options.folder, logging, report);
        files.set(name, sink);
        sink.setLimits(logging);
        return openPipes((stream) => [sink, logging.format === "json" ? dockerForm(stream) : plainForm("")]);
      }
    }
  }

  function formOf(author: Author): Form {
    if (options.format === "json") return objectForm(author);
    const name = `${author.service.padEnd(options.width())}  | `;
    return plainForm(options.color ? `\x1b[${colorOf(author.service)}m${name}\x1b[0m` : name);
  }

  function colorOf(service: string): number {
    const color = colors.get(service) ?? PALETTE[colors.size % PALETTE.length]!;
    colors.set(service, color);
    return color;
  }

  function openPipes(wayOf: (stream: StreamName, pid: number) => [Outlet, Form]): Opening | null {
    const pipes = { stdout: makePipe(), stderr: makePipe() };
    const { stdout, stderr } = pipes;
    if (stdout === null || stderr === null) {
      for (const pipe of [stdout, stderr]) if (pipe !== null) closePipe(pipe);
      return null;
    }
    const read = (stream: StreamName, pipe: Pipe, pid: number): Source<Outlet> => {
      closeDescriptor(pipe.write);
      const [sink, form] = wayOf(stream, pid);
      const source = new Source(pipe.read, form, sink);
      sources.add(source);
      watch(source);
      return source;
    };
    return {
      stdout: stdout.write,
      stderr: stderr.write,
      started(pid): void {
        sourcesOf.set(pid, [read("stdout", stdout, pid), read("stderr", stderr, pid)]);
      },
      failed(): void {
        closePipe(stdout);
        closePipe(stderr);
      },
    };
  }

  function watch(source: Source<Outlet>): void {
    if (watched.has(source)) return;
    watched.add(source);
    poller.watch(source.descriptor, "read", () => ready.add(source));
  }

  function unwatch(source: Source<Outlet>): void {
    if (watched.delete(source)) poller.unwatch(source.descriptor);
  }

  /** Returns how many bytes were read (infinitely many: there may be more), or `null` if no pipe had its turn. */
  function step(): number | null {
    more.clear();
    drainWriters();
    let taken: number | null = null;
    for (const source of [...ready]) {
      if (source.sink.room() < WORTH_READING) unwatch(source);
      else {
        giveTurn(source);
        taken = (taken ?? 0) + source.taken;
        if (source.taken === Infinity) more.add(source);
      }
    }
    drainWriters();
    return taken;
  }

  function takeMore(): void {
    for (let turns = 1; turns < TURNS_AT_ONCE && more.size > 0; turns++) {
      for (const source of more) ready.add(source);
      step();
    }
  }

  /** Returns whether it has read something, so that there may be more. */
  function giveTurn(source: Source<Outlet>): boolean {
    ready.delete(source);
    const result = source.turn(now);
    switch (result) {
      case "read":
        watch(source);
        break;
      case "nothing":
        if (draining) {
          source.end();
          ready.add(source);
        } else watch(source);
        break;
      case "full":
        unwatch(source);
        ready.add(source);
        break;
      case "ended":
        close(source);
        break;
    }
    return result === "read";
  }

  function close(source: Source<Outlet>): void {
    unwatch(source);
    closeDescriptor(source.descriptor);
    sources.delete(source);
    const { sink } = source;
    if (sink instanceof LogFiles && ![...sources].some((other) => other.sink === sink)) sink.close();
  }

  function drainWriters(): void {
    for (const stream of Object.values(streams)) {
      if (stream.drain() === "failed anew") {
        report(`Cannot write to ${stream.name}: what services write is lost`);
      }
    }
  }

  function writtenInAll(): number {
    return [stdout, stderr, ...files.values()].reduce((sum, { written }) => sum + written, 0);
  }

  return {
    open,
    flush(atMs): boolean {
      const taken = step();
      if (more.size > 0) withoutOutputSignals(takeMore, () => false);
      for (const stream of Object.values(streams)) stream.watch(poller, ready);
      if (taken === null) return false;
      const isSoon = atMs - takenAtMs < SOON_MS;
      takenAtMs = atMs;
      return isSoon && taken < LITTLE && taken % BLOCK !== 0;
    },
    takeLast(pid): void {
      const open = (sourcesOf.get(pid) ?? []).filter((source) => sources.has(source));
      sourcesOf.delete(pid);
      for (const source of open) {
        for (let turns = 0; turns < TURNS_FOR_ALL && source.sink.room() >= WORTH_READING; turns++) {
          if (!giveTurn(source)) break;
        }
      }
    },
    reopenFiles(): void {
      for (const each of files.values()) each.close();
    },
    drain(limitMs): Drained {
      const untilMs = performance.now() + limitMs;
      const before = writtenInAll();
      draining = true;
      for (;;) {
        for (const source of sources) ready.add(source);
        const read = step() !== null;
        const unwritten = Object.values(streams).filter(({ waiting }) => waiting > 0);
        const left = new Set<Outlet>([...unwritten, ...[...sources].map(({ sink }) => sink)]);
        const leftMs = untilMs - performance.now();
        if (left.size === 0 || leftMs <= 0) {
          return { left: [...left].map(({ name }) => name), moved: writtenInAll() > before };
        }
        if (!read) waitToWrite(unwritten.map(({ descriptor }) => descriptor), leftMs);
      }
    },
  };
}

/** Standard output or error as a sink. */
class Stream implements Outlet {
  readonly name: StreamName;
  readonly #writer: Writer;
  #watched = false;
  #failing = false;

  constructor(name: StreamName, writer: Writer) {
    this.name = name;
    this.#writer = writer;
    writer.share(2 * KEPT_AT_MOST); // what one turn writes may go beyond
  }

  get descriptor(): Descriptor {
    return this.#writer.descriptor;
  }

  get written(): number {
    return this.#writer.written;
  }

  /** How many bytes wait for room. */
  get waiting(): number {
    return this.#writer.waiting;
  }

  room(): number {
    return KEPT_AT_MOST - this.waiting;
  }

  write(lines: Uint8Array<ArrayBuffer>): void {
    this.#writer.write(lines);
  }

  /** Writes what can be written now. Where that fails it is lost: services must not stop for it. */
  drain(): "drained" | "failed anew" {
    this.#writer.drain();
    const before = this.#failing;
    this.#failing = this.#writer.failing;
    return this.#failing && !before ? "failed anew" : "drained";
  }

  /** Has the poller's next wait end when there is room for what is left, here or in pipes. */
  watch(poller: Poller, ready: ReadonlySet<Source<Outlet>>): void {
    const wanted = this.waiting > 0 || [...ready].some(({ sink }) => sink === this);
    if (wanted === this.#watched) return;
    if (wanted) poller.watch(this.descriptor, "write", () => {});
    else poller.unwatch(this.descriptor);
    this.#watched = wanted;
  }
}

function withoutPipes(given: "inherit" | "null"): Opening {
  return { stdout: given, stderr: given, started: () => {}, failed: () => {} };
}
