/**
 * Input that somebody broke, on the real program: each is refused in a few clear lines, with 125, in bounded time and
 * memory. tests/fuzz has the same in the thousands, without the program around it.
 */

import fc from "fast-check";
import { UP_OPTIONS } from "../../src/cli/services.ts";
import { OPTIONS } from "../../src/cli/options.ts";
import { equal, match, ok } from "../assert.ts";
import { bomb, services } from "../config/hostile.ts";
import { givesAway, isClear } from "../fuzz/support/clear.ts";
import { anyFile } from "../fuzz/support/files.ts";
import { type Line, lineWith } from "../fuzz/support/lines.ts";
import { folderWith, sh } from "./services/support.ts";
import { type Bench, type Ended, inEachMode, inMode, type Running } from "./support/bench.ts";
import { childrenOf, statusOf } from "./support/processes.ts";
import { program } from "./support/program.ts";
import { forEach, until } from "./support/until.ts";

const [SIGHUP, SIGTERM] = [1, 15] as const;
const SEED = Number(Deno.env.get("FUZZ_SEED") ?? 20261125);
/** A start takes 40 ms. */
const RUNS = Number(Deno.env.get("FUZZ_E2E_RUNS") ?? 60);
/** An idle Deno takes 45 MB, and the file may come to half a million values. */
const MOST_MB = 400;

const WEB = "services: {web: {command: a}}\n";

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function utf16(text: string): Uint8Array {
  return new Uint8Array([0xff, 0xfe, ...Array.from(text).flatMap((each) => [each.charCodeAt(0), 0])]);
}

/** Files that somebody made to hurt. */
const FILES: Readonly<Record<string, string | Uint8Array>> = {
  "ten megabytes of keys": `${WEB}${"x-a: 1\n".repeat(1_500_000)}`,
  "a megabyte of keys": `${WEB}${Array.from({ length: 80_000 }, (_, i) => `x-${i}: 1\n`).join("")}`,
  "a megabyte of wrong keys": `services:\n  web: {command: a}\n${"  b: {comand: a}\n".repeat(50_000)}`,
  "one line of a megabyte": `services: {web: {command: [${"a, ".repeat(340_000)}]}}\n`,
  "brackets a hundred thousand deep": `x-a: ${"[".repeat(100_000)}\n${WEB}`,
  "mappings a thousand deep": Array.from({ length: 1400 }, (_, i) => `${" ".repeat(i)}a:\n`).join(""),
  "an alias bomb": bomb() + WEB,
  "ten thousand services": services(10_000),
  "a circle of a thousand services": services(1000, (i) => `, depends_on: [s${(i + 1) % 1000}]`),
  "a million replicas": services(1000, () => ", scale: 1000"),
  "no text at all": "\0".repeat(1000),
  "a NUL in a command": `services: {web: {command: ["a\\0b"]}}\n`,
  "a NUL in a variable's name": `services: {web: {command: a, environment: ["A\\0B"], env_file: "a\\0b"}}\n`,
  "a NUL in a path": `include: ["a\\0b"]\n${WEB}`,
  "bytes that are no UTF-8": bytes(WEB).with(3, 0xff),
  "UTF-16": utf16(WEB),
  "Latin-1": Uint8Array.from(`services: {web: {command: "\xe9t\xe9"}}\n`, (each) => each.charCodeAt(0)),
  "a duration longer than time": `services: {web: {command: a, stop_grace_period: ${"9".repeat(400)}h}}\n`,
  "numbers that are none": "services: {web: {command: a, scale: .inf, nice: .nan, oom_score_adj: 1e309}}\n",
  "defaults in defaults": `x-a: "${"${A:-".repeat(10_000)}"\n${WEB}`,
  "names of another world": "services: {__proto__: {command: a}, constructor: {command: [a], toString: 1}}\n",
  "a tag that makes functions": `services: {web: {command: !!js/function "function () {}"}}\n`,
  "what is no YAML": "services: {web: [}\n",
  "another format": "<?xml version='1.0'?><services/>\n",
};

/** Runs denit to its end; what it said, and how much memory it took. */
async function measured(
  bench: Bench,
  words: readonly string[],
  cwd: string,
): Promise<Ended & { readonly peakMb: number }> {
  const PEAK = `${bench.folder()}/peak`;
  const ended = await bench.run(words, { cwd, inside: program("peak"), env: { PEAK } });
  return { ...ended, peakMb: Number(await Deno.readTextFile(PEAK)) / 1024 };
}

/** It starts nothing and says why in lines that people can read. */
function isRefused({ code, stdout, stderr }: Ended, mayEcho: boolean): void {
  equal(code, 125, stderr);
  equal(stdout, "");
  const lines = stderr.trimEnd().split("\n");
  ok(lines.length <= 101, `${lines.length} lines`);
  for (const line of lines) {
    match(
      line,
      /^denit: (?:error|warning): .|^{"time":"[^"]*","level":"(?:error|warning)","source":"denit",/,
    );
    if (!mayEcho) isClear(line);
  }
  match(lines.at(-1)!, /^denit: error: |"level":"error"/);
}

for (const [name, file] of Object.entries(FILES)) {
  inMode("PID 1", `a file of services that is ${name} is refused, by up and config alike`, async (bench) => {
    const cwd = folderWith(bench, { "denit.yaml": file });
    for (const word of ["up", "config"]) {
      const ended = await measured(bench, [word], cwd);
      isRefused(ended, false);
      ok(ended.peakMb < MOST_MB, `${word} took ${ended.peakMb} MB`);
    }
  });
}

/** What is no regular file, by the command that makes it. */
const ODD: Readonly<Record<string, readonly string[]>> = {
  "a folder": ["mkdir", "denit.yaml"],
  "a FIFO that nobody writes to": ["mkfifo", "denit.yaml"],
  "a link to itself": ["ln", "-s", "denit.yaml", "denit.yaml"],
  "a link to nothing": ["ln", "-s", "nothing", "denit.yaml"],
  "without end": ["ln", "-s", "/dev/zero", "denit.yaml"],
  "a terminal that is not there": ["ln", "-s", "/dev/tty", "denit.yaml"],
  "a socket": ["perl", "-MSocket", "-e", "socket S,1,1,0; bind S, sockaddr_un 'denit.yaml'"],
};

for (const [name, command] of Object.entries(ODD)) {
  inMode("PID 1", `a file of services that is ${name} is refused`, async (bench) => {
    const cwd = bench.folder();
    equal((await bench.start(command, { cwd }).ended()).code, 0);
    const ended = await measured(bench, ["up", "--file", `${cwd}/denit.yaml`], "/");
    isRefused(ended, false);
    equal(ended.stderr.trimEnd().split("\n").length, 1);
    ok(ended.peakMb < MOST_MB, `${ended.peakMb} MB`);
  });
}

inMode("PID 1", "a file of services that may not be read is refused", async (bench) => {
  const cwd = folderWith(bench, { "denit.yaml": WEB });
  await Deno.chmod(`${cwd}/denit.yaml`, 0);
  const inside = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]; // root too is kept from it then
  const ended = await bench.run(["up"], { cwd, inside });
  isRefused(ended, false);
  match(ended.stderr, /permission denied/);
});

inMode("PID 1", "files that somebody broke are refused, or taken", async (bench) => {
  await forEach(fc.sample(anyFile, { numRuns: RUNS, seed: SEED }), async (file) => {
    const cwd = folderWith(bench, { "denit.yaml": file, "more.yaml": WEB.replace("web", "more") });
    const ended = await bench.run(["config", "--quiet"], { cwd });
    if (ended.code !== 0) isRefused(ended, givesAway(String(file)));
    else equal(ended.stdout, "");
  });
});

/** Of what cannot be given to a program there is nothing to test. */
function canBeGiven({ words, variables }: Line): boolean {
  return [...words, ...Object.values(variables)].every((text) => text.isWellFormed() && !text.includes("\0"));
}

for (const [name, options, first] of [["denit", OPTIONS, []], ["denit up", UP_OPTIONS, ["up"]]] as const) {
  inMode(
    "PID 1",
    `command lines and variables of ${name} that somebody broke are refused, or taken`,
    async (bench) => {
      const cwd = folderWith(bench, { "denit.yaml": "services: {web: {command: [true]}}\n" });
      const line = lineWith(options as Parameters<typeof lineWith>[0]).filter(canBeGiven);
      await forEach(fc.sample(line, { numRuns: RUNS, seed: SEED }), async (given) => {
        const ended = await bench.run([...first, ...given.words], { cwd, env: given.variables });
        const { code, stderr } = ended;
        const about = `${JSON.stringify(given)}: ${stderr}`;
        if (code === 125) isRefused(ended, true);
        else ok(code === 0 || code === 126 || code === 127, `${code} for ${about}`);
        ok(!/\bat \S+ \(|file:\/\/|panicked/.test(stderr), about);
      });
    },
  );
}

inEachMode(
  "a hundred kilobytes in one word, ten thousand words, and a megabyte of variables are passed on",
  async (bench) => {
    const word = "x".repeat(100_000);
    const env = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`V${i}`, "y".repeat(1000)]));
    const script = 'echo ${#1} $# $(env | grep -c "^V[0-9]*=y*$")';
    const { code, stdout } = await bench.run(
      ["--", "sh", "-c", script, "sh", word, ...Array(9999).fill("a")],
      {
        env,
      },
    );
    equal(stdout, "100000 10000 1000\n");
    equal(code, 0);
  },
);

inEachMode(
  "HUP with each of these files changes nothing, says so, and leaves nothing behind",
  async (bench) => {
    const cwd = folderWith(bench, {
      "denit.yaml": JSON.stringify({ services: { web: sh("exec sleep 1000") } }),
    });
    const denit = bench.denit(["up", "-v"], { cwd });
    await denit.stderr.next(/^denit: info: started web /);
    const good = await Deno.readFile(`${cwd}/denit.yaml`);
    const pid = await denit.denitPid();
    const [web] = childrenOf(pid);
    for (const file of Object.values(FILES)) {
      await Deno.writeFile(`${cwd}/denit.yaml`, typeof file === "string" ? bytes(file) : file);
      await isRefusedAtHup(denit);
    }
    for (const command of Object.values(ODD)) {
      await Deno.remove(`${cwd}/denit.yaml`);
      equal((await bench.start(command, { cwd }).ended()).code, 0);
      await isRefusedAtHup(denit);
    }
    await Deno.remove(`${cwd}/denit.yaml`, { recursive: true });
    await Deno.writeFile(`${cwd}/denit.yaml`, good);
    await denit.signal(SIGHUP);
    await denit.stderr.next(/^denit: info: reread the file; nothing has changed$/);
    await until(() => childrenOf(pid).length === 1, "the reader to be gone");
    equal(childrenOf(pid)[0]!.pid, web!.pid);
    const peakMb = parseInt(statusOf(pid, "VmHWM")!, 10) / 1024;
    ok(peakMb < MOST_MB / 2, `denit itself took ${peakMb} MB`);
    await denit.signal(SIGTERM);
    equal((await denit.ended()).code, 0);
  },
);

async function isRefusedAtHup(denit: Running): Promise<void> {
  const before = denit.stderr.text.length;
  await denit.signal(SIGHUP);
  await denit.stderr.next(/^denit: error: Cannot reread \.\/denit\.yaml: nothing was changed$/);
  for (const line of denit.stderr.text.slice(before).trimEnd().split("\n")) isClear(line);
}
