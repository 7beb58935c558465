/**
 * How a test runs functions in a process of their own, with no permission but FFI.
 *
 * Whoever waits for any child must be alone: in the test runner it would take the endings that `Deno.Command`
 * waits for. And dispositions, subreapers and the like belong to a whole process.
 */

/** The functions of a fixture file; arguments and results go through JSON. */
// deno-lint-ignore no-explicit-any
export type Functions = Record<string, (...args: any[]) => unknown>;

/** What the process of a fixture is started in. */
export interface Around {
  /** Words in front of the command; they must execute what follows them in their own place. */
  readonly through?: readonly string[];
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What a function returned, and what it and its children wrote. */
export interface Outcome<Result> {
  readonly result: Result;
  readonly output: string;
  readonly errors: string;
}

/** A fixture file, as its test sees it. */
export interface Fixture<Fns extends Functions> {
  /** Runs a function to its end. */
  call<Name extends keyof Fns & string>(
    name: Name,
    args: Parameters<Fns[Name]>,
    around?: Around,
  ): Promise<Outcome<Awaited<ReturnType<Fns[Name]>>>>;
  /** Starts a function that goes on; its process is killed when it goes out of scope. */
  start<Name extends keyof Fns & string>(name: Name, args: Parameters<Fns[Name]>, around?: Around): Running;
}

/** Names a fixture file by its URL. */
export function fixture<Fns extends Functions>(url: string): Fixture<Fns> {
  return {
    async call(name, args, around) {
      await using running = new Running(url, name, args, around);
      const { code, output, errors } = await running.ended();
      if (code !== 0) throw new Error(`${name} ended with ${code}: ${errors}`);
      const [before = "", line = "", ...after] = output.split(RESULT);
      return { result: JSON.parse(line), output: before + after.join(""), errors };
    },
    start: (name, args, around) => new Running(url, name, args, around),
  };
}

/** The words that run Deno; `DENIT_FIXTURE_DENO` where the kernel cannot execute it by itself, as under qemu-user. */
function deno(): string[] {
  return Deno.env.get("DENIT_FIXTURE_DENO")?.split(" ") ?? [Deno.execPath()];
}

/** Longer than anything takes on a busy machine, emulated or not; a test that works never waits that long. */
function limitMs(): number {
  return Deno.env.has("DENIT_FIXTURE_DENO") ? 60_000 : 15_000;
}

/** What stands before and behind the result in a fixture's output. */
const RESULT = "\0result\0";

/** A fixture's process. */
export class Running implements AsyncDisposable {
  readonly pid: number;
  readonly #child: Deno.ChildProcess;
  readonly #errors: Promise<string>;
  readonly #output: ReadableStreamDefaultReader<string>;
  #unread = "";

  constructor(url: string, name: string, args: readonly unknown[], { through = [], env = {} }: Around = {}) {
    const script = new URL(url).pathname;
    const words = [
      "--default-signal", // whatever the tests themselves were started with
      ...through,
      ...deno(),
      ...[
        "run",
        "--quiet",
        "--no-prompt",
        "--allow-ffi",
        script,
        name,
        JSON.stringify(args),
      ],
    ];
    this.#child = new Deno.Command("env", {
      args: words,
      env: { ...env, NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = this.#child.pid;
    this.#errors = new Response(this.#child.stderr).text();
    this.#output = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next line of its output. */
  async nextLine(): Promise<string> {
    while (!this.#unread.includes("\n")) {
      const { done, value } = await this.#within(this.#output.read(), "a line");
      if (done) {
        throw new Error(`The fixture ended after ${JSON.stringify(this.#unread)}: ${await this.#errors}`);
      }
      this.#unread += value;
    }
    const end = this.#unread.indexOf("\n");
    const line = this.#unread.slice(0, end);
    this.#unread = this.#unread.slice(end + 1);
    return line;
  }

  /** Writes a line to its standard input. */
  async tell(line: string): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(`${line}\n`));
    writer.releaseLock();
  }

  /** Waits until a signal has stopped it. */
  async untilStopped(): Promise<void> {
    const stopped = (): boolean => Deno.readTextFileSync(`/proc/${this.pid}/stat`).includes(") T ");
    await this.#within(until(stopped), "a stop");
  }

  /** Waits until it waits for something itself. */
  async untilAsleep(): Promise<void> {
    const asleep = (): boolean => Deno.readTextFileSync(`/proc/${this.pid}/stat`).includes(") S ");
    await this.#within(until(asleep), "a sleep");
  }

  /** Waits for its end. */
  async ended(): Promise<{ code: number; signal: string | null; output: string; errors: string }> {
    for (;;) {
      const { done, value } = await this.#within(this.#output.read(), "the end");
      if (done) break;
      this.#unread += value;
    }
    const { code, signal } = await this.#within(this.#child.status, "the end");
    return { code, signal, output: this.#unread, errors: await this.#errors };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#child.stdin.close().catch(() => {});
    await this.#output.cancel();
    await this.#child.status;
    await this.#errors;
  }

  /** Kills it, unless it has ended. */
  kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // it has ended
    }
  }

  /** What was promised; if that does not come in time the process is killed, and what it said of itself is thrown. */
  async #within<T>(promise: Promise<T>, what: string): Promise<T> {
    const limit = limitMs();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<null>((resolve) => timer = setTimeout(() => resolve(null), limit));
    try {
      const first = await Promise.race([promise.then((value) => ({ value })), late]);
      if (first !== null) return first.value;
    } finally {
      clearTimeout(timer);
    }
    this.kill();
    throw new Error(
      `Waited ${limit / 1000} s in vain for ${what} of a fixture, which said: ${await this.#errors}`,
    );
  }
}

/** What a fixture file ends with: runs the function that the test has called, and tells its result. */
export async function serve(functions: Functions): Promise<void> {
  const [name, args] = Deno.args;
  const result = await functions[name!]!(...JSON.parse(args!));
  say(`${RESULT}${JSON.stringify(result ?? null)}${RESULT}`);
  Deno.exit(0);
}

/** Says something to the test, at once. */
export function say(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

/** Waits until `check` gives something, and returns that; in a fixture, where a test watches over the time. */
export async function until<T>(check: () => T): Promise<Exclude<T, null | undefined | false>> {
  for (;;) {
    const result = check();
    if (result !== null && result !== undefined && result !== false) {
      return result as Exclude<T, null | undefined | false>;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
