/** What probes that are programs write: the last line of one that has failed tells why. */

import { closeDescriptor, closePipe, makePipe, readAvailable } from "../../ffi/pipe.ts";
import type { Poller } from "../../ffi/poll.ts";
import type { Opening } from "../output/output.ts";

export interface LastWords {
  /** Makes the streams of a probe that is about to be started; where no descriptor is left it writes to nobody. */
  open(): Opening;
  /** The last line that a program wrote which was reaped; `null` if there is none, or if it was no probe. */
  take(pid: number): string | null;
}

/** So much of the end is kept, in bytes: a line that is longer is told without its beginning. */
const KEPT_AT_MOST = 4096;
const READ_AT_ONCE = 64 * 1024;
/** So many reads take what the pipe of one that has ended holds, also where somebody whom it left writes on. */
const READS_AT_END = 2;

/** "Select graphic rendition" of ECMA-48. */
const COLOR = /\p{Cc}\[[\d;]*m/gu;

const UNHEARD: Opening = { stdout: "null", stderr: "null", started: () => {}, failed: () => {} };

/** One that writes. */
interface Heard {
  /** `null`: it is closed. */
  descriptor: number | null;
  /** The end of what it wrote, at most {@linkcode KEPT_AT_MOST} bytes: the first `length` in here. */
  readonly kept: Uint8Array;
  length: number;
}

export function makeLastWords(poller: Poller): LastWords {
  const heard = new Map<number, Heard>();
  /** Used again, as each probe's own is: one that writes without end would leave more garbage than is collected in time. */
  const buffer = new Uint8Array(READ_AT_ONCE);

  /** Returns whether there may be more. */
  function read(one: Heard): boolean {
    if (one.descriptor === null) return false;
    const count = readAvailable(one.descriptor, buffer);
    if (typeof count === "number") keep(one, buffer.subarray(Math.max(0, count - KEPT_AT_MOST), count));
    else if (count !== "again") close(one);
    return typeof count === "number";
  }

  function keep(one: Heard, bytes: Uint8Array): void {
    const tooMany = Math.max(0, one.length + bytes.length - KEPT_AT_MOST);
    one.kept.copyWithin(0, tooMany, one.length);
    one.kept.set(bytes, one.length - tooMany);
    one.length += bytes.length - tooMany;
  }

  function close(one: Heard): void {
    if (one.descriptor === null) return;
    poller.unwatch(one.descriptor);
    closeDescriptor(one.descriptor);
    one.descriptor = null;
  }

  return {
    open(): Opening {
      const pipe = makePipe();
      if (pipe === null) return UNHEARD;
      return {
        stdout: pipe.write,
        stderr: pipe.write,
        started(pid): void {
          closeDescriptor(pipe.write);
          const one: Heard = { descriptor: pipe.read, kept: new Uint8Array(KEPT_AT_MOST), length: 0 };
          heard.set(pid, one);
          poller.watch(pipe.read, "read", () => read(one));
        },
        failed: () => closePipe(pipe),
      };
    },
    take(pid): string | null {
      const one = heard.get(pid);
      if (one === undefined) return null;
      heard.delete(pid);
      for (let reads = 0; reads < READS_AT_END && read(one); reads++);
      close(one);
      return lastLine(one.kept.subarray(0, one.length));
    },
  };
}

/** The last line with something in it, as one that does nothing to a terminal. */
function lastLine(bytes: Uint8Array): string | null {
  const lines = new TextDecoder().decode(bytes).split(/[\r\n]/);
  const plain = lines.map((line) => line.replaceAll(COLOR, "").replaceAll(/\p{Cc}+/gu, " ").trim());
  return plain.findLast((line) => line !== "") ?? null;
}
