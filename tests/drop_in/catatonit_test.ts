import { match } from "../assert.ts";
import {
  commandLine,
  endings,
  execution,
  FAULTS,
  heldDescriptors,
  leavesAtOnce,
  orphans,
  REAL_TIME,
  STANDARD,
  STOPS,
  surroundings,
  TELL,
  tree,
  whoGets,
} from "./common.ts";
import { descendantsOf, kill, perl, readProcess, same, statusOf } from "./support.ts";

const NAME = "catatonit";
const USAGE = /^usage: catatonit \[-ghLPV\] \[--\] <prog/m;

// What it says of itself
for (const words of ["-V", "--version", "--ver", "--v", "-gV", "-V x", "-PV", `${TELL} -V`, "-VL", "-Vx"]) {
  commandLine(NAME, words, { says: { stdout: /^tini version 0\.1\.7_catatonit/ } });
}
for (const words of ["-L", "-gL", "-LV"]) commandLine(NAME, words);
for (const words of ["-h", "-gh", "-Ph", "-h x"]) commandLine(NAME, words, { says: { stderr: USAGE } });

// Wrong use
for (
  const words of [
    ...[
      "",
      "--",
      "-g",
      "-x",
      "-gx",
      "-xV",
      "--help",
      "--pause",
      "--version=1",
      "-Px",
      "-P --nothing",
      `${TELL} -x`,
    ],
  ]
) commandLine(NAME, words, { says: { stderr: USAGE } });
for (const words of ["-- -V", "--version -x", `- ${TELL}`]) commandLine(NAME, words);
for (const words of [`-- ${TELL}`, "-V", "-h", "-P", ""]) {
  for (const CATATONIT_LOG of ["", "1"]) {
    commandLine(NAME, words, {
      setting: { env: { CATATONIT_LOG } },
      says: { stderr: /^ERROR \(catatonit:\d+\): .*CATATONIT_LOG/ },
    });
  }
}

// Where the options end
for (
  const words of [
    `${TELL} a -g b`,
    `${TELL} a -- -g b`,
    `-- ${TELL} -V -- y`,
    `-g -- ${TELL} -- --`,
    `-gg ${TELL} x`,
    `- ${TELL}`,
    `${TELL} - x`,
    `${TELL} -V`,
    `${TELL} -x`,
  ]
) {
  commandLine(NAME, words, { setting: { env: { END: "3" } } });
  commandLine(NAME, words, { setting: { env: { END: "3", POSIXLY_CORRECT: "" } } });
}

// Its story
for (const CATATONIT_DEBUG of ["", "0", "1", "x"]) {
  commandLine(NAME, `-- ${TELL} x`, {
    setting: { env: { CATATONIT_DEBUG } },
    // the original's two processes speak into each other's lines
    says: { stderr: /DEBUG \(catatonit:\d+\): [^]*pid1 \(\d+\) spawned: / },
  });
}
commandLine(NAME, "-- /no/such/file", { setting: { env: { CATATONIT_DEBUG: "1" } } });

// What the program finds
surroundings(
  NAME,
  [["-g"], {}],
  [[], { before: ["listen"] }],
  [[], { before: ["listen", "open=3,4"], env: { LISTEN_FDS: "2", LISTEN_FDNAMES: "a:b" } }],
  [[], { env: { LISTEN_PID: "4711", LISTEN_FDS: "1" } }],
  [[], { env: { LISTEN_PID: "" } }],
  [["-g"], { before: ["listen"], terminal: "job" }],
  [[], { env: { CATATONIT_DEBUG: "1" } }],
);
tree(NAME);
tree(NAME, ["-g"]);
tree(NAME, [], { before: ["listen"], env: { LISTEN_FDS: "1" } });
heldDescriptors(NAME);
leavesAtOnce(NAME);
leavesAtOnce(NAME, ["-g"]);
orphans(NAME, ["", {}], ["-g", {}], ["", { env: { CATATONIT_DEBUG: "" } }]);
execution(NAME, (reason) => new RegExp(`^ERROR \\(catatonit:\\d+\\): failed to exec pid1: ${reason}$`, "m"));
for (const file of ["/no/such/file", "/", "/etc/passwd"]) {
  commandLine(NAME, ["--", file], {
    setting: { before: ["listen"] },
    says: { stderr: /failed to exec pid1: / },
  });
}
endings(NAME);

// Signals
const ROLES = ["main", "child", "stranger"];
const SENT = [...STANDARD, ...REAL_TIME].filter((signal) => signal !== 3 && !FAULTS.includes(signal));
for (const words of [[], ["-g"]]) {
  same(NAME, `who gets which signal: ${words.join(" ")}`, async (stage) => {
    const running = stage.start([...words, "--", ...perl("signals", ...ROLES)]);
    const got = await whoGets(running, SENT, ROLES, words.length > 0 ? ["main", "child"] : ["main"]);
    await running.signal(3);
    return { got, code: await running.exitCode() };
  });
}
for (const fault of FAULTS) {
  same(NAME, `signal ${fault}, that means a fault, sent by somebody`, async (stage) => {
    const running = stage.start(perl("signals", "main"));
    await running.line(/^main ready/);
    await running.signal(fault);
    if (stage.subject.mode === "PID 1" || stage.subject.kind === "denit") {
      await running.signal(30);
      await running.line("main 30");
      await running.signal(64);
      await running.line("main 64");
      await running.signal(3);
    }
    const code = await running.exitCode();
    return { code, program: running.program.slice(1) };
  }, {
    differs: {
      why: "a fault's signal that somebody sends ends catatonit that is not PID 1",
      denit: (original, mode) =>
        mode === "PID 1" ? original : { code: 40, program: ["main 30", "main 64", "main 3"] },
    },
  });
}
for (const stop of STOPS) {
  same(NAME, `signal ${stop} stops nobody`, async (stage) => {
    const running = stage.start(["-g", "--", ...perl("signals", "main")]);
    const main = await running.pidOf("main");
    await running.signal(stop);
    await running.signal(30);
    await running.line("main 30");
    const states = [await running.initPid(), main].map((pid) => readProcess(pid)?.state === "T");
    await running.signal(3);
    return { states, code: await running.exitCode(), program: running.program.slice(1) };
  });
}

// -P
for (const signal of [2, 15]) {
  for (const words of ["-P", "-gP", "-P x", `-P -- ${TELL}`]) {
    same(NAME, `${words}: signal ${signal} ends it`, async (stage) => {
      const running = stage.start(words.split(" "), { before: ["name=pause"] });
      const init = await running.initPid();
      // It is ready when it has taken away the signal's effect, by catching it or by blocking it.
      await running.wait(() => takes(init, signal), "the init to be ready");
      const below = descendantsOf(init).length;
      await running.signal(signal);
      const { code, program, stdout, stderr } = await running.ended();
      return { below, code, program, said: [stdout, stderr] };
    });
  }
}
same(NAME, "-P: other signals do not end it", async (stage) => {
  const running = stage.start(["-P"]);
  const init = await running.initPid();
  await running.wait(() => takes(init, 15), "the init to be ready");
  for (const signal of [...STANDARD, 64].filter((it) => ![2, 15, ...FAULTS].includes(it))) kill(init, signal);
  const alive = await running.wait(
    () => readProcess(init)?.state !== "T" && takes(init, 15),
    "the init to go on",
  );
  await running.signal(15);
  return { alive, code: await running.exitCode() };
});
same(NAME, "-P reaps whom it adopts", async (stage) => {
  // The orphan and its parent are descendants of the init from before it was executed.
  const script = "unless (fork) { my $parent = $$; " +
    "unless (fork) { select(undef, undef, undef, 0.001) while getppid() == $parent; exit } <STDIN>; exit } exec @ARGV";
  const running = stage.startCommand(["perl", "-e", script, ...stage.init, "-P"]);
  const init = await running.wait(
    () => [running.pid, ...descendantsOf(running.pid).map(({ pid }) => pid)].find((pid) => takes(pid, 15)),
    "the init to be ready",
  );
  await running.wait(() => descendantsOf(init).length === 2, "both to be there");
  await running.closeInput();
  await running.wait(() => descendantsOf(init).length === 0, "everybody to be reaped");
  kill(init, 15);
  return { code: await running.exitCode() };
});

same(NAME, "a failure is told with the pid of the process that failed", async (stage) => {
  const { code, stderr } = await stage.run(["--", "/no/such/file"]);
  match(stderr, /^ERROR \(catatonit:\d+\): /);
  return code;
});

function takes(pid: number, signal: number): boolean {
  const sets = ["SigCgt", "SigBlk"].map((field) => BigInt(`0x${statusOf(pid, field) ?? "0"}`));
  return sets.some((set) => (set >> BigInt(signal - 1) & 1n) === 1n) && readProcess(pid)?.state === "S" &&
    statusOf(pid, "Name") !== "perl" && statusOf(pid, "Name") !== "unshare";
}
