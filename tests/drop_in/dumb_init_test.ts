import { match } from "../assert.ts";
import {
  commandLine,
  endings,
  execution,
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
import { kill, perl, readLink, readProcess, same } from "./support.ts";

const NAME = "dumb-init";
const USAGE = /Usage: \S*dumb-init \[option\] /;
const SHORT_USAGE =
  /Usage: \S*dumb-init \[option\] program \[args\]\nTry \S*dumb-init --help for full usage\./;

// What it says of itself
for (const words of ["-V", "--version", "--vers", "-vV", "-cV", "-V x", "-Vx"]) {
  commandLine(NAME, words, { says: { stderr: /^dumb-init v\d/ } });
}
for (const words of ["-h", "--help", "--h", "-vh", "-h x"]) {
  commandLine(NAME, words, { says: { stderr: USAGE } });
}

// Wrong use
for (const words of ["", "--", "-c", "-v", "-cv", "-r 1:2", "--verbose --"]) {
  commandLine(NAME, words, { says: { stderr: SHORT_USAGE } });
}
for (
  const words of [
    ...[
      "-x",
      "-cx",
      "-xc",
      "-x -V",
      "-V -x",
      "--nothing",
      `--ve ${TELL}`,
      `--ver ${TELL}`,
      `--verbose=1 ${TELL}`,
    ],
    ...[
      `--single-child= ${TELL}`,
      `--version=1`,
      "-r",
      "--rewrite",
      "--rewrite=",
      "-cr",
      `--e ${TELL}`,
      `-s ${TELL}`,
    ],
    ...[`-- -x`, `- ${TELL}`],
  ]
) commandLine(NAME, words);
for (
  const value of [
    ...[
      "1",
      "1:",
      ":1",
      "1:2:3",
      "0:1",
      "32:1",
      "1:32",
      "-1:2",
      "1:-1",
      "1:-0",
      "+1:+2",
      " 1:2",
      "1 :2",
      "1: 2",
      "1:2x",
    ],
    ...["TERM:INT", "SIGTERM:2", "15:QUIT", "", "x", "01:02", "0x1:2", "1:31", "31:0", "99999999999:1"],
  ]
) commandLine(NAME, ["-r", value, "--", TELL]);

// Where the options end
for (
  const words of [
    `${TELL} a -c -V`,
    `${TELL} -- -c`,
    `-- ${TELL} -V`,
    `-c -- ${TELL} -- --`,
    `--sing ${TELL} x`,
    `--rew 1:2 ${TELL} x`,
    `--rew=1:2 ${TELL} x`,
    `-cr1:2 ${TELL} x`,
    `-r1:2 -r 1:3 ${TELL} x`,
    `-cr 1:2 ${TELL} x`,
    `-cvr1:0 -- ${TELL} x`,
  ]
) commandLine(NAME, words, { setting: { env: { END: "3" } } });

// Its story
const STORY = /^\[dumb-init\] .*\n(?:\[dumb-init\] .*\n)+$/;
for (const words of ["-v", "--verbose", "--verb", "-cv"]) {
  commandLine(NAME, `${words} ${TELL} x`, { says: { stderr: STORY } });
}
for (const value of ["1", "0", "", "2", "true", "11", "1 "]) {
  commandLine(NAME, `${TELL} x`, { setting: { env: { DUMB_INIT_DEBUG: value } } });
}
for (const end of ["0", "7"]) {
  commandLine(NAME, `-v ${TELL}`, {
    setting: { env: { END: end } },
    says: {
      stderr: new RegExp(
        "^\\[dumb-init\\] Child spawned with PID (\\d+)\\.$[^]*" +
          `^\\[dumb-init\\] A child with PID \\1 exited with exit status ${end}\\.$[^]*` +
          `^\\[dumb-init\\] Child exited with status ${end}\\. Goodbye\\.$`,
        "m",
      ),
    },
  });
}
commandLine(NAME, ["-v", "sh", "-c", "kill -9 $$"], {
  says: {
    stderr:
      /A child with PID \d+ was terminated by signal 9\.\n[^]*Child exited with status 137\. Goodbye\.\n/,
  },
});
commandLine(NAME, `-v ${TELL}`, { says: { stderr: /^\[dumb-init\] setsid complete\.$/m } });
commandLine(NAME, `-v -c ${TELL}`, {
  setting: { env: { DUMB_INIT_SETSID: "0", DUMB_INIT_DEBUG: "1" } },
  says: {
    stderr: /^\[dumb-init\] Running in debug mode\.\n\[dumb-init\] Not running in setsid mode\.$/m,
  },
});

// What the program finds
const WAYS = [[["-c"], {}], [[], { env: { DUMB_INIT_SETSID: "0" } }], [[], {
  env: { DUMB_INIT_SETSID: "1" },
}]] as const;
surroundings(
  NAME,
  ...WAYS,
  [[], { env: { DUMB_INIT_SETSID: "" } }],
  [["-c"], { terminal: "job" }],
  [["-c"], { terminal: "bare", before: ["session"] }],
  [["-c"], { before: ["session"] }],
  [["-v", "-r", "1:2"], { env: { DUMB_INIT_DEBUG: "1" } }],
);
tree(NAME);
tree(NAME, ["-cv"]);
heldDescriptors(NAME);
leavesAtOnce(NAME);
leavesAtOnce(NAME, ["-c"]);
orphans(NAME, ["", {}], ["-c", {}], ["-v", {}]);
execution(NAME, (reason) => new RegExp(`^\\[dumb-init\\] .*: ${reason}$`, "m"));
endings(NAME);

same(NAME, "its own folder is the root", async (stage) => {
  const running = stage.start(perl("signals", "main"), { cwd: "/usr" });
  const main = await running.pidOf("main");
  const init = await running.initPid();
  await running.wait(() => readLink(`/proc/${init}/cwd`) !== "/usr", "the init to move");
  return [readLink(`/proc/${init}/cwd`), readLink(`/proc/${main}/cwd`)];
});

// Signals
const ROLES = ["main", "child", "stranger"];
const SENT = [...STANDARD, ...REAL_TIME].filter((signal) => signal !== 3 && !STOPS.includes(signal));
for (const [words, setting] of [[[], {}], ...WAYS] as const) {
  same(NAME, `who gets which signal: ${JSON.stringify(setting)} ${words.join(" ")}`, async (stage) => {
    const running = stage.start([...words, ...perl("signals", ...ROLES)], setting);
    const session = !words.includes("-c" as never) &&
      JSON.stringify(setting) !== '{"env":{"DUMB_INIT_SETSID":"0"}}';
    const got = await whoGets(running, SENT, ROLES, session ? ["main", "child"] : ["main"]);
    await running.signal(3);
    return { got, code: await running.exitCode() };
  });
}
for (
  const rewrites of [
    ["1:2"],
    ["1:2", "2:1"],
    ["1:2", "1:10"],
    ["15:0", "10:0"],
    ["4:5", "11:16", "31:8"],
    ["15:9"],
    ["1:18", "2:17"],
    ["20:0", "21:10", "22:20"],
    ["17:12"],
  ]
) {
  same(NAME, `rewrites ${rewrites.join(" ")}`, async (stage) => {
    const running = stage.start([...rewrites.flatMap((it) => ["-r", it]), "--", ...perl("signals", "main")]);
    await running.line(/^main ready/);
    const own = rewrites.map((it) => Number(it.split(":")[0])).filter((signal) => !STOPS.includes(signal));
    if (rewrites.includes("15:9")) {
      await running.signal(15);
      return { code: await running.exitCode() };
    }
    const got = await whoGets(
      running,
      [...own, 15, 28].filter((signal) => signal !== 17),
      ["main"],
      ["main"],
    );
    await running.signal(3);
    return { got, code: await running.exitCode() };
  });
}

// It stops itself
for (
  const words of [[], ["-c"], ["-r", "20:0", "-r", "21:10", "-r", "22:0"], [
    "-c",
    "-r",
    "20:10",
    "-r",
    "21:19",
  ]]
) {
  for (const stop of STOPS) {
    same(NAME, `signal ${stop} stops it: ${words.join(" ")}`, async (stage) => {
      const running = stage.start([...words, "-v", ...perl("signals", "main")]);
      const main = await running.pidOf("main");
      const init = await running.initPid();
      await running.signal(stop);
      await running.wait(
        () => /[Ff]orward(?:ed|ing) signal \d+ to children/.test(running.stderr.text),
        "the signal",
      );
      const sent = /Forwarded signal (\d+)/.exec(running.stderr.text)?.[1];
      if (stage.subject.mode === "not PID 1") {
        await running.wait(() => readProcess(init)?.state === "T", "the init to stop");
      }
      if (sent === "19") await running.wait(() => readProcess(main)?.state === "T", "main to stop");
      else if (sent !== undefined) await running.line(`main ${sent}`); // a CONT would take it away again
      const states = [init, main].map((pid) => readProcess(pid)?.state === "T");
      kill(init, 18);
      await running.line("main 18");
      await running.signal(3);
      const code = await running.exitCode();
      const got = running.program.slice(1).map((line) => Number(line.split(" ")[1]));
      return { states, got, code };
    });
  }
}

// The end: TERM to the group of the program
for (const words of [[], ["-c"], ["-r", "15:10"], ["-r", "15:0"]]) {
  same(NAME, `who gets TERM at the end: ${words.join(" ")}`, async (stage) => {
    const running = stage.start([...words, ...perl("signals", "END=5", "main", "child", "stranger")]);
    const code = await running.exitCode();
    for (const role of ["child", "stranger"]) {
      kill(Number((await running.line(new RegExp(`^${role} ready`))).split(" ").at(-1)), 12);
      await running.line(`${role} 12`);
    }
    return { code, program: running.program.filter((line) => !line.includes("ready")).sort() };
  }, { modes: ["not PID 1"] });
}
same(NAME, "tells of TERM at the end", async (stage) => {
  const { stderr } = await stage.run(["-v", TELL]);
  match(
    stderr,
    /exited with exit status 0\.\n\[dumb-init\] Forwarded signal 15 to children\.\n\[dumb-init\] Child exited/,
  );
});
