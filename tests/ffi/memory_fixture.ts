import { readWhole } from "../../ffi/file.ts";
import { givePagesBack } from "../../ffi/memory.ts";
import { serve } from "../fixture.ts";

/** Goes down so many calls of some hundred bytes each; returns how many there were. */
function descend(calls: number): number {
  return calls === 0 ? 0 : 1 + descend(calls - 1);
}

/** How much of the main thread's stack is in memory, in KiB. */
function stackInMemory(): number {
  const text = readWhole("/proc/self/smaps", 4 * 1024 * 1024) as Uint8Array;
  return Number(/\[stack\]\n(?:.*\n)*?Rss: *(\d+) kB/.exec(new TextDecoder().decode(text))![1]);
}

const functions = {
  /** What is in memory after many calls, after what they needed was given back, and after as many again. */
  stack(calls: number): { used: number; given: number; again: number; came: number[] } {
    const came = [descend(calls)];
    const used = stackInMemory();
    givePagesBack();
    const given = stackInMemory();
    came.push(descend(calls));
    return { used, given, again: stackInMemory(), came };
  },
};

export type MemoryFixture = typeof functions;
serve(functions);
