/** Who is measured: denit, the floor of its runtime, and what people use today, each in its usual form. */

/** One of those that are measured. */
export interface Contender {
  readonly name: string;
  /**
   * The words that run one command, or several side by side, as first process of a namespace. `folder` is empty and
   * the contender's own, for its files.
   */
  command(commands: readonly (readonly string[])[], folder: string): readonly string[];
  /** What it takes to run several, where the measurement is of one. */
  readonly env?: Readonly<Record<string, string>>;
  /** The program that must be there. */
  readonly needs: string;
  /** What it does not do: figures of that leave it out. */
  readonly lacks: readonly Ability[];
  /** The signal that asks it to end everything. */
  readonly stop: Deno.Signal;
}

/** What a measurement needs of a contender. */
export type Ability =
  /** Passes signals on to what it runs. */
  | "forwards"
  /** Ends when the one command ends. */
  | "ends with it"
  /** Reaps orphans when they end, not at some later time. */
  | "reaps"
  /** Runs many. */
  | "many";

const REPOSITORY = new URL("../", import.meta.url).pathname;
export const BUNDLE: string = `${REPOSITORY}dist/denit.js`;

function one(commands: readonly (readonly string[])[]): readonly string[] {
  if (commands.length !== 1) throw new Error("Cannot run several commands: it runs one");
  return commands[0]!;
}

/** Stock Deno with a script, as the image of the bundle has it. */
function deno(script: string, ...permissions: string[]): string[] {
  return [Deno.execPath(), "run", "--no-config", "--no-prompt", ...permissions, script];
}

function denit(name: string, program: readonly string[]): Contender {
  return {
    name,
    needs: program[0]!,
    lacks: [],
    stop: "SIGTERM",
    command(commands, folder): readonly string[] {
      return commands.length === 1
        ? [...program, "--", ...commands[0]!]
        : [...program, "up", "-f", servicesFile(commands, folder)];
    },
  };
}

/** The file that denit runs many from. */
function servicesFile(commands: readonly (readonly string[])[], folder: string): string {
  const path = `${folder}/denit.yaml`;
  const services = commands.map((command, i) =>
    `  service-${i + 1}:\n    command: ${JSON.stringify(command)}\n`
  );
  Deno.writeTextFileSync(path, `services:\n${services.join("")}`);
  return path;
}

/** The bundle on stock Deno, with the flags that the image of the bundle has. */
export const DENIT: Contender = denit(
  "denit",
  deno(BUNDLE, "--v8-flags=--expose-gc,--max-semi-space-size=1", "--allow-ffi"),
);

/** The executable that `deno compile` makes. */
export function executable(path: string): Contender {
  return denit("denit (executable)", [path]);
}

function script(folder: string, text: string): string {
  const path = `${folder}/script.js`;
  Deno.writeTextFileSync(path, text);
  return path;
}

/** The floor: a script of two lines that starts its command and waits for it. */
export const FLOOR: Contender = {
  name: "two-line Deno script",
  needs: Deno.execPath(),
  lacks: ["forwards", "reaps", "many"],
  stop: "SIGKILL",
  command(commands, folder): readonly string[] {
    const [program, ...args] = one(commands);
    const text = `const child = new Deno.Command(Deno.args[0], { args: Deno.args.slice(1) }).spawn();\n` +
      `Deno.exit((await child.status).code);\n`;
    return [...deno(script(folder, text), "--allow-run"), program!, ...args];
  },
};

/** Deno with nothing to do. It runs no command. */
export const IDLE_DENO: Contender = {
  name: "idle Deno",
  needs: Deno.execPath(),
  lacks: ["forwards", "ends with it", "reaps", "many"],
  stop: "SIGKILL",
  command: (_commands, folder) => deno(script(folder, "setTimeout(() => {}, 2 ** 31 - 1);\n")),
};

/** Deno that exits when its standard input ends. It runs no command. */
export const EXITING_DENO: Contender = {
  ...IDLE_DENO,
  name: "idle Deno, Deno.exit",
  command: (_commands, folder) =>
    deno(script(folder, "Deno.stdin.readSync(new Uint8Array(1));\nDeno.exit(0);\n")),
};

/** The inits of one command. */
const SMALL: readonly Contender[] = ["tini", "dumb-init", "catatonit"].map((name) => ({
  name,
  needs: name,
  lacks: ["many"],
  stop: "SIGTERM",
  command: (commands) => [name, "--", ...one(commands)],
}));

const BASH: Contender = {
  name: "bash -c",
  needs: "bash",
  lacks: ["forwards", "many"],
  stop: "SIGKILL",
  command: (commands) => ["bash", "-c", '"$@"; exit $?', "bash", ...one(commands)],
};

/** The options of supervisord's programs, for where their output goes. */
export const TO_STDOUT = "stdout_logfile=/dev/stdout\nstdout_logfile_maxbytes=0\nredirect_stderr=true\n";

export function supervisord(output: string): Contender {
  return {
    name: "supervisord",
    needs: "supervisord",
    lacks: ["forwards", "ends with it", "reaps"],
    stop: "SIGTERM",
    command(commands, folder): readonly string[] {
      const path = `${folder}/supervisord.conf`;
      // What is the same is one program to it, many times: of many programs it stops one in a second.
      const program = `[program:service]\ncommand=${commands[0]!.join(" ")}\nnumprocs=${commands.length}\n` +
        `process_name=service-%(process_num)d\nautorestart=false\nstartsecs=0\n${output}`;
      const own = `[supervisord]\nnodaemon=true\nuser=root\nlogfile=/dev/null\nlogfile_maxbytes=0\n` +
        `pidfile=${folder}/pid\n`;
      Deno.writeTextFileSync(path, own + program);
      return ["supervisord", "--configuration", path];
    },
  };
}

/** Makes a service's folder, as s6 and runit want it. */
function serviceFolder(path: string, command: readonly string[]): void {
  Deno.mkdirSync(path, { recursive: true });
  Deno.writeTextFileSync(`${path}/run`, `#!/bin/sh\nexec ${command.join(" ")}\n`, { mode: 0o755 });
}

function scanning(name: string, needs: string, options: readonly string[], stop: Deno.Signal): Contender {
  return {
    name,
    needs,
    lacks: ["forwards", "ends with it", ...name === "runit" ? ["reaps"] as const : []],
    stop,
    command(commands, folder): readonly string[] {
      for (const [i, command] of commands.entries()) serviceFolder(`${folder}/scan/${i + 1}`, command);
      return [needs, ...options, `${folder}/scan`];
    },
  };
}

const S6 = scanning("s6", "s6-svscan", [], "SIGTERM");
const RUNIT = scanning("runit", "runsvdir", ["-P"], "SIGHUP");

/** All that run commands, without denit and its floor. */
export const OTHERS: readonly Contender[] = [...SMALL, BASH, supervisord(TO_STDOUT), S6, RUNIT];
