/** The cases that all the programs have in common. */

import { match, ok } from "../assert.ts";
import {
  descendantsOf,
  kill,
  type Mode,
  type Name,
  type Options,
  perl,
  readLink,
  type Running,
  same,
} from "./support.ts";
import { type Setting, type Stage, statusOf, streams } from "./support.ts";

export const TELL: string = new URL("./programs/tell.sh", import.meta.url).pathname;

const MODES: readonly Mode[] = ["PID 1", "not PID 1"];
let count = 0;

/** How a command line is run, and what matters of its outcome. */
export interface CommandLine {
  /** Whether it is run as PID 1 and not, instead of every second one as the one and every other as the other. */
  readonly inBothModes: boolean;
  readonly setting: Setting;
  /** What either says of itself. */
  readonly says: { readonly stdout?: RegExp; readonly stderr?: RegExp };
}

interface Outcome {
  readonly code: number;
  readonly program: readonly string[];
  readonly streams: readonly string[];
}

/** Runs a command line to its end: its exit code, what the program said, and on which streams more was said. */
export function commandLine(
  name: Name,
  words: readonly string[] | string,
  { setting = {}, says = {}, inBothModes = false, ...options }: Partial<CommandLine> & Options<Outcome> = {},
): void {
  const all = typeof words === "string" ? words.split(" ").filter((word) => word !== "") : words;
  const env = Object.entries(setting.env ?? {}).map(([variable, value]) => `${variable}=${value} `).join("");
  const before = setting.before === undefined ? "" : ` (${setting.before.join(" ")})`;
  const modes = options.modes ?? (inBothModes ? undefined : [MODES[count++ % 2]!]);
  const title = `${env}${
    [name, ...all].map((word) => word === TELL ? "tell" : word || "''").join(" ")
  }${before}`;
  same(name, title, async (stage) => {
    const ended = await stage.run(all, setting);
    if (says.stdout !== undefined) match(ended.stdout, says.stdout);
    if (says.stderr !== undefined) match(ended.stderr, says.stderr);
    return { code: ended.code, program: ended.program, streams: streams(ended) };
  }, modes === undefined ? options : { ...options, modes });
}

/** Files that cannot be executed, each for its reason, in a folder that is removed at the end. */
export function withFiles(use: (path: (name: string) => string) => void): void {
  const folder = Deno.makeTempDirSync({ prefix: "denit-drop-in-" });
  addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  Deno.chmodSync(folder, 0o755);
  const write = (name: string, text: string | Uint8Array, mode: number): void => {
    Deno.writeFileSync(`${folder}/${name}`, typeof text === "string" ? new TextEncoder().encode(text) : text);
    Deno.chmodSync(`${folder}/${name}`, mode);
  };
  write("plain-script", 'echo "> plain script: $1"; exit 4\n', 0o755);
  write("empty", "", 0o755);
  write("not-executable", "#!/bin/sh\nexit 3\n", 0o644);
  write("no-interpreter", "#!/not/there\n", 0o755);
  write("damaged", new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 1, 2, 3, 4, 5, 6, 7, 8]), 0o755);
  write("a file", "", 0o644);
  Deno.mkdirSync(`${folder}/folder`);
  Deno.symlinkSync("loop", `${folder}/loop`);
  use((name) => `${folder}/${name}`);
}

/** What cannot be executed, and what can although it has no `#!` line. */
export function execution(name: Name, reason: (text: string) => RegExp): void {
  withFiles((path) => {
    const cases: readonly (readonly [string, string | null])[] = [
      ["no-such-command", "No such file or directory"],
      ["/no/such/file", "No such file or directory"],
      ["", "No such file or directory"],
      [path("no-such-file"), "No such file or directory"],
      [path("not-executable"), "Permission denied"],
      [path("folder"), "Permission denied"],
      [path("no-interpreter"), "No such file or directory"],
      [path("a file/below"), "Not a directory"],
      [path("loop"), "Too many levels of symbolic links"],
      [path("x".repeat(300)), "File name too long"],
      [path("plain-script"), null],
      [path("empty"), null],
    ];
    for (const [file, error] of cases) {
      const says = error === null ? {} : { stderr: reason(error) };
      commandLine(name, ["--", file, "word"], { says, inBothModes: true });
    }
    commandLine(name, ["--", path("damaged")], {
      differs: {
        why: "a damaged executable is named as one, not fed to the shell",
        denit: (original) => ({ ...original, code: DAMAGED[name], streams: ["stderr"] }),
      },
    });
    commandLine(name, ["--", "plain-script", "word"], {
      setting: { env: { PATH: `/nowhere:${path(".")}:/bin` } },
    });
    commandLine(name, ["--", "not-executable"], { setting: { env: { PATH: `${path(".")}:/bin:/usr/bin` } } });
  });
}

const DAMAGED: Readonly<Record<Name, number>> = { tini: 1, "dumb-init": 2, catatonit: 1 };

/** Exit codes and signals that end the program: the code is the same. */
export function endings(name: Name): void {
  for (const code of [0, 1, 42, 127, 128, 255]) {
    commandLine(name, ["--", TELL], { setting: { env: { END: String(code) } } });
  }
  for (const signal of [1, 6, 9, 11, 15, 34, 64]) {
    commandLine(name, ["--", "perl", "-e", `kill ${signal}, $$; sleep 1000`]);
  }
}

/** What the program finds: process group, session, terminal, descriptors, environment, folder, and the signals. */
export function surroundings(name: Name, ...ways: (readonly [readonly string[], Setting])[]): void {
  const TERMINAL_STOPS = 0x380000;
  const all: (readonly [readonly string[], Setting])[] = [
    [[], {}],
    [[], {
      env: {
        LANG: "C",
        EMPTY: "",
        "WITH SPACE": "a b",
        SHELL: "/bin/none",
        _: "x",
        PATH: Deno.env.get("PATH")!,
      },
    }],
    [[], { cwd: "/usr" }],
    [[], { before: ["open=3,4,7,40,77"] }],
    [[], { before: ["session"] }],
    [[], { terminal: "bare" }],
    [[], { terminal: "bare", before: ["session"] }],
    [[], { terminal: "job" }],
    ...ways,
  ];
  for (const [words, setting] of all) {
    const title = ["surroundings", ...words, JSON.stringify(setting)].join(" ");
    // Which pid that is, the line "LISTEN_PID is" tells.
    const pidOfListener = setting.before?.includes("listen") ? /^variable: LISTEN_PID=\d+$/ : /^$/;
    same(name, title, async (stage) => {
      const { code, program } = await stage.run(
        [...words, "--", ...perl("see", "a", "", "b c", "--")],
        setting,
      );
      return {
        code,
        program: program.filter((line) => !pidOfListener.test(line)),
      };
    });
    same(
      name,
      `signals at the start ${title}`,
      async (stage) => {
        const grep = ["grep", "-E", "^(SigBlk|SigIgn|SigPnd|ShdPnd):", "/proc/self/status"];
        const { code, stdout, stderr } = await stage.run([...words, "--", ...grep], {
          ...setting,
          before: [...setting.before ?? [], "ignore=1,3,14,18,20,21,23,40", "block=10,14,15,17,50"],
        });
        ok(stdout.includes("SigBlk"), "the program tells what it sees");
        return { code, status: [...stdout.match(/^S.*:.*$/gm) ?? []], stderr: stderr.includes("Sig") };
      },
      name !== "catatonit" ? {} : {
        differs: {
          why: "the terminal's stop signals are not left blocked in the program",
          denit: (original) => ({
            ...original,
            status: original.status.map((line) => {
              if (!line.startsWith("SigBlk:")) return line;
              const blocked = Number.parseInt(line.slice(-8), 16) & ~TERMINAL_STOPS;
              return line.slice(0, -8) + blocked.toString(16).padStart(8, "0");
            }),
          }),
        },
      },
    );
  }
}

/** The standard signals that can be forwarded at all. */
export const STANDARD: readonly number[] = Array.from({ length: 31 }, (_, i) => i + 1)
  .filter((signal) => ![9, 17, 19].includes(signal));

const USR1 = 10;
export const FAULTS: readonly number[] = [4, 5, 6, 7, 8, 11, 31];
export const STOPS: readonly number[] = [20, 21, 22];
export const REAL_TIME: readonly number[] = [34, 35, 50, 63, 64];

/**
 * Sends each of the signals to the init, and tells who got which. Behind each come others, one after the other,
 * which `hearers` get: what was not there before them does not come. They are the last that a program takes of
 * several that wait for it.
 */
export async function whoGets(
  running: Running,
  signals: readonly number[],
  roles: readonly string[],
  hearers: readonly string[],
  marks: readonly number[] = [30, 64],
): Promise<Record<string, number[]>> {
  for (const role of roles) await running.line(new RegExp(`^${role} ready`));
  let sent = 0;
  for (const signal of signals) {
    if (marks.includes(signal)) continue; // sent as such, again and again
    await running.signal(signal);
    sent++;
    for (const mark of marks) {
      await running.signal(mark);
      for (const hearer of hearers) {
        await running.line(`${hearer} ${mark}`, sent);
      }
    }
  }
  // What was to come to the others has been sent by now, and is told before this.
  const LAST = 62;
  for (const role of roles) {
    kill(await running.pidOf(role), LAST);
    await running.line(`${role} ${LAST}`);
  }
  return Object.fromEntries(roles.map((role) => {
    const got = running.program.filter((line) => line.startsWith(`${role} `) && !line.includes("ready"))
      .map((line) => Number(line.split(" ")[1]));
    const others = got.filter((signal) => ![LAST, ...marks].includes(signal));
    const counts = marks.map((mark) => got.filter((signal) => signal === mark).length);
    return [role, [...others, ...counts]];
  }));
}

/** Who below the init runs, and whose child the program is. */
export function tree(name: Name, words: readonly string[] = [], setting: Setting = {}): void {
  same(name, `no helper in the tree ${words.join(" ")} ${JSON.stringify(setting)}`, async (stage) => {
    const running = stage.start([...words, "--", ...perl("signals", "main")], setting);
    const main = await running.pidOf("main");
    const init = await running.initPid();
    return {
      below: descendantsOf(init).length,
      parent: statusOf(main, "PPid") === String(init),
      tracer: statusOf(main, "TracerPid"),
    };
  });
}

/** Whether what the init holds of the descriptors that it was given is closed. */
export function heldDescriptors(name: Name): void {
  same(name, "descriptors that the init keeps open", async (stage) => {
    const running = stage.start(["--", ...perl("signals", "main")], { before: ["open=3,7,40"] });
    const main = await running.pidOf("main");
    const init = await running.initPid();
    const holds = (pid: number): number[] =>
      [3, 7, 40].filter((descriptor) => readLink(`/proc/${pid}/fd/${descriptor}`) === "/dev/zero");
    await running.signal(USR1);
    await running.line(`main ${USR1}`);
    return { init: holds(init), main: holds(main) };
  });
}

/** Leaves as soon as the program has ended, whoever else still runs. */
export function leavesAtOnce(name: Name, words: readonly string[] = []): void {
  same(name, `leaves as soon as the program has ended ${words.join(" ")}`, async (stage: Stage) => {
    const running = stage.start([...words, "--", ...perl("signals", "END=7", "main", "stranger")]);
    const code = await running.exitCode();
    if (stage.subject.mode === "PID 1") return { code };
    kill(await orphanOf(running), 12);
    await running.line("stranger 12");
    return { code, program: running.program.filter((line) => !line.includes("ready")) };
  });
}

async function orphanOf(running: Running): Promise<number> {
  return Number((await running.line(/^stranger ready/)).split(" ").at(-1));
}

/** An orphan: whether it is adopted and reaped. */
export function orphans(name: Name, ...ways: (readonly [string, Setting])[]): void {
  for (const [words, setting] of ways) {
    same(name, `an orphan: ${JSON.stringify(setting.env ?? {})} ${words}`, async (stage) => {
      const options = words.split(" ").filter((word) => word !== "");
      const ended = await stage.run([...options, "--", ...perl("orphan")], setting);
      const pid = ended.program[0]!.split(" ")[1]!;
      return {
        code: ended.code,
        program: ended.program.slice(1),
        streams: streams(ended),
        named: [ended.stdout, ended.stderr].map((text) => new RegExp(`\\b${pid}\\b`).test(text)),
      };
    });
  }
}
