/** The work bench of a test: what it starts is ended and what it writes is removed, also when it fails. */

import { Output } from "./output.ts";
import {
  commandOf,
  descendantsOf,
  kill,
  type Process,
  processesWith,
  readProcess,
  statusOf,
} from "./processes.ts";
import { AS_FIRST, DENIT, type Mode, MODES, noNamespaces, program } from "./program.ts";
import { until, within } from "./until.ts";

const SIGKILL = 9;

/** How a command is started. */
export interface Setting {
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Words in front of the command, such as `nohup`; as PID 1 they come before the namespace is made ... */
  readonly outside?: readonly string[];
  /** ... and these after that. They must execute what follows them in their own place. */
  readonly inside?: readonly string[];
  readonly cwd?: string;
  /** Whether the test writes to standard input; if not it is /dev/null. */
  readonly input?: boolean;
  /** The words that run denit, where they are not the usual ones. */
  readonly denit?: readonly string[];
}

/** What is left of a command. */
export interface Ended {
  /** Its exit code; 128 + N if a signal ended it. */
  readonly code: number;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Body = (bench: Bench) => Promise<void>;
/** What a test needs of its machine even where denit is no PID 1. */
type Needs = "namespaces";

/** Registers a test that runs denit as PID 1 and another that runs it as subreaper. */
export function inEachMode(name: string, body: Body, needs?: Needs): void {
  for (const mode of MODES) inMode(mode, name, body, needs);
}

/** Registers a test that runs denit in one mode. Where that cannot be done it is ignored, but not in CI. */
export function inMode(mode: Mode, name: string, body: Body, needs?: Needs): void {
  const reason = mode === "PID 1" || needs === "namespaces" ? noNamespaces : null;
  Deno.test({
    name: `as ${mode}: ${name}${reason === null ? "" : ` (cannot run here: ${reason})`}`,
    ignore: reason !== null && Deno.env.get("CI") !== "true",
    async fn() {
      const bench = new Bench(mode);
      try {
        await body(bench);
      } finally {
        await bench.clear();
      }
    },
  });
}

/** Where Deno keeps what it has downloaded, for one whose HOME is another. */
export function usualCache(): string {
  return Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`;
}

export class Bench {
  readonly mode: Mode;
  readonly #mark = `E2E_MARK=${crypto.randomUUID()}`;
  readonly #running: Running[] = [];
  readonly #folders: string[] = [];

  constructor(mode: Mode) {
    this.mode = mode;
  }

  /** Starts denit with these words after its name. */
  denit(words: readonly string[], setting: Setting = {}): Running {
    return this.start(this.command(words, setting), setting);
  }

  /** Runs denit to its end. */
  async run(words: readonly string[], setting: Setting = {}): Promise<Ended> {
    return await this.denit(words, setting).ended();
  }

  /** The words that run denit in this bench's mode. */
  command(words: readonly string[], setting: Setting = {}): string[] {
    const { outside = [], inside = [], denit = DENIT } = setting;
    return [...outside, ...this.mode === "PID 1" ? AS_FIRST : [], ...inside, ...denit, ...words];
  }

  /** Starts denit on a terminal of its own, as `docker run -it` does. The output is the screen. */
  denitOnTerminal(words: readonly string[], setting: Setting = {}): Running {
    return this.onTerminal(this.command(words, { ...setting, inside: ["setsid", "--ctty"] }), setting);
  }

  /** Starts an interactive shell on a terminal, in which commands can be typed; words may stand before it. */
  shellOnTerminal(before: readonly string[] = []): Running {
    const bash = [...before, "setsid", "--ctty", "bash", "--norc", "--noediting", "-i"];
    return this.onTerminal(bash, { env: { PS1: "shell> " } });
  }

  /** Starts any command on a terminal; it is its first word that has to make it the controlling one. */
  onTerminal(command: readonly string[], setting: Setting = {}): Running {
    const env = { DENO_DIR: this.#cleanCache(), ...setting.env };
    return this.start(program("terminal", ...command), { ...setting, env, input: true });
  }

  /** A cache for Deno in which no database is broken, as tests of faults leave them: on a terminal it tells of that. */
  #cleanCache(): string {
    const path = this.folder();
    Deno.symlinkSync(`${usualCache()}/npm`, `${path}/npm`);
    return path;
  }

  /** Starts any command. */
  start(command: readonly string[], setting: Setting = {}): Running {
    const [name, value] = this.#mark.split("=") as [string, string];
    const child = new Deno.Command("env", {
      args: ["--default-signal", ...command], // whatever the tests themselves were started with, nohup for one
      env: { ...setting.env, [name]: value },
      ...setting.cwd !== undefined && { cwd: setting.cwd },
      stdin: setting.input ? "piped" : "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const running = new Running(child, command, setting);
    this.#running.push(running);
    return running;
  }

  /** A folder that is removed when the test has ended; everybody may write there. */
  folder(): string {
    const path = Deno.makeTempDirSync({ prefix: "denit-e2e-" });
    Deno.chmodSync(path, 0o777);
    this.#folders.push(path);
    return path;
  }

  /** Waits until there is a file of that name. */
  async file(path: string): Promise<void> {
    await until(() => Deno.stat(path).then(() => true, () => false), `${path} to be there`);
  }

  /** Everybody who was started on this bench, and has not ended. */
  left(): Process[] {
    return processesWith(this.#mark);
  }

  async clear(): Promise<void> {
    await until(() => {
      const everybody = this.#running.flatMap(({ pid, over }) =>
        over ? [] : [readProcess(pid) ?? [], descendantsOf(pid)].flat()
      );
      const left = [...everybody, ...this.left()].filter(({ state }) => state !== "Z");
      for (const { pid } of left) kill(pid, SIGKILL);
      return left.length === 0;
    }, () => `all that the test started to be gone; left: ${JSON.stringify(this.left())}`);
    for (const running of this.#running) await running.close();
    for (const path of this.#folders) Deno.removeSync(path, { recursive: true });
  }
}

/** A command that was started. */
export class Running {
  readonly #child: Deno.ChildProcess;
  readonly #status: Promise<Pick<Ended, "code" | "signal">>;
  readonly #command: readonly string[];
  readonly #denit: readonly string[];
  readonly #writer: WritableStreamDefaultWriter<Uint8Array> | null;
  readonly stdout: Output;
  readonly stderr: Output;
  over = false;

  constructor(child: Deno.ChildProcess, command: readonly string[], setting: Setting) {
    this.#child = child;
    this.#command = command;
    this.#denit = setting.denit ?? DENIT;
    this.#writer = setting.input ? child.stdin.getWriter() : null;
    this.stdout = new Output("standard output", child.stdout);
    this.stderr = new Output("standard error", child.stderr);
    this.#status = child.status.catch(endedByRealTimeSignal).finally(() => this.over = true);
  }

  /** Resolved when the command has ended. */
  get exited(): Promise<unknown> {
    return this.#status;
  }

  /** The process id of the command, which is denit's parent where that runs as PID 1. */
  get pid(): number {
    return this.#child.pid;
  }

  /** denit's own process id as seen from here. */
  async denitPid(): Promise<number> {
    const isDenit = (pid: number): boolean => {
      const words = commandOf(pid);
      return this.#denit.every((word, i) => words[i] === word);
    };
    return await until(
      () => [this.pid, ...descendantsOf(this.pid).map(({ pid }) => pid)].find(isDenit),
      () => `denit to run below ${this.pid}${this.#told()}`,
    );
  }

  /** Sends a signal to denit. */
  async signal(...signals: number[]): Promise<void> {
    const pid = await this.denitPid();
    for (const signal of signals) kill(pid, signal);
  }

  /** The id, as seen from here, of a process below denit that knows itself by `inner`. */
  async pidOf(inner: number): Promise<number> {
    const denit = await this.denitPid();
    return await until(
      () =>
        descendantsOf(denit).find(({ pid }) => statusOf(pid, "NSpid")?.split(/\s+/).at(-1) === String(inner))
          ?.pid,
      () => `a process ${inner} below denit${this.#told()}`,
    );
  }

  /** Writes to standard input, or types on the terminal. */
  async type(text: string): Promise<void> {
    await this.#writer!.write(new TextEncoder().encode(text));
  }

  async closeInput(): Promise<void> {
    await this.#writer!.close();
  }

  /** Waits for the end. */
  async ended(): Promise<Ended> {
    const { code, signal } = await within(
      this.#status,
      () => `the end of ${this.#command.join(" ")}${this.#told()}`,
    );
    await within(
      Promise.all([this.stdout.closed, this.stderr.closed]),
      () => `the end of the output of ${this.#command.join(" ")}${this.#told()}`,
    );
    return { code, signal, stdout: this.stdout.text, stderr: this.stderr.text };
  }

  async close(): Promise<void> {
    await this.#writer?.close().catch(() => {});
    await this.#status;
    await Promise.all([this.stdout.closed, this.stderr.closed]);
  }

  #told(): string {
    return `\n--- standard output:\n${this.stdout.text}\n--- standard error:\n${this.stderr.text}`;
  }
}

/** Deno throws a TypeError in place of the status when a signal has ended the child that it has no name for. */
function endedByRealTimeSignal(error: unknown): Pick<Ended, "code" | "signal"> {
  const [, number] = /^Invalid signal: (\d+)$/.exec((error as Error).message) ?? [];
  if (number === undefined) throw error;
  return { code: 128 + Number(number), signal: `signal ${number}` };
}
