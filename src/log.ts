/** Where denit's own lines go: out as soon as somebody takes them, and never waited for. */

import type { Descriptor } from "../ffi/output.ts";
import type { Level, Note } from "./core/model.ts";
import type { Voice } from "./voice.ts";
import { makeWriters, type Writer, type Writers } from "./writer.ts";

/** Takes notes and writes them in a voice. */
export interface Log {
  write(level: Level, note: Note): void;
  /** The descriptors that lines still wait for. */
  unwritten(): readonly Descriptor[];
  /** Writes what can be written now of the lines that wait. */
  drain(): void;
}

const encoder = new TextEncoder();

/** Makes a log that speaks in the voice, through these writers or else some of its own: most runs never need them. */
export function makeLog(voice: Voice, given?: Writers): Log {
  let writers = given;
  let all = given === undefined ? [] : bothOf(given);
  let dropped = 0;

  function open(): Writers {
    writers = makeWriters();
    all = bothOf(writers);
    return writers;
  }

  function write(level: Level, note: Note): void {
    for (const { stream, text } of voice(level, note)) {
      if (!(writers ?? open())[stream].writeLine(encoder.encode(`${text}\n`))) dropped++;
    }
  }

  return {
    write,
    unwritten: () => all.filter(({ waiting }) => waiting > 0).map(({ descriptor }) => descriptor),
    drain(): void {
      for (const writer of all) writer.drain();
      if (dropped === 0 || all.some(({ waiting }) => waiting > 0)) return;
      const message = `${dropped} lines of denit's own were dropped: nobody read them`;
      dropped = 0;
      write("warning", { type: "problem", message });
    },
  };
}

function bothOf({ stdout, stderr }: Writers): Writer[] {
  return [...new Set([stdout, stderr])];
}
