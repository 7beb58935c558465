/** How denit speaks: which notes become lines, and how they look. */

import type { Level, Note } from "./core/model.ts";
import { describe } from "./core/words.ts";

/** A line, without its end, and where it goes. */
export interface Line {
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

/** Puts a note into lines, or into none where it is of no interest. */
export type Voice = (level: Level, note: Note) => readonly Line[];

export type LogFormat = "text" | "json";

const RANK: Readonly<Record<Level, number>> = { error: 0, warning: 1, info: 2 };

/** denit's own voice: what is at least as grave as `level`, on standard error. Standard output is the programs' alone. */
export function makeVoice(level: Level, format: LogFormat): Voice {
  return (lineLevel, note) => {
    if (RANK[lineLevel] > RANK[level]) return [];
    return [{ stream: "stderr", text: formatLine(lineLevel, describe(note), format, new Date()) }];
  };
}

/** One line for people or machines. */
export function formatLine(level: Level, message: string, format: LogFormat, time: Date): string {
  return escapeControls(
    format === "json"
      ? JSON.stringify({ time: time.toISOString(), level, source: "denit", message })
      : `denit: ${level}: ${message}`,
  );
}

/**
 * Control characters are escaped, as JSON has it: a line stays one, moves no cursor, and reads in the order that it
 * has.
 */
export function escapeControls(line: string): string {
  return line.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
