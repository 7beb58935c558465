/** What a program prints, as it comes. */

import { until } from "./until.ts";

export class Output {
  #bytes = new Uint8Array(0);
  #seen = 0;
  readonly #name: string;
  /** Settles when the last writer has closed it. */
  readonly closed: Promise<void>;

  constructor(name: string, stream: ReadableStream<Uint8Array>) {
    this.#name = name;
    this.closed = this.#read(stream);
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get text(): string {
    return new TextDecoder().decode(this.#bytes);
  }

  get lines(): string[] {
    return this.text.split("\n").slice(0, -1);
  }

  /** Waits until the text has the pattern (`m` is implied: `^` and `$` stand for a line's ends). */
  async shows(pattern: RegExp): Promise<RegExpExecArray> {
    const lines = new RegExp(pattern.source, "m");
    return await until(
      () => lines.exec(this.text),
      () => `${pattern} on ${this.#name}, which is:\n${this.text}`,
    );
  }

  /** As {@linkcode shows}, in what came after the last such find. */
  async next(pattern: RegExp): Promise<RegExpExecArray> {
    const lines = new RegExp(pattern.source, "gm");
    return await until(() => {
      lines.lastIndex = this.#seen;
      const found = lines.exec(this.text.replaceAll("\r", ""));
      if (found !== null) this.#seen = lines.lastIndex;
      return found;
    }, () => `${pattern} next on ${this.#name}, which is:\n${this.text.replaceAll("\r", "")}`);
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const chunk of stream) {
      const bytes = new Uint8Array(this.#bytes.length + chunk.length);
      bytes.set(this.#bytes);
      bytes.set(chunk, this.#bytes.length);
      this.#bytes = bytes;
    }
  }
}
