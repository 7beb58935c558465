import { deepEqual, equal, match } from "../assert.ts";
import { inEachMode } from "./support/bench.ts";
import { forEach } from "./support/until.ts";

inEachMode("exits with main's code, whichever it is", async (bench) => {
  const codes = Array(256).keys().filter((code) => code % 2 === (bench.mode === "PID 1" ? 0 : 1)); // half in each mode
  await forEach([0, 1, 125, 126, 127, 255, ...codes], async (code) => {
    const { signal, ...ended } = await bench.run(["--", "sh", "-c", `exit ${code}`]);
    deepEqual([ended, signal], [{ code, stdout: "", stderr: "" }, null]);
  });
});

/** What ends a program that does nothing about it; signal(7). */
const DEADLY = [
  1,
  2,
  3,
  4,
  5,
  6,
  7,
  8,
  9,
  10,
  11,
  12,
  13,
  14,
  15,
  16,
  24,
  25,
  26,
  27,
  29,
  30,
  31,
  34,
  40,
  64,
];
/** Those that nobody wonders about. */
const USUAL = [1, 2, 3, 13, 15];

inEachMode("exits with 128 + N when signal N ended main, and says so if that is unusual", async (bench) => {
  await forEach(DEADLY, async (signal) => {
    const main = ["sh", "-c", `ulimit -c 0; kill -${signal} $$`];
    const { code, stderr } = await bench.run(["--", ...main]);
    equal(code, 128 + signal);
    if (USUAL.includes(signal)) equal(stderr, "");
    else {match(
        stderr,
        new RegExp(`^denit: warning: main \\d+ \\(sh .*\\) ended with ${128 + signal} \\(SIG\\S+\\)\n$`),
      );}
  });
});

/** Options, what main does, and what comes of it. */
const OK_EXITS: readonly (readonly [string, string, number])[] = [
  ["--ok-exit 3", "exit 3", 0],
  ["--ok-exit 3", "exit 4", 4],
  ["-e 3 -e 4", "exit 3", 0],
  ["-e3 -e4", "exit 4", 0],
  ["-e 143", "kill -TERM $$", 0],
  ["-e 143", "kill -HUP $$", 129],
  ["--ok-exit=0", "exit 0", 0],
];
for (const [options, script, code] of OK_EXITS) {
  inEachMode(`${options}: ${script} ends with ${code}`, async (bench) => {
    const ended = await bench.run([...options.split(" "), "--", "sh", "-c", script]);
    deepEqual([ended.code, ended.stderr], [code, ""]);
  });
}

/** What the folder holds: how it is made, by a shell. */
const FILES = `
  echo plain > plain
  mkdir folder
  printf '#!/no/such/interpreter\\n' > lost
  printf '\\177ELF and no more' > damaged
  printf 'echo "script $1 $2"; exit 9\\n' > script
  : > empty
  chmod +x lost damaged script empty
`;

/** What cannot be started, its exit code, and the reason. */
const NOT_STARTED: readonly (readonly [string, number, RegExp])[] = [
  ["no-such-command", 127, /no such command in PATH \(.+\)/],
  ["./no-such-file", 127, /no such file/],
  ["/no/such/folder/file", 127, /no such file/],
  ["plain/file", 127, /a part of its path is not a directory/],
  ["", 127, /no such command|no such file/],
  ["./plain", 126, /not an executable file/],
  ["./folder", 126, /not an executable file/],
  ["./lost", 126, /the interpreter or loader that it names is not/],
  ["./damaged", 126, /for another machine, or damaged/],
  ["x".repeat(5000), 127, /too long/],
];
for (const [command, code, reason] of NOT_STARTED) {
  const shown = command.length > 30 ? `${command.slice(0, 3)}...` : command;
  inEachMode(`cannot start ${JSON.stringify(shown)}: ${code}, and one line tells why`, async (bench) => {
    const cwd = bench.folder();
    await bench.start(["sh", "-c", FILES], { cwd }).ended();
    const env = { PATH: "/usr/bin:/bin" }; // folders that everybody may search
    const ended = await bench.run(["--", command, "argument"], { cwd, env });
    match(ended.stderr, new RegExp(`^denit: error: Cannot start "${command}": .*(?:${reason.source}).*\n$`));
    deepEqual([ended.code, ended.signal, ended.stdout], [code, null, ""]);
  });
}

inEachMode("a script without #! is run by sh, with its arguments", async (bench) => {
  const cwd = bench.folder();
  await bench.start(["sh", "-c", FILES], { cwd }).ended();
  for (const setting of [{ cwd }, { cwd, env: { PATH: `${cwd}:${Deno.env.get("PATH")}` } }]) {
    const command = "env" in setting ? "script" : "./script";
    const { code, stdout, stderr } = await bench.run(["--", command, "a b", "c"], setting);
    deepEqual([code, stdout, stderr], [9, "script a b c\n", ""]);
  }
  deepEqual((await bench.run(["--", "./empty"], { cwd })).code, 0);
});
