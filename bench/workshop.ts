/** Where measurements are made: the helpers, folders that are removed, and the runs of contenders. */

import type { Contender } from "./inits.ts";
import { Stamps } from "./stamps.ts";

/** How long anything that is measured may take, in milliseconds, before the bench gives up. */
const LIMIT_MS = 120_000;

export class Workshop {
  readonly folder: string;
  #count = 0;

  /** Compiles the helpers into a folder of its own. */
  constructor() {
    this.folder = Deno.makeTempDirSync({ prefix: "denit-bench-" });
    for (const name of ["first", "child", "outside"]) {
      const source = new URL(`helpers/${name}.c`, import.meta.url).pathname;
      runToEnd(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", `${this.folder}/${name}`, source]);
    }
  }

  helper(name: "first" | "child" | "outside", stamps: Stamps, ...words: (string | number)[]): string[] {
    return [`${this.folder}/${name}`, stamps.path, ...words.map(String)];
  }

  /** A new folder. */
  newFolder(): string {
    const path = `${this.folder}/${++this.#count}`;
    Deno.mkdirSync(path);
    return path;
  }

  /** Starts a contender as first process, with so many times the child in a role. */
  start(contender: Contender, role: readonly (string | number)[], setting: Setting = {}): Run {
    const { count = 1, cgroup, input, output } = setting;
    const folder = this.newFolder();
    const stamps = new Stamps(`${folder}/stamps`);
    const child = this.helper("child", stamps, ...role);
    const words = contender.command(Array.from({ length: count }, () => child), folder);
    const group = cgroup === undefined ? [] : [cgroup];
    const command = this.helper("first", stamps, ...group, "--", ...words);
    const from = input === undefined ? "" : `${this.helper("outside", stamps, ...input).join(" ")} |`;
    const to = output === undefined ? "" : `| ${this.helper("outside", stamps, ...output).join(" ")}`;
    const pipeline = ["bash", "-o", "pipefail", "-c", `${from} "$@" ${to}`, "bash", ...command];
    return new Run(contender, from + to === "" ? command : pipeline, stamps, folder);
  }

  remove(): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

export interface Setting {
  /** How many children. */
  readonly count?: number;
  /** The folder of a control group for it. */
  readonly cgroup?: string;
  /** What `helpers/outside.c` writes to its standard input ... */
  readonly input?: readonly (string | number)[];
  /** ... and does with its standard output; without that they are /dev/null. */
  readonly output?: readonly (string | number)[];
}

/** A contender that runs. */
export class Run implements AsyncDisposable {
  readonly stamps: Stamps;
  readonly process: Deno.ChildProcess;
  readonly #contender: Contender;
  readonly #folder: string;
  readonly #errors: Promise<string>;
  #ended = false;

  constructor(contender: Contender, command: readonly string[], stamps: Stamps, folder: string) {
    this.stamps = stamps;
    this.#contender = contender;
    this.#folder = folder;
    // As in a new container there is no cache of what Deno has seen before.
    const env = { ...Deno.env.toObject(), DENO_DIR: `${folder}/deno`, DENO_NO_UPDATE_CHECK: "1" };
    this.process = new Deno.Command(command[0]!, {
      args: command.slice(1),
      env,
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#errors = new Response(this.process.stderr).text();
    this.process.status.then(() => this.#ended = true);
  }

  /** The init's process id as seen from here. */
  get pid(): number {
    return this.stamps.get("initPid");
  }

  /** Waits until something is so. */
  async until(what: string, check: () => boolean): Promise<void> {
    for (const since = performance.now(); !check();) {
      const late = performance.now() - since > LIMIT_MS;
      if (late || this.#ended) {
        this.kill();
        const why = late ? `not within ${LIMIT_MS / 1000} s` : "it has ended";
        throw new Error(`${this.#contender.name}: ${what}: ${why}; it said: ${await this.#errors}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** Waits until so many children have started. */
  async untilStarted(count = 1): Promise<void> {
    await this.until(`${count} children to start`, () => this.stamps.get("count") >= count);
  }

  /** Waits for its end; a helper that could not measure is an error. */
  async end(): Promise<void> {
    const timer = setTimeout(() => this.kill(), LIMIT_MS);
    const { code } = await this.process.status;
    clearTimeout(timer);
    const failed = this.stamps.get("failed");
    if (failed > 0) {
      throw new Error(`${this.#contender.name}: helpers/child.c could not measure: line ${failed}`);
    }
    if (code >= 120 && code < 124) {
      throw new Error(`${this.#contender.name}: ended with ${code}: ${await this.#errors}`);
    }
  }

  /** Asks it to end everything, in its own way; returns once it has ended. */
  async stop(): Promise<void> {
    Deno.kill(this.pid, this.#contender.stop);
    await this.end();
  }

  kill(): void {
    try {
      Deno.kill(this.pid, "SIGKILL");
    } catch {
      // it has ended
    }
  }

  /** Ends it, whatever state it is in, and removes its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended && this.pid > 0) this.kill();
    await this.process.status;
    await this.#errors;
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

/** Runs a command that must not fail; returns what it wrote. */
export function runToEnd([program, ...args]: readonly string[]): string {
  const { success, stdout, stderr } = new Deno.Command(program!, { args }).outputSync();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${program} ${args.join(" ")} failed: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
