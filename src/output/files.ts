/** What a service writes, in files that are renamed when they are full and of which only so many are kept. */

import {
  append,
  isMissing,
  type LogFile,
  makeFolder,
  openForAppend,
  removeFile,
  renameFile,
} from "../../ffi/log_file.ts";
import { closeDescriptor } from "../../ffi/pipe.ts";
import type { Logging } from "../core/services/project.ts";
import type { Sink } from "./source.ts";

/** How large a file may become, and how many there may be. */
export type FileLimits = Pick<Extract<Logging, { name: "files" }>, "maxBytes" | "maxFiles">;

const NEWLINE = 0x0a;
const LINE_END = Uint8Array.of(NEWLINE);

/**
 * The files of one service: `FOLDER/SERVICE.log` and, the newest first, `SERVICE.log.1`, `SERVICE.log.2`, ...
 *
 * When they cannot be written lines are dropped, and nobody waits. That is reported once, and once more when it works
 * again.
 */
export class LogFiles implements Sink {
  /** The path of the newest. */
  readonly name: string;
  readonly #service: string;
  readonly #folder: string;
  readonly #report: (message: string) => void;
  #limits: FileLimits;
  #file: LogFile | null = null;
  /** How many lines were dropped since it last worked. */
  #lost = 0;
  /** Whether the file ends in the middle of a line. */
  #cut = false;
  #cannotRotate = false;
  #written = 0;

  constructor(service: string, folder: string, limits: FileLimits, report: (message: string) => void) {
    this.#service = service;
    this.#folder = folder;
    this.name = `${folder}/${service}.log`;
    this.#limits = limits;
    this.#report = report;
  }

  /** Sets the limits from now on. */
  setLimits(limits: FileLimits): void {
    this.#limits = limits;
  }

  /** Closes the file until there is something to write again. */
  close(): void {
    if (this.#file !== null) closeDescriptor(this.#file.descriptor);
    this.#file = null;
  }

  /** How many bytes are in them, or were: old ones are removed. */
  get written(): number {
    return this.#written;
  }

  room(): number {
    return Infinity;
  }

  write(lines: Uint8Array<ArrayBuffer>): void {
    const failure = this.#lost > 0 ? this.#endCutLine() : null;
    if (failure !== null) return this.#lose(lines, failure);
    for (let rest = lines; rest.length > 0;) {
      const written = this.#append(rest);
      if (typeof written === "string") return this.#lose(rest, written);
      rest = rest.subarray(written);
    }
    if (this.#lost === 0) return;
    this.#report(`Writing to ${this.name} again: ${this.#lost} lines of ${this.#service} were lost`);
    this.#lost = 0;
  }

  /** Has a file that ends in the middle of a line begin a new one; returns why that failed, or `null`. */
  #endCutLine(): string | null {
    const file = this.#file ?? this.#open();
    if (typeof file === "string") return file;
    const written = this.#cut && file.size > 0 ? this.#append(LINE_END) : 0;
    return typeof written === "string" ? written : null;
  }

  /** Writes as much as the present file may hold, or a new one; returns how many bytes, or why none. */
  #append(bytes: Uint8Array<ArrayBuffer>): number | string {
    const file = this.#file ?? this.#open();
    if (typeof file === "string") return file;
    let length = fitting(bytes, file.size, this.#limits.maxBytes);
    if (length === 0) {
      if (this.#rotate()) return this.#append(bytes);
      length = bytes.length;
    }
    const written = append(file.descriptor, bytes.subarray(0, length));
    if (typeof written !== "number") return written.failure;
    this.#written += written;
    this.#file = { ...file, size: file.size + written };
    this.#cut = bytes[written - 1] !== NEWLINE;
    return written;
  }

  #open(): LogFile | string {
    const failure = makeFolder(this.#folder);
    if (failure !== null) return failure;
    const file = openForAppend(this.name);
    if ("failure" in file) return file.failure;
    return this.#file = file;
  }

  /** Makes place for a new file; returns whether that could be done. */
  #rotate(): boolean {
    const failure = this.#renameAll();
    if (failure === null) this.close();
    else if (!this.#cannotRotate) this.#report(`Cannot rotate ${this.name}, which grows on: ${failure}`);
    this.#cannotRotate = failure !== null;
    return failure === null;
  }

  #renameAll(): string | null {
    const { maxFiles } = this.#limits;
    if (isMissing(this.name)) return null; // who has removed it has left us writing where nobody looks
    if (maxFiles <= 1) return removeFile(this.name);
    // Most often there are fewer yet, and then there is nothing to rename.
    for (let i = maxFiles - 2; i > 0; i--) renameFile(`${this.name}.${i}`, `${this.name}.${i + 1}`);
    return renameFile(this.name, `${this.name}.1`);
  }

  #lose(lines: Uint8Array<ArrayBuffer>, failure: string): void {
    if (this.#lost === 0) {
      this.#report(`Cannot write to ${this.name}: ${failure}; lines of ${this.#service} are lost`);
    }
    for (let at = -1; (at = lines.indexOf(NEWLINE, at + 1)) >= 0;) this.#lost++;
    this.close(); // opened anew it may work
  }
}

/** How many bytes of whole lines a file of this size may take; a line that is longer than a file has one of its own. */
function fitting(lines: Uint8Array, size: number, maxBytes: number | null): number {
  if (maxBytes === null || size + lines.length <= maxBytes) return lines.length;
  const left = maxBytes - size;
  const whole = left > 0 ? lines.lastIndexOf(NEWLINE, left - 1) + 1 : 0;
  return whole === 0 && size === 0 ? lines.indexOf(NEWLINE) + 1 : whole;
}
