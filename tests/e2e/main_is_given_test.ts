import { deepEqual, equal, ok } from "../assert.ts";
import { type Bench, inEachMode, type Setting } from "./support/bench.ts";
import { program } from "./support/program.ts";
import { forEach, until } from "./support/until.ts";

const NOTHING_SPECIAL = { SigBlk: [], SigIgn: [], SigCgt: [] };

for (const options of [[], ["-v"], ["--signal-to", "all", "-r", "TERM:INT"]]) {
  inEachMode(
    `${["main", ...options].join(" ")} starts with no signal blocked, ignored or caught`,
    async (bench) => {
      deepEqual(await signalsOfMain(bench, options), NOTHING_SPECIAL);
    },
  );
}

inEachMode("signals that the caller has blocked are not blocked for main", async (bench) => {
  deepEqual(await signalsOfMain(bench, [], { inside: program("blocked") }), NOTHING_SPECIAL);
});

for (const signals of [[1], [2, 3], [1, 10, 15, 20, 34, 64], [4, 11]]) {
  inEachMode(`main ignores ${signals}, which the caller ignores, as under nohup`, async (bench) => {
    const inside = program("ignoring", signals.join());
    deepEqual(await signalsOfMain(bench, [], { inside }), { ...NOTHING_SPECIAL, SigIgn: signals });
  });
}

inEachMode("a signal that the caller ignores leaves main alone", async (bench) => {
  const denit = bench.denit(["-v", "--", ...program("report_end")], { inside: ["nohup"], input: true });
  await denit.stdout.shows(/^ready$/);
  await denit.signal(1);
  await denit.stderr.shows(/forwarded SIGHUP/);
  await denit.closeInput();
  equal((await denit.ended()).code, 0);
});

inEachMode("a caller that ignores CHLD is no harm: main's end is seen", async (bench) => {
  await forEach(Array(16).keys(), async (i) => {
    const { code, stderr } = await bench.run(["--", "sh", "-c", `exit ${i}`], {
      inside: program("ignoring", "17"),
    });
    deepEqual([code, stderr], [i, ""]);
  });
});

inEachMode("the environment arrives byte for byte", async (bench) => {
  const script = 'cat "/proc/$$/environ"; read -r end; exit 0';
  const denit = bench.denit(["--", "/bin/sh", "-c", script], {
    inside: program("odd_environment"),
    input: true,
  });
  await denit.stdout.shows(/LINES=a\nb\0/);
  const given = await Deno.readFile(`/proc/${await denit.denitPid()}/environ`);
  await denit.closeInput();
  await denit.ended();
  deepEqual(denit.stdout.bytes, given);
  const text = String.fromCharCode(...given);
  for (
    const odd of ["TWICE=first", "EMPTY=", "BYTES=\xff\xfe\x80", "TWICE=second", "no equals sign", "=no name"]
  ) {
    ok(text.includes(`\0${odd}\0`), `the test's own program lost ${odd}`);
  }
});

inEachMode("the environment is not changed where there is no node in PATH", async (bench) => {
  const folder = bench.folder(); // the deno program then puts a node of its own in front
  const { stdout } = await bench.run(["--", "/usr/bin/env"], {
    outside: ["env", "-i", "A=1"],
    inside: ["/usr/bin/env", `PATH=${folder}`],
  });
  deepEqual(stdout, `A=1\nPATH=${folder}\n`);
});

inEachMode("an empty environment stays empty", async (bench) => {
  equal((await bench.run(["--", "/usr/bin/env"], { inside: ["/usr/bin/env", "-i"] })).stdout, "");
});

const ARGUMENTS: readonly (readonly [string, readonly string[]])[] = [
  ["empty", ["", ""]],
  ["with spaces, quotes and lines", ["a b", "'", '"', "a\nb", "$HOME", "*"]],
  ["that look like options", ["--", "-v", "--help", "-"]],
  ["UTF-8", ["äöü", "日本", "🚀"]],
  ["the sign for what is no UTF-8", ["\ufffd", "a\ufffdb"]],
];
for (const [kind, words] of ARGUMENTS) {
  inEachMode(`arguments arrive byte for byte: ${kind}`, async (bench) => {
    const main = ["sh", "-c", 'cat "/proc/$$/cmdline"; :', ...words];
    equal((await bench.run(["--", ...main])).stdout, `${main.join("\0")}\0`);
  });
}

inEachMode("main is given the caller's descriptors and none of denit's", async (bench) => {
  const outside = ["bash", "-c", 'exec "$@" 3</dev/null 40</dev/null 63</dev/null', "bash"];
  const main = ["sh", "-c", "ls /proc/$$/fd; :"];
  const given = (await bench.start([...outside, ...main]).ended()).stdout.split("\n");
  ok(["0", "1", "2", "3", "40", "63"].every((descriptor) => given.includes(descriptor)), given.join());
  for (const options of [[], ["-v"]]) {
    deepEqual((await bench.run([...options, "--", ...main], { outside })).stdout.split("\n"), given);
  }
});

inEachMode("bash's <(...) can be read", async (bench) => {
  const command = bench.command(["--", "cat"]);
  const denit = bench.start(["bash", "-c", '"$@" <(echo hello)', "bash", ...command]);
  deepEqual(await denit.ended(), { code: 0, signal: null, stdout: "hello\n", stderr: "" });
});

inEachMode("main starts in the caller's folder, and denit itself moves to /", async (bench) => {
  const cwd = bench.folder();
  const denit = bench.denit(["--", "sh", "-c", "readlink /proc/$$/cwd; read -r end; :"], {
    cwd,
    input: true,
  });
  await denit.stdout.shows(/\n/);
  equal(denit.stdout.text, `${cwd}\n`);
  const pid = await denit.denitPid();
  await until(async () => await Deno.readLink(`/proc/${pid}/cwd`) === "/", "denit to move to /");
});

inEachMode("standard input is main's", async (bench) => {
  const denit = bench.denit(["--", "cat"], { input: true });
  await denit.type("some words\n");
  await denit.stdout.shows(/^some words$/);
  await denit.closeInput();
  equal((await denit.ended()).code, 0);
});

inEachMode("main leads a process group of its own", async (bench) => {
  const { stdout } = await bench.run(["--", "sh", "-c", 'cut -d" " -f1,5 /proc/$$/stat; :']);
  const [pid, group] = stdout.trim().split(" ");
  equal(group, pid);
});

/** Each set of signals in /proc/PID/status of main, as numbers. */
async function signalsOfMain(
  bench: Bench,
  options: readonly string[],
  setting: Setting = {},
): Promise<Record<string, number[]>> {
  const { stdout } = await bench.run([...options, "--", "cat", "/proc/self/status"], setting);
  return Object.fromEntries(
    Object.keys(NOTHING_SPECIAL).map((name) => {
      const bits = BigInt(`0x${new RegExp(`^${name}:\\s*(\\w+)$`, "m").exec(stdout)?.[1]}`);
      return [
        name,
        Array.from({ length: 64 }, (_, i) => i + 1).filter((signal) => bits >> BigInt(signal - 1) & 1n),
      ];
    }),
  );
}
