/** A small real program for a test in the test runner's own process. */

import { listProcesses, type ProcessEntry } from "../ffi/proc.ts";

/** Starts a program, which is killed when it goes out of scope. Its standard input is empty until then. */
export function startProgram(command: string, ...args: string[]): Program {
  return new Program(
    new Deno.Command(command, { args, stdin: "piped", stdout: "piped", stderr: "null" }).spawn(),
  );
}

export class Program implements AsyncDisposable {
  readonly pid: number;
  readonly #child: Deno.ChildProcess;
  readonly #output: ReadableStreamDefaultReader<string>;
  #unread = "";

  constructor(child: Deno.ChildProcess) {
    this.pid = child.pid;
    this.#child = child;
    this.#output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next line of its output. */
  async nextLine(): Promise<string> {
    while (!this.#unread.includes("\n")) {
      const { done, value } = await this.#output.read();
      if (done) throw new Error(`The program ended after ${JSON.stringify(this.#unread)}`);
      this.#unread += value;
    }
    const end = this.#unread.indexOf("\n");
    const line = this.#unread.slice(0, end);
    this.#unread = this.#unread.slice(end + 1);
    return line;
  }

  /** Waits until /proc shows of it, or of another process, what `check` wants. */
  async until(check: (entry: ProcessEntry) => boolean, ofPid: number = this.pid): Promise<ProcessEntry> {
    for (let tries = 0; tries < 5000; tries++) {
      const entry = listProcesses()?.find(({ pid }) => pid === ofPid);
      if (entry !== undefined && check(entry)) return entry;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    throw new Error(`Waited 10 s in vain for ${check} of ${ofPid}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close();
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // it has ended
    }
    await this.#output.cancel();
    await this.#child.status;
  }
}
