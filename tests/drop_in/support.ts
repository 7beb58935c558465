/**
 * Runs a program that denit stands in for and denit in its place, each as PID 1 and not, and compares.
 *
 * What is started is ended and what is written removed, also when a test fails.
 */

import { deepEqual, notEqual } from "../assert.ts";

/** The programs that denit stands in for. */
export type Name = "tini" | "dumb-init" | "catatonit";
export type Mode = "PID 1" | "not PID 1";

/** Who is run, and where. */
export interface Subject {
  readonly name: Name;
  readonly kind: "original" | "denit";
  readonly mode: Mode;
}

const MODES: readonly Mode[] = ["PID 1", "not PID 1"];
const SIGKILL = 9;
const LIMIT_MS = 20_000;

const root = new URL("../../", import.meta.url).pathname;
const underTest = Deno.env.get("DENIT_UNDER_TEST")?.split(" ")
  .map((word, i) => i === 0 ? executable(word) : wholePath(word)); // the tests change PATH

/** The words that run denit. */
export const DENIT: readonly string[] = underTest ??
  [Deno.execPath(), "run", "--no-prompt", "--allow-ffi", `${root}src/main.ts`];

const asRoot = Deno.uid() === 0 ? [] : ["--user", "--map-root-user"];
const AS_FIRST: readonly string[] = [
  "unshare",
  ...asRoot,
  "--pid",
  "--fork",
  "--mount-proc",
  "--kill-child",
];

/** The words that run one of the programs of tests/drop_in/programs. */
export function perl(program: string, ...words: string[]): string[] {
  return ["perl", `${root}tests/drop_in/programs/${program}.pl`, ...words];
}

function wholePath(word: string): string {
  try {
    return Deno.statSync(word).isFile ? Deno.realPathSync(word) : word;
  } catch {
    return word; // an option, or a command in PATH
  }
}

/** Why a program cannot be run here, or `null`. */
function missing(command: readonly string[]): string | null {
  const [first, ...args] = command;
  try {
    const { success, stderr } = new Deno.Command(first!, { args }).outputSync();
    return success ? null : new TextDecoder().decode(stderr).trim();
  } catch (error) {
    return (error as Error).message;
  }
}

const VERSION_OPTION: Readonly<Record<Name, string>> = {
  tini: "--version",
  "dumb-init": "-V",
  catatonit: "-V",
};
const noNamespaces = missing([...AS_FIRST, "true"]);
const noOriginal = Object.fromEntries(
  (Object.keys(VERSION_OPTION) as Name[]).map((name) => [name, missing([name, VERSION_OPTION[name]])]),
) as Record<Name, string | null>;

/** How an observation of the original differs from what denit is to show. */
export interface Difference<Seen> {
  /** The reason, in a sentence. */
  readonly why: string;
  /** What denit shows where the original shows `original`. */
  readonly denit: (original: Seen, mode: Mode) => Seen;
}

export interface Options<Seen> {
  /** Where to run it, if not in both. */
  readonly modes?: readonly Mode[];
  readonly differs?: Difference<Seen>;
}

/** Registers a test: what `observe` sees of the original and of denit in its place is the same, in each mode. */
export function same<Seen>(
  name: Name,
  title: string,
  observe: (stage: Stage) => Promise<Seen>,
  { modes = MODES, differs }: Options<Seen> = {},
): void {
  const reasons = [noOriginal[name], modes.includes("PID 1") ? noNamespaces : null];
  const reason = reasons.find((it) => it !== null);
  const told = differs === undefined ? title : `${title} [differs: ${differs.why}]`;
  Deno.test({
    name: reason === undefined ? `${name}: ${told}` : `${name}: ${told} (cannot run here: ${reason})`,
    ignore: reason !== undefined && Deno.env.get("CI") !== "true",
    async fn() {
      const subjects = modes.flatMap((mode) =>
        (["original", "denit"] as const).map((kind): Subject => ({ name, kind, mode }))
      );
      const results = await Promise.allSettled(subjects.map((subject) => onStage(subject, observe)));
      const failed = results.find((result) => result.status === "rejected");
      if (failed !== undefined) throw failed.reason;
      const seen = results.map((result) => (result as PromiseFulfilledResult<Seen>).value);
      const differences = modes.map((mode, i) => {
        const [original, denit] = seen.slice(2 * i, 2 * i + 2) as [Seen, Seen];
        const wanted = differs === undefined ? original : differs.denit(original, mode);
        deepEqual({ mode, ...wrap(denit) }, { mode, ...wrap(wanted) });
        return JSON.stringify(wanted) !== JSON.stringify(original);
      });
      // A difference that is none any more is to be struck off the list.
      if (differs !== undefined) notEqual(differences.some(Boolean), false);
    },
  });
}

function wrap(seen: unknown): { seen: unknown } {
  return { seen };
}

async function onStage<Seen>(subject: Subject, observe: (stage: Stage) => Promise<Seen>): Promise<Seen> {
  const stage = new Stage(subject);
  try {
    return await observe(stage);
  } catch (error) {
    throw new Error(`${subject.kind}, ${subject.mode}: ${(error as Error).message}`, { cause: error });
  } finally {
    await stage.clear();
  }
}

/** How an init is started. */
export interface Setting {
  /** The environment, besides PATH and HOME. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The preparations of programs/before.pl, made in the process that then becomes the init. */
  readonly before?: readonly string[];
  /** Has programs/pty.pl run it on a terminal. */
  readonly terminal?: "bare" | "job" | "background";
}

/** Where one subject is run. */
export class Stage {
  readonly subject: Subject;
  readonly #mark = crypto.randomUUID();
  readonly #running: Running[] = [];

  constructor(subject: Subject) {
    this.subject = subject;
  }

  /** The words that run the init. */
  get init(): readonly string[] {
    const { name, kind } = this.subject;
    return kind === "original" ? [name] : [...DENIT, "--as", name];
  }

  /** Starts the init with these words. */
  start(words: readonly string[], setting: Setting = {}): Running {
    return this.startCommand([...this.init, ...words], setting);
  }

  /** Runs the init to its end. */
  async run(words: readonly string[], setting: Setting = {}): Promise<Ended> {
    return await this.start(words, setting).ended();
  }

  /** Starts any command in the init's place. */
  startCommand(command: readonly string[], setting: Setting = {}): Running {
    const { env = {}, cwd, before = [], terminal } = setting;
    const [first, ...args] = [
      ...terminal === undefined ? [] : perl("pty", terminal),
      ...this.subject.mode === "PID 1" ? AS_FIRST : [],
      ...before.length === 0 ? [] : perl("before", ...before, "--"),
      ...command,
    ];
    const inherited = ["PATH", "HOME", "DENO_DIR"].flatMap((name) => {
      const value = Deno.env.get(name);
      return value === undefined ? [] : [[name, value]];
    });
    const child = new Deno.Command(first!, {
      args,
      env: { ...Object.fromEntries(inherited), ...env, DROP_IN_MARK: this.#mark },
      clearEnv: true,
      ...cwd !== undefined && { cwd },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const running = new Running(child, command, this.subject);
    this.#running.push(running);
    return running;
  }

  /** Ends whatever is left. */
  async clear(): Promise<void> {
    await until(() => {
      const left = listProcesses().filter(({ pid, state }) => state !== "Z" && hasMark(pid, this.#mark));
      for (const { pid } of left) kill(pid, SIGKILL);
      return left.length === 0;
    }, () => "everybody to be gone");
    for (const running of this.#running) await running.close();
  }
}

/** What is left of an init. */
export interface Ended {
  /** Its exit code; 128 + N if a signal ended it. */
  readonly code: number;
  /** What the program said: its lines on standard output that begin with `> `. */
  readonly program: readonly string[];
  /** What was said besides that, on each stream. */
  readonly stdout: string;
  readonly stderr: string;
}

/** An init that runs. */
export class Running {
  readonly pid: number;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly #child: Deno.ChildProcess;
  readonly #status: Promise<number>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #command: readonly string[];
  readonly #inPlace: boolean;

  constructor(child: Deno.ChildProcess, command: readonly string[], { mode }: Subject) {
    this.#child = child;
    this.pid = child.pid;
    this.#command = command;
    this.#inPlace = mode === "not PID 1";
    this.#input = child.stdin.getWriter();
    this.stdout = new Output(child.stdout);
    this.stderr = new Output(child.stderr);
    this.#status = child.status.then(({ code }) => code);
  }

  /** The init's process id as seen from here. */
  async initPid(): Promise<number> {
    const program = executable(this.#command[0]!);
    const isInit = (pid: number): boolean =>
      readExecutable(pid) === program && isFirst(pid) !== this.#inPlace;
    return await this.wait(
      () => [this.pid, ...descendantsOf(this.pid).map(({ pid }) => pid)].find(isInit),
      "the init to run",
    );
  }

  /** Sends signals to the init. */
  async signal(...signals: number[]): Promise<void> {
    const pid = await this.initPid();
    for (const signal of signals) kill(pid, signal);
  }

  /** Waits for a line of the program's, without the `> ` before it. */
  async line(line: RegExp | string, times = 1): Promise<string> {
    const fits = (it: string): boolean => typeof line === "string" ? it === line : line.test(it);
    return await this.wait(() => this.program.filter(fits).at(times - 1), `the program to say ${line}`);
  }

  /** What the program has said so far. */
  get program(): string[] {
    return programLines(this.stdout.text);
  }

  /** The id, as seen from here, of a process that said `> ROLE ready PID`. */
  async pidOf(role: string): Promise<number> {
    const inner = (await this.line(new RegExp(`^${role} ready \\d+$`))).split(" ").at(-1)!;
    const init = await this.initPid();
    const candidates = (): Process[] => [...descendantsOf(init), ...listProcesses()];
    return await this.wait(
      () => candidates().find(({ pid }) => innerId(pid) === inner && sameNamespace(pid, init))?.pid,
      `${role} to be found`,
    );
  }

  async type(text: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(text));
  }

  async closeInput(): Promise<void> {
    await this.#input.close();
  }

  /** Waits until a condition holds, and returns what it returned. */
  async wait<T>(condition: () => T | undefined | null | false, what: string): Promise<T> {
    return await until(condition, () => `${what}; ${this.#told()}`);
  }

  /** Waits for the init's end alone: others may still hold its output. */
  async exitCode(): Promise<number> {
    return await within(this.#status, () => `the end of ${this.#told()}`);
  }

  /** Waits for the end of the init and of its output. */
  async ended(): Promise<Ended> {
    const code = await this.exitCode();
    const closed = Promise.all([this.stdout.closed, this.stderr.closed]);
    await within(closed, () => `the end of the output of ${this.#told()}`);
    const own = this.stdout.text.split("\n").filter((line) => !line.startsWith("> ")).join("\n");
    return { code, program: this.program, stdout: own, stderr: this.stderr.text };
  }

  async close(): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#status;
    await Promise.all([this.stdout.closed, this.stderr.closed]);
    this.#child.unref();
  }

  #told(): string {
    return `${this.#command.join(" ")}\n--- stdout:\n${this.stdout.text}\n--- stderr:\n${this.stderr.text}`;
  }
}

/** What somebody prints, as it comes. */
class Output {
  text = "";
  readonly closed: Promise<void>;

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.closed = this.#read(stream);
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) this.text += text;
  }
}

function programLines(text: string): string[] {
  return text.split("\n").filter((line) => line.startsWith("> ")).map((line) => line.slice(2));
}

/** Which streams the init itself has said something on. */
export function streams({ stdout, stderr }: Pick<Ended, "stdout" | "stderr">): string[] {
  return [...stdout.trim() === "" ? [] : ["stdout"], ...stderr.trim() === "" ? [] : ["stderr"]];
}

/** Waits until the condition gives something. */
async function until<T>(condition: () => T | undefined | null | false, what: () => string): Promise<T> {
  const end = performance.now() + LIMIT_MS;
  for (;;) {
    const result = condition();
    if (result !== undefined && result !== null && result !== false) return result;
    if (performance.now() > end) throw new Error(`Waited in vain for ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}

async function within<T>(promise: Promise<T>, what: () => string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited in vain for ${what()}`)), LIMIT_MS);
  });
  return await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const libc = Deno.dlopen("libc.so.6", { kill: { parameters: ["i32", "i32"], result: "i32" } }).symbols;

/** Sends any signal, the real-time ones too; returns whether there was somebody to send it to. */
export function kill(pid: number, signal: number): boolean {
  if (pid <= 1) throw new Error(`Cannot kill ${pid}: that would be everybody`);
  return libc.kill(pid, signal) === 0;
}

/** A process of this machine, its numbers as seen from here. */
export interface Process {
  readonly pid: number;
  readonly state: string;
  readonly parent: number;
}

/** The process, or `null` where there is none. */
export function readProcess(pid: number): Process | null {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { pid, state: state!, parent: Number(parent) };
}

function listProcesses(): Process[] {
  return [...Deno.readDirSync("/proc")].flatMap(({ name }) =>
    /^[0-9]+$/.test(name) ? readProcess(Number(name)) ?? [] : []
  );
}

/** Everybody below the process, parents first. */
export function descendantsOf(pid: number): Process[] {
  const byParent = Map.groupBy(listProcesses(), ({ parent }) => parent);
  const found = [...byParent.get(pid) ?? []];
  for (const { pid } of found) found.push(...byParent.get(pid) ?? []); // grows while it is walked
  return found;
}

/** A line of /proc/PID/status. */
export function statusOf(pid: number, field: string): string | null {
  return new RegExp(`^${field}:\\s*(.*)$`, "m").exec(readText(`/proc/${pid}/status`) ?? "")?.[1] ?? null;
}

function innerId(pid: number): string | undefined {
  return statusOf(pid, "NSpid")?.split(/\s+/).at(-1);
}

function isFirst(pid: number): boolean {
  return (statusOf(pid, "NSpid")?.split(/\s+/).length ?? 0) > namespaces && innerId(pid) === "1";
}

const namespaces = statusOf(Deno.pid, "NSpid")?.split(/\s+/).length ?? 1;

function sameNamespace(one: number, other: number): boolean {
  return readLink(`/proc/${one}/ns/pid`) === readLink(`/proc/${other}/ns/pid`);
}

function readExecutable(pid: number): string | null {
  return readLink(`/proc/${pid}/exe`);
}

function executable(command: string): string {
  if (command.includes("/")) return Deno.realPathSync(command);
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    try {
      return Deno.realPathSync(`${folder}/${command}`);
    } catch { /* the next folder */ }
  }
  throw new Error(`Cannot find ${command}`);
}

function hasMark(pid: number, mark: string): boolean {
  return readText(`/proc/${pid}/environ`)?.includes(`DROP_IN_MARK=${mark}`) ?? false;
}

export function readLink(path: string): string | null {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return null;
  }
}

function readText(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null; // it has ended meanwhile
  }
}
