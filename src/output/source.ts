/** What a service writes on one of its streams, read from its pipe and put into lines. */

import { readAvailable, resizePipe } from "../../ffi/pipe.ts";
import { type Copier, makeCopier } from "./copier.ts";
import { type Form, LONGEST_FORMED, LONGEST_LINE } from "./forms.ts";

/** Where lines go. */
export interface Sink {
  /** How many bytes it would like to have; what is more it takes too. */
  room(): number;
  /** Takes whole lines. Their bytes are the sink's only until it returns. */
  write(lines: Uint8Array<ArrayBuffer>): void;
}

/** At most so much is read of one pipe before the others, and signals, have their turn. */
const READ_AT_ONCE = 256 * 1024;
const READ_AT_LEAST = 16 * 1024;
const PAGE = 4096;

/**
 * Whoever has had the usual pipe, which holds 64 KiB, nearly full so often is given a larger one: then he is woken, which
 * on a busy machine puts him in the place of who reads, a quarter as often.
 */
const NEARLY_FULL = 48 * 1024;
const OFTEN = 16;
const LARGE_PIPE = 256 * 1024;
/**
 * No more of them at a time: what they hold counts as the container's memory, and as the user's, whose pipes are all made
 * small once they hold too much together: `pipe-user-pages-soft` of proc_sys_fs(5).
 */
const MOST_LARGE = 16;
let large = 0;

/** So many turns are enough for all that a pipe holds, with lines that were kept before and the end behind it. */
export const TURNS_FOR_ALL: number = 1 + LARGE_PIPE / READ_AT_LEAST + 1;

/** So much is gathered before the sink gets it: with a line more the usual pipe takes that at once. */
const GATHERED = 60 * 1024;

/** So much comes, in its form, of what is read at once. */
const FORMED_AT_ONCE = 4 * GATHERED;

/**
 * Where in {@linkcode buffer} it is read to, behind what was kept of a line, and where formed lines are gathered, behind
 * that and an end for it. The kernel copies to and from both, much faster where they begin with a line of the cache.
 */
const CACHE_LINE = 64;
const IN = LONGEST_LINE;
const OUT = IN + READ_AT_ONCE + CACHE_LINE;
const SIZE = OUT + GATHERED + LONGEST_FORMED;

/** One for all: it holds nothing between two calls. */
let buffer = new Uint8Array(SIZE);
let input = buffer.subarray(IN);

/** The words of the buffer: four bytes are looked at in one step, and a call that finds one costs more than the search. */
let words = new Int32Array(buffer.buffer, 0, SIZE >> 2);

/** What copies lines, once a pipe has held so much that it is worth a millisecond; `null` where there is none. */
let copier: Copier | null | undefined;
const WORTH_COPIER = 32 * 1024;

/** Has lines copied, what stands in the buffer up to `end` too, by what copies faster. */
function loadCopier(end: number): void {
  copier = makeCopier(SIZE);
  if (copier === null) return;
  copier.buffer.set(buffer.subarray(0, end));
  buffer = copier.buffer;
  input = buffer.subarray(IN);
  words = new Int32Array(buffer.buffer, 0, SIZE >> 2);
}

const NEWLINE = 0x0a;
/** So much a source may hold on to for good, in bytes. */
const USUAL_LINE = 256;

const NOTHING = new Uint8Array(0);

/**
 * The reading end of a pipe.
 *
 * A line without an end waits for it, but not longer than the pipe lasts. One that is longer than
 * {@linkcode LONGEST_LINE} is passed on in parts, so that what is kept here is bounded, too.
 */
export class Source<Into extends Sink = Sink> {
  readonly descriptor: number;
  readonly sink: Into;
  readonly #form: Form;
  /** What was read and not passed on: so many of these bytes. */
  #kept: Uint8Array<ArrayBuffer> = NOTHING;
  #keptLength = 0;
  /** Whether there may be lines in what is kept, for which the sink had no room. */
  #full = false;
  #ended = false;
  #taken = 0;
  /** Whether what follows is the rest of a line of which parts were passed on. */
  #inParts = false;
  /** How much is read next, if the sink has room for it, as far as can be told by what was read last. */
  #readAtOnce = READ_AT_ONCE;
  #nearlyFull = 0;
  #isLarge = false;

  constructor(descriptor: number, form: Form, sink: Into) {
    this.descriptor = descriptor;
    this.#form = form;
    this.sink = sink;
  }

  /** How many bytes the last turn has read; infinitely many: there may be more. */
  get taken(): number {
    return this.#taken;
  }

  /** Has it end with what was read: the rest of a line, too, is passed on by the next turn. */
  end(): void {
    this.#ended = true;
  }

  /**
   * Passes lines on: those that the sink had no room for before, or else what can be read now.
   *
   * Returns `"read"` if it did, `"nothing"` if there was nothing to read, `"full"` if lines are left for which the
   * sink has no room, and `"ended"` if there will be no more: then the pipe is to be closed.
   */
  turn(now: () => Date): "read" | "nothing" | "full" | "ended" {
    let [start, searched, end] = [0, 0, this.#keptLength];
    this.#taken = 0;
    if (!this.#full && !this.#ended) {
      const room = Math.min(this.sink.room(), FORMED_AT_ONCE);
      const atMost = fitting(this.#readAtOnce * room / FORMED_AT_ONCE);
      const count = readAvailable(this.descriptor, input, atMost);
      if (count === "again") return "nothing";
      [start, searched, end] = [IN - this.#keptLength, IN, IN]; // a part of a line is kept, and no more
      if (typeof count === "number") {
        end += count;
        this.#taken = count < atMost ? count : Infinity;
        if (count >= NEARLY_FULL && ++this.#nearlyFull >= OFTEN && !this.#isLarge) this.#enlarge();
      } else {
        this.#ended = true;
        if (this.#isLarge) large--;
        this.#isLarge = false;
      }
    }
    if (copier === undefined && end - start >= WORTH_COPIER) loadCopier(end);
    if (this.#keptLength > 0) buffer.set(this.#kept.subarray(0, this.#keptLength), start);
    this.#form.stamp(now());
    this.#keep(this.#passOn(start, end, searched), end);
    if (this.#full) return "full";
    return this.#ended ? "ended" : "read";
  }

  #enlarge(): void {
    if (large === MOST_LARGE) return;
    large++;
    this.#isLarge = true;
    resizePipe(this.descriptor, LARGE_PIPE);
  }

  /** Keeps a part of the buffer; in the same memory as before where that is enough, and no more than is usual. */
  #keep(start: number, end: number): void {
    const length = this.#keptLength = end - start;
    if (length > this.#kept.length || this.#kept.length > USUAL_LINE) {
      this.#kept = length === 0 ? NOTHING : new Uint8Array(Math.max(length, USUAL_LINE));
    }
    if (length > 0) this.#kept.set(buffer.subarray(start, end));
  }

  /**
   * Passes on what is whole of the bytes from `start` to `stop`, which up to `searched` hold no end of a line; returns
   * where what was not passed on begins.
   */
  #passOn(start: number, stop: number, searched: number): number {
    buffer[stop] = NEWLINE; // where every search ends
    const first = start;
    let [at, formed] = [OUT, 0];
    this.#full = false;
    for (;;) {
      if (copier && !this.#inParts) {
        [start, at] = copier.copy(start, stop, at, OUT + GATHERED, this.#form.frame());
        if (searched < start) searched = start;
      }
      if (at < OUT + GATHERED) {
        let end = nextNewline(searched);
        if (end - start > LONGEST_LINE) {
          end = cutBefore(start + LONGEST_LINE);
          at = this.#form.put(buffer, start, end, at, "part");
          this.#inParts = true;
          start = end;
        } else if (end < stop || this.#ended && start < stop) {
          at = this.#form.put(buffer, start, end, at, this.#inParts ? "last part" : "whole");
          this.#inParts = false;
          start = Math.min(end + 1, stop);
        } else break;
        searched = start;
        if (at < OUT + GATHERED) continue;
      }
      this.sink.write(buffer.subarray(OUT, at));
      formed += at - OUT;
      at = OUT;
      this.#full = start < stop && this.sink.room() <= 0;
      if (this.#full) break;
    }
    if (at > OUT) this.sink.write(buffer.subarray(OUT, at));
    formed += at - OUT;
    if (formed > 0) this.#readAtOnce = fitting(FORMED_AT_ONCE * (start - first) / formed);
    return start;
  }
}

/** How much to read at once, in bytes: as near to this as the bounds and the pages of a pipe allow. */
function fitting(bytes: number): number {
  return Math.max(READ_AT_LEAST, Math.min(Math.floor(bytes / PAGE) * PAGE, READ_AT_ONCE));
}

/** Where the next newline is; there must be one. */
function nextNewline(from: number): number {
  while ((from & 3) !== 0) if (buffer[from++] === NEWLINE) return from - 1;
  for (let i = from >> 2;; i++) {
    const zeroWhereNewline = words[i]! ^ 0x0a0a0a0a;
    if (((zeroWhereNewline - 0x01010101) & ~zeroWhereNewline & 0x80808080) === 0) continue;
    for (let at = i << 2;; at++) if (buffer[at] === NEWLINE) return at;
  }
}

/** Where to cut, at `end` or up to three bytes before it, so that no character is cut in two. */
function cutBefore(end: number): number {
  for (let at = end; at > end - 4; at--) if ((buffer[at]! & 0xc0) !== 0x80) return at;
  return end;
}
