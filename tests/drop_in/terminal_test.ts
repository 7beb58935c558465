/** What only shows on a terminal, and what only shows where nobody reads or the parent dies. */

import { kill, type Name, perl, readProcess, type Running, same, type Setting, statusOf } from "./support.ts";

const NAMES: readonly Name[] = ["tini", "dumb-init", "catatonit"];

// The hand-off of the terminal
for (
  const [how, setting] of Object.entries(
    {
      "session leader": { terminal: "bare", before: ["session"] },
      "no session leader": { terminal: "job" },
      "no terminal of its own": { terminal: "bare" },
      "no terminal": {},
    } satisfies Record<string, Setting>,
  )
) {
  for (const words of [[], ["-c"]]) {
    same("dumb-init", `${how}: which HUP and CONT arrive: ${words.join(" ")}`, async (stage) => {
      const running = stage.start([...words, ...perl("signals", "main")], setting);
      await running.line(/^main ready/);
      for (const times of [1, 2, 3]) {
        await sendAndMark(running, 1, 2 * times - 1);
        await sendAndMark(running, 18, 2 * times);
      }
      await running.signal(3);
      const code = await running.exitCode();
      return { code, got: running.program.slice(1).filter((line) => !/ (?:30|64)$/.test(line)) };
    });
  }
}

async function sendAndMark(running: Running, signal: number, times: number): Promise<void> {
  await running.signal(signal);
  for (const mark of [30, 64]) {
    await running.signal(mark);
    await running.line(`main ${mark}`, times);
  }
}

// Keys
const KEYS = { "Ctrl-C": ["\x03", 2], "Ctrl-Z": ["\x1a", 20] } as const;
for (const name of NAMES) {
  for (const terminal of ["bare", "job"] as const) {
    for (const [key, [typed, signal]] of Object.entries(KEYS)) {
      // Without the terminal its program gets STOP for this, which dumb_init_test.ts shows.
      if (name === "dumb-init" && terminal === "job" && key === "Ctrl-Z") continue;
      same(name, `${terminal}: ${key} comes to the program`, async (stage) => {
        const before = terminal === "bare" ? ["session"] : [];
        const running = stage.start(["--", ...perl("signals", "main", "child")], { terminal, before });
        for (const role of ["main", "child"]) await running.line(new RegExp(`^${role} ready`));
        await running.type(typed);
        for (const role of ["main", "child"]) await running.line(`${role} ${signal}`);
        await running.signal(3);
        const code = await running.exitCode();
        return { code, got: running.program.filter((line) => /^[a-z]+ (?:2|20)$/.test(line)).sort() };
      });
    }
  }
  same(name, "the program reads what is typed", async (stage) => {
    const setting = { terminal: "bare", before: ["session"] } as const;
    const running = stage.start([
      "--",
      "perl",
      "-e",
      '$| = 1; print "> ready\\n"; print "> got ", scalar <STDIN>',
    ], setting);
    await running.line("ready");
    await running.type("a line\n");
    const { code, program } = await running.ended();
    return { code, program };
  });
}

for (const name of ["tini", "catatonit"] as const) {
  same(name, "whose the terminal is at the end", async (stage) => {
    const running = stage.start(["--", "true"], { terminal: "job" });
    const code = await running.exitCode();
    return { code, shell: /shell: .*/.exec(running.stdout.text)?.[0] };
  }, {
    differs: {
      why: "the init takes the terminal back from its program, unless its own group is in another namespace",
      denit: (original, mode) =>
        mode === "PID 1" ? original : { ...original, shell: "shell: foreground the job's" },
    },
  });
  same(name, "a program that was started in the background", async (stage) => {
    const running = stage.start(["--", ...perl("see")], { terminal: "background" });
    const { code, program } = await running.ended();
    return { code, terminal: program.find((line) => line.startsWith("terminal:")) };
  }, {
    differs: {
      why: "it does not take the terminal from whoever has it, unless that one is in another namespace",
      denit: (original, mode) =>
        mode === "PID 1" ? original : { ...original, terminal: "terminal: background" },
    },
  });
  same(name, "Ctrl-Z gives the shell its prompt back", async (stage) => {
    const setting = { terminal: "job" } as const;
    const running = stage.start([
      "--",
      "perl",
      "-e",
      '$| = 1; print "> main ready $$\\n"; print "> got ", scalar <STDIN>',
    ], setting);
    const main = await running.pidOf("main");
    await running.type("\x1a");
    if (name === "catatonit" && stage.subject.kind === "original") { // its program never hears of it
      await running.type("a line\n");
      return { code: await running.exitCode(), shell: false, program: running.program.slice(1) };
    }
    await running.wait(() => readProcess(main)?.state === "T", "main to stop");
    if (stage.subject.kind === "denit") {
      await running.wait(() => /shell: stopped/.test(running.stdout.text), "the shell");
    }
    const shell = running.stdout.text.includes("shell: stopped");
    if (shell) await running.type("\n");
    else kill(main, 18);
    await running.wait(() => readProcess(main)?.state === "S", "main to go on");
    await running.type("a line\n");
    const code = await running.exitCode();
    return { code, shell, program: running.program.slice(1) };
  }, {
    modes: ["not PID 1"],
    differs: {
      why: "when the program stops, the init stops with it, and goes on with it",
      denit: (original) => ({ ...original, shell: true }),
    },
  });
}

// Nobody reads: that is no error of anybody's. Some of the originals end by SIGPIPE then; what counts is what they do
// where somebody reads.
const LOUD: Readonly<
  Record<Name, readonly (readonly [readonly string[], Readonly<Record<string, string>>])[]>
> = {
  tini: [[["-vvvsw"], {}], [[], {}]],
  "dumb-init": [[["-v"], {}], [[], {}]],
  catatonit: [[[], { CATATONIT_DEBUG: "1" }], [[], {}]],
};
const SHORT: Readonly<Record<Name, readonly string[]>> = {
  tini: ["-h", "--version", "-x"],
  "dumb-init": ["-V", "-x"],
  catatonit: ["-V", "-x"],
};
for (const name of NAMES) {
  const runs: (readonly [readonly string[], Readonly<Record<string, string>>])[] = [
    ...LOUD[name].map(([words, env]) => [[...words, "--", "sh", "-c", "exit 7"], env] as const),
    ...LOUD[name].map(([words, env]) => [[...words, "--", "/no/such/file"], env] as const),
    ...SHORT[name].map((word) => [[word], {}] as const),
  ];
  for (const [words, env] of runs) {
    same(name, `nobody reads: ${JSON.stringify(env)} ${words.join(" ")}`, async (stage) => {
      const codes = [];
      for (const closed of ["1", "2", "1,2"]) {
        const before = stage.subject.kind === "denit" ? [`closed=${closed}`] : [];
        codes.push((await stage.run(words, { env, before })).code);
      }
      return codes;
    });
  }
}

// The parent's death
for (
  const [option, ending] of [["SIGUSR1", false], ["SIGTERM", false], ["SIGHUP", false], [
    "SIGKILL",
    true,
  ]] as const
) {
  same("tini", `-p ${option}: what comes when the parent has died`, async (stage) => {
    const command = perl(
      "before",
      "child",
      "--",
      ...stage.init,
      "-s",
      "-p",
      option,
      "--",
      ...perl("signals", "main"),
    );
    const running = stage.startCommand(command);
    const main = Number((await running.line(/^main ready/)).split(" ").at(-1));
    const init = Number(statusOf(main, "PPid"));
    await running.closeInput();
    if (ending) {
      await running.wait(
        () => readProcess(init) === null || readProcess(init)!.state === "Z",
        "the init to end",
      );
      kill(main, 3);
      await running.line("main 3");
      return { got: running.program.slice(1) };
    }
    await running.line(/^main (?:1|10|15)$/);
    kill(init, 3);
    await running.line("main 3");
    return { got: running.program.slice(1) };
  }, { modes: ["not PID 1"] });
}
