/** Containers, by Docker's client. */

import { until, within } from "../../e2e/support/until.ts";
import { must, type Ran, run } from "./command.ts";
import type { Engine } from "./engine.ts";

/** Files that Docker puts into each container. */
const MADE_BY_DOCKER: readonly string[] = [
  ".dockerenv",
  "dev/console",
  "etc/hostname",
  "etc/hosts",
  "etc/mtab",
  "etc/resolv.conf",
];

/** Starts containers of an engine. All are without a network. */
export class Docker {
  readonly #env: Engine["env"];
  readonly #folder: string;
  #count = 0;

  constructor(engine: Engine) {
    this.#env = engine.env;
    this.#folder = engine.folder;
  }

  /** Runs the client, which must succeed, and returns what it printed. */
  async must(...words: readonly string[]): Promise<string> {
    return await must(["docker", ...words], { env: this.#env });
  }

  /** `docker run`: returns when the container has ended. */
  async run(words: readonly string[], stdin?: string): Promise<Ran> {
    const interactive = stdin === undefined ? [] : ["--interactive"];
    const docker = ["docker", "run", "--rm", "--network", "none", ...interactive, ...words];
    const options = stdin === undefined ? { env: this.#env } : { env: this.#env, stdin };
    return await within(run(docker, options), () => `it ends: ${words.join(" ")}`, 60_000);
  }

  /**
   * `docker run --detach`: a container that is removed at the end of the block. It shares a folder with us, which it
   * has at `/shared`, writable for everybody.
   */
  async start(...words: readonly string[]): Promise<Container> {
    const shared = `${this.#folder}/shared-${++this.#count}`;
    await Deno.mkdir(shared);
    await Deno.chmod(shared, 0o1777);
    const volume = ["--volume", `${shared}:/shared`];
    const id = await this.must("run", "--detach", "--network", "none", ...volume, ...words);
    return new Container(this, id.trim(), shared);
  }

  /** `docker run --interactive --tty` on a terminal of its own. */
  terminal(...words: readonly string[]): Terminal {
    return new Terminal(
      ["docker", "run", "--rm", "--network", "none", "--interactive", "--tty", ...words],
      this.#env,
    );
  }

  /** Runs the client, and returns how it went. */
  async try(...words: readonly string[]): Promise<Ran> {
    return await run(["docker", ...words], { env: this.#env });
  }

  /** The files of an image, sorted: what is in a container of it that has not been started. */
  async files(image: string): Promise<string[]> {
    const id = (await this.must("create", "--network", "none", image)).trim();
    const tar = `${this.#folder}/image.tar`;
    try {
      await this.must("export", "--output", tar, id);
    } finally {
      await this.must("rm", id);
    }
    const all = (await must(["tar", "--list", "--file", tar])).trimEnd().split("\n");
    return all.filter((path) => !path.endsWith("/") && !MADE_BY_DOCKER.includes(path)).sort();
  }
}

/** A process as the container's own /proc shows it. */
export interface Process {
  readonly pid: number;
  readonly name: string;
  readonly state: string;
  readonly parent: number;
}

/** A container that was started. */
export class Container implements AsyncDisposable {
  readonly #docker: Docker;
  readonly id: string;
  /** The folder that the container has at `/shared`. */
  readonly shared: string;

  constructor(docker: Docker, id: string, shared: string) {
    this.#docker = docker;
    this.id = id;
    this.shared = shared;
  }

  /** What it has printed, and its exit code so far: 0 while it runs. */
  async logs(): Promise<Ran> {
    return await this.#docker.try("logs", this.id);
  }

  /** Waits until a whole line that it printed has the pattern. */
  async prints(pattern: RegExp): Promise<void> {
    let all = "";
    await until(async () => {
      const { stdout, stderr } = await this.logs();
      all = stdout + stderr;
      return all.split("\n").slice(0, -1).some((line) => pattern.test(line));
    }, () => `a line like ${pattern} in what it prints, which is:\n${all}`);
  }

  /** Waits until the shared folder has the file with a whole line in it, and returns its text. */
  async file(name: string): Promise<string> {
    return await until(async () => {
      const text = await Deno.readTextFile(`${this.shared}/${name}`).catch(() => "");
      return text.endsWith("\n") && text;
    }, `the container writes ${name}`);
  }

  /** `docker exec`: runs a program in the container to its end. */
  async exec(...words: readonly string[]): Promise<Ran> {
    return await this.#docker.try("exec", this.id, ...words);
  }

  async kill(signal: string): Promise<void> {
    await this.#docker.must("kill", "--signal", signal, this.id);
  }

  /** `docker stop`: returns how long it took, in milliseconds. */
  async stop(): Promise<number> {
    const start = performance.now();
    await this.#docker.must("stop", this.id);
    return performance.now() - start;
  }

  /** Waits until it has ended, and returns its exit code. */
  async ended(): Promise<number> {
    return Number(await within(this.#docker.must("wait", this.id), () => "the container ends"));
  }

  /** A field of `docker inspect`. */
  async inspect(field: string): Promise<string> {
    return (await this.#docker.must("inspect", "--format", `{{${field}}}`, this.id)).trim();
  }

  /** All its processes. */
  async processes(): Promise<Process[]> {
    const { stdout } = await this.exec("sh", "-c", "cat /proc/[0-9]*/stat 2>/dev/null");
    return Array.from(stdout.matchAll(/^(\d+) \((.*)\) (\S) (\d+) /gm), ([, pid, name, state, parent]) => ({
      pid: Number(pid),
      name: name!,
      state: state!,
      parent: Number(parent),
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#docker.must("rm", "--force", "--volumes", this.id);
  }
}

/** A command on a terminal of its own, made by script(1). */
export class Terminal {
  readonly #child: Deno.ChildProcess;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array>;
  readonly #read: Promise<void>;
  #shown = "";
  #seen = 0;

  constructor(words: readonly string[], env: Readonly<Record<string, string>>) {
    const command = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    this.#child = new Deno.Command("script", {
      args: ["--quiet", "--flush", "--return", "--command", command, "/dev/null"],
      env: { ...env, TERM: "dumb", SHELL: "/bin/sh" },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#keys = this.#child.stdin.getWriter();
    this.#read = this.#readScreen(this.#child.stdout);
  }

  async #readScreen(stdout: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stdout.pipeThrough(new TextDecoderStream())) {
      this.#shown += text.replaceAll("\r", "");
    }
  }

  /** Waits until the screen has a line with the pattern, below what was found before. */
  async shows(pattern: RegExp): Promise<void> {
    const below = new RegExp(pattern, "gm");
    await until(() => {
      below.lastIndex = this.#seen;
      const found = below.test(this.#shown);
      if (found) this.#seen = below.lastIndex;
      return found;
    }, () => `a line like ${pattern} on the screen, below ${this.#seen} characters of:\n${this.#shown}`);
  }

  async type(keys: string): Promise<void> {
    await this.#keys.write(new TextEncoder().encode(keys));
  }

  /** Waits until the command has ended, and returns its exit code. */
  async ended(): Promise<number> {
    const { code } = await within(
      this.#child.status,
      () => `the command ends; the screen is:\n${this.#shown}`,
    );
    await this.#read;
    await this.#keys.close().catch(() => {}); // nobody reads any more
    return code;
  }
}
