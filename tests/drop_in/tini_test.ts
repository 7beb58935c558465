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
  surroundings,
  TELL,
  tree,
  whoGets,
} from "./common.ts";
import { perl, readProcess, same } from "./support.ts";

const USAGE = /Usage: tini \[OPTIONS\] PROGRAM -- \[ARGS\] \| --version/;
const WARNING = /zombie reaping won't work/;

// What it says of itself
commandLine("tini", "--version", { says: { stdout: /^tini version \d/ } });
commandLine("tini", "-h", { says: { stdout: USAGE } });
commandLine("tini", "-gh", { says: { stdout: USAGE } });
commandLine("tini", "-l", { says: { stdout: /MIT/ } });
for (const words of ["-lx", "-lh", "-hl"]) commandLine("tini", words);

// Wrong use
for (
  const words of [
    ...[
      "",
      "--",
      "-s",
      "-x",
      "-gx",
      "-xg",
      "-V",
      "--help",
      "--verbose",
      "--version x",
      "x --version",
      "-v --version",
    ],
    ...["-e", "-p", "-ge", `${TELL} -x`, `${TELL} -e`, `-- `, `${TELL} -h`, `${TELL} -l`],
  ]
) commandLine("tini", words);
for (
  const value of [
    ...[
      "256",
      "-1",
      "x",
      "1x",
      "x1",
      "1 ",
      " 1",
      "",
      "+5",
      "0x10",
      "08",
      "1.5",
      "999999999999999999999",
      "-0",
      "1e2",
    ],
  ]
) commandLine("tini", ["-e", value, "--", TELL]);
for (
  const value of [
    ...["9", "KILL", "SIGKILL", "sigkill", "SIGSTKFLT", "SIGRTMIN", "SIGNONE", "", "SIG", "SIGIOT", "SIGCLD"],
    ...[
      "SIGPOLL",
      "SIGIO",
      "SIGPWR",
      "SIGSYS",
      "SIGHUP",
      "SIGCHLD",
      "SIGWINCH",
      "SIGSTOP",
      " SIGHUP",
      "SIGHUP ",
      "SIG9",
    ],
  ]
) commandLine("tini", ["-p", value, "--", TELL]);

// Where the options end
for (
  const words of [
    `${TELL} a -g b -s`,
    `${TELL} a -- -g b`,
    `-- ${TELL} -x -- y`,
    `-s -- ${TELL} -- --`,
    `${TELL} -e 3 a`,
    `a ${TELL}`,
    `- ${TELL}`,
    `${TELL} - x`,
    `-sg ${TELL} x`,
    `-sgwe3 ${TELL} x`,
    `-e 3 -s ${TELL}`,
  ]
) {
  commandLine("tini", words, { setting: { env: { END: "3" } } });
  commandLine("tini", words, { setting: { env: { END: "3", POSIXLY_CORRECT: "" } } });
}

// -e
for (
  const options of ["-e 143", "-e 0", "-e 255", "-e 1 -e143", "-se42", "-e 042"]
) {
  for (const END of ["1", "34", "42", "143", "255"]) {
    commandLine("tini", `${options} -- ${TELL}`, { setting: { env: { END } } });
  }
}
commandLine("tini", ["-e", "143", "--", "sh", "-c", "kill -TERM $$"]);
commandLine("tini", ["-e", "137", "--", "sh", "-c", "kill -KILL $$"]);
commandLine("tini", ["-e", "127", "--", "/no/such/file"]);

// -v and TINI_VERBOSITY: what it says, and on which stream
for (const options of ["", "-v", "-vv", "-vvv", "-vvvv", "-v -v -v"]) {
  for (const verbosity of [undefined, "0", "1", "2", "3", "4", "", "x", "3x", " 2", "-1"]) {
    if (verbosity !== undefined && options.length > 2) continue;
    const env: Record<string, string> = verbosity === undefined ? {} : { TINI_VERBOSITY: verbosity };
    commandLine("tini", `${options} -- ${TELL} x`, { setting: { env } });
    if (options === "") commandLine("tini", `${options} -- /no/such/file`, { setting: { env } });
  }
}
for (const options of ["-v -s", "-vv -s", "-vvv -s -g -w"]) {
  commandLine("tini", `${options} -- ${TELL} x`, {
    says: { stdout: /Spawned child process '.*' with pid '\d+'/ },
  });
}
commandLine("tini", ["-vs", "--", TELL], {
  says: { stdout: /INFO .*Main child exited normally \(with status '0'\)/ },
});
commandLine("tini", ["-vs", "--", "sh", "-c", "kill $$"], {
  says: { stdout: /Main child exited with signal/ },
});

// Subreaper or not
for (
  const [words, env] of [["", {}], ["-s", {}], ["", { TINI_SUBREAPER: "" }], ["", {
    TINI_SUBREAPER: "0",
  }]] as const
) {
  commandLine("tini", `${words} -- ${TELL}`, { setting: { env }, inBothModes: true });
}
commandLine("tini", `-- ${TELL}`, { modes: ["not PID 1"], says: { stderr: WARNING } });
orphans(
  "tini",
  ["", {}],
  ["-s", {}],
  ["-w", {}],
  ["-sw", {}],
  ["-swv", {}],
  ["-w", { env: { TINI_SUBREAPER: "" } }],
  ["-sw", { env: { TINI_VERBOSITY: "0" } }],
);
same("tini", "-sw: the line names the pid", async (stage) => {
  const ended = await stage.run(["-sw", "--", ...perl("orphan")]);
  match(
    ended.stderr,
    new RegExp(
      `^\\[WARN  tini \\(\\d+\\)\\] Reaped zombie process with pid=${ended.program[0]!.split(" ")[1]}$`,
      "m",
    ),
  );
  return ended.stderr.match(/Reaped/g)?.length;
});

// What the program finds
surroundings(
  "tini",
  [["-s"], {}],
  [["-g"], {}],
  [["-s"], { env: { TINI_SUBREAPER: "", TINI_VERBOSITY: "0", TINI_KILL_PROCESS_GROUP: "" } }],
);
tree("tini");
tree("tini", ["-sgwvvv"]);
heldDescriptors("tini");
leavesAtOnce("tini");
leavesAtOnce("tini", ["-sg"]);
execution("tini", (reason) => new RegExp(`^\\[FATAL tini \\(\\d+\\)\\] exec .* failed: ${reason}$`, "m"));
endings("tini");

// Signals
const ROLES = ["main", "child", "stranger"];
const FORWARDED = [...STANDARD, ...REAL_TIME].filter((signal) => !FAULTS.includes(signal));
for (
  const [words, env] of [
    [["-s"], {}],
    [["-s", "-g"], {}],
    [["-s"], { TINI_KILL_PROCESS_GROUP: "" }],
    [["-s"], { TINI_KILL_PROCESS_GROUP: "0" }],
  ] as const
) {
  same("tini", `who gets which signal: ${JSON.stringify(env)} ${words.join(" ")}`, async (stage) => {
    const running = stage.start([...words, "--", ...perl("signals", ...ROLES)], { env });
    const hearers = words.length + Object.keys(env).length > 1 ? ["main", "child"] : ["main"];
    const got = await whoGets(running, FORWARDED.filter((signal) => signal !== 3), ROLES, hearers);
    await running.signal(3);
    return { got, code: await running.exitCode() };
  });
}
for (const fault of FAULTS) {
  same("tini", `signal ${fault}, that means a fault, sent by somebody`, async (stage) => {
    const running = stage.start(["-s", "--", ...perl("signals", "main")]);
    await running.line(/^main ready/);
    await running.signal(fault);
    if (stage.subject.mode === "PID 1" || stage.subject.kind === "denit") {
      await running.signal(10);
      await running.line("main 10");
      await running.signal(15, 3);
    }
    const code = await running.exitCode();
    return { code, program: running.program.slice(1).filter((line) => line !== "main 15").sort() };
  }, {
    differs: {
      why: "a fault's signal that somebody sends ends tini that is not PID 1",
      denit: (original, mode) => mode === "PID 1" ? original : { code: 40, program: ["main 10", "main 3"] },
    },
  });
}
same("tini", "TSTP stops the program, not the init", async (stage) => {
  const running = stage.start(["-s", "--", "perl", "-e", '$| = 1; print "> main ready $$\\n"; sleep 1000']);
  const main = await running.pidOf("main");
  await running.signal(20);
  await running.wait(() => readProcess(main)?.state === "T", "main to stop");
  const { state } = readProcess(await running.initPid())!;
  await running.signal(15, 18);
  return { stopped: state === "T", code: await running.exitCode() };
});
