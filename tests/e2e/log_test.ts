import { deepEqual, equal, match, ok } from "../assert.ts";
import { inEachMode } from "./support/bench.ts";
import { kill, readProcess } from "./support/processes.ts";
import { program } from "./support/program.ts";
import { until } from "./support/until.ts";

inEachMode("a usual run says nothing of denit's own", async (bench) => {
  const script = 'trap "echo stopping; exit 0" TERM; (sleep 0.01 &); sleep 1000 & echo ready; wait';
  const denit = bench.denit(["--", "sh", "-c", script]);
  await denit.stdout.shows(/^ready$/);
  await denit.signal(1 + 27, 15); // WINCH, TERM
  const { code, stdout, stderr } = await denit.ended();
  deepEqual([code, stdout, stderr], [0, "ready\nstopping\n", ""]);
});

inEachMode("-v tells the story", async (bench) => {
  const script = "trap '' HUP; setsid sleep 1000 & read -r end; exit 3";
  const denit = bench.denit(["-v", "--", "sh", "-c", script], { input: true });
  const [, main] = await denit.stderr.shows(/^denit: info: started (\d+) \(sh -c /);
  const sleeper = await until(async () => {
    const pid = await denit.pidOf(Number(main));
    return bench.left().find(({ name, parent }) => name === "sleep" && parent === pid);
  }, "sleep to run");
  await denit.signal(28);
  await denit.stderr.shows(/forwarded SIGWINCH/);
  await denit.signal(35);
  const { code, stdout, stderr } = await denit.ended();
  // Main died of the real-time signal
  deepEqual([code, stdout], [163, ""]);
  const pid = bench.mode === "PID 1" ? "\\d+" : `${sleeper.pid}`;
  const story = [
    `denit: info: started ${main} \\(sh -c .*\\)`,
    `denit: info: forwarded SIGWINCH to group ${main}`,
    `denit: info: forwarded SIGRTMIN\\+1 to group ${main}`,
    `denit: info: main ${main} \\(sh -c .*\\) ended with 163 \\(SIGRTMIN\\+1\\)`,
    `denit: info: sent SIGTERM to whatever still runs \\(${pid}\\)`,
    `denit: info: reaped ${pid} \\(sleep\\), which ended with 143 \\(SIGTERM\\)`,
  ];
  match(stderr, new RegExp(`^${story.join("\n")}\n$`));
});

inEachMode(
  "--log-format json: each line is an object with time, level, source and message",
  async (bench) => {
    const main = [
      "sh",
      "-c",
      'sleep 1000 & echo "$1"; exit 3',
      "sh",
      'a "quoted"\nline\t\u001b[31m and ä 🚀',
    ];
    const before = Date.now();
    const { code, stderr } = await bench.run(["-v", "--log-format=json", "--", ...main]);
    equal(code, 3);
    const lines = stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
    deepEqual(lines.map(({ message }) => message.split(" ")[0]), ["started", "main", "sent", "reaped"]);
    for (const line of lines) {
      deepEqual(Object.keys(line), ["time", "level", "source", "message"]);
      deepEqual([line.level, line.source], ["info", "denit"]);
      const time = Date.parse(line.time);
      ok(time >= before && time <= Date.now(), line.time);
    }
  },
);

inEachMode("control characters break no line of the log, be they main's or anybody's", async (bench) => {
  const odd = "a\nb\u001b[31m\u0007";
  const leave = ["bash", "-c", 'coproc exec "$@"; read -r ready <&"${COPROC[0]}"', "bash"];
  for (const main of [["sh", "-c", ":", odd], [...leave, ...program("stubborn", "1", odd)]]) {
    const { stderr } = await bench.run(["-v", "-t", "0s", "--", ...main]);
    match(stderr, /a.+b.+31m/);
    for (const line of stderr.trimEnd().split("\n")) match(line, /^denit: \w+: [\x20-\x7e\u2026]+$/);
  }
});

inEachMode("-q says nothing but errors", async (bench) => {
  const main = ["sh", "-c", "sleep 1000 & kill -KILL $$"];
  match(
    (await bench.run(["--", ...main])).stderr,
    /^denit: warning: main \d+ \(.*\) ended with 137 \(SIGKILL\)\n$/,
  );
  equal((await bench.run(["-q", "--", ...main])).stderr, "");
  match(
    (await bench.run(["-q", "--", "no-such-command"])).stderr,
    /^denit: error: Cannot start "no-such-command"/,
  );
});

inEachMode("standard output is main's alone", async (bench) => {
  const { stdout } = await bench.run(["-vw", "--", "sh", "-c", "(sleep 0.01 &); sleep 0.05; exit 3"]);
  equal(stdout, "");
});

inEachMode("--parent-death-signal: denit gets it when its parent dies, and forwards it", async (bench) => {
  for (const option of ["-pTERM", "--parent-death-signal=SIGUSR2", "--parent-death-signal=RTMIN+2"]) {
    const outside = bench.mode === "PID 1" ? [] : ["sh", "-c", '"$@"; exit 9', "sh"];
    const denit = bench.denit([option, "--", ...program("signals", "0", "main")], { outside });
    await denit.stdout.shows(/^main ready/);
    kill(readProcess(await denit.denitPid())!.parent, 9);
    const signal = { "-pTERM": 15, "--parent-death-signal=SIGUSR2": 12 }[option] ?? 36;
    await denit.stdout.shows(new RegExp(`^main ${signal}$`));
  }
});
