/** That whoever reads denit's output slowly, or not at all, slows the services that write, and nothing else. */

import { deepEqual, equal, match, ok } from "../../assert.ts";
import { type Bench, inEachMode, type Running } from "../support/bench.ts";
import { pause, until } from "../support/until.ts";
import { type FileOfServices, lasting, runUp, sh, writeFile } from "./support.ts";

const [SIGINT, SIGTERM] = [2, 15] as const;
const FLOOD = "exec yes 'a line that nobody reads'";

for (const words of [[], ["--log-format", "json"]]) {
  const form = words.length === 0 ? "text" : "json";
  inEachMode(`${form}: while its output is stuck services restart, are reaped and end`, async (bench) => {
    const { denit, folder, reader } = upOnto(bench, ["stdout"], words, {
      flood: sh(FLOOD),
      web: sh("echo >> runs; test $(wc -l < runs) -ge 4 && : > ready; exit 1", {
        restart: "always",
        essential: false,
        logging: { driver: "none" },
      }),
    });
    await bench.file(`${folder}/ready`);
    await denit.signal(SIGTERM);
    const { code, stderr } = await denit.ended();
    equal(code, 0);
    match(stderr, /Cannot write the rest of the output to stdout: nobody takes it/);
    deepEqual(bench.left(), []);
    reader.close();
  });

  inEachMode(`${form}: and when its own lines are stuck too`, async (bench) => {
    const { denit, folder, reader } = upOnto(bench, ["stdout", "stderr"], ["-v", ...words], {
      flood: sh(FLOOD),
      floods: sh(`${FLOOD} >&2`),
      web: sh("echo >> runs; test $(wc -l < runs) -ge 4 && : > ready; exit 1", {
        restart: "always",
        essential: false,
      }),
    });
    await bench.file(`${folder}/ready`);
    await denit.signal(SIGTERM);
    equal((await denit.ended()).code, 0);
    deepEqual(bench.left(), []);
    reader.close();
  });
}

inEachMode("a service that writes to a stuck output waits, and so do its bytes", async (bench) => {
  const { denit, folder, reader } = upOnto(bench, ["stdout"], [], {
    web: sh("i=0; while :; do i=$((i + 1)); printf '%01000d\\n' $i; echo $i > written; done"),
  });
  let before = "";
  await until(async () => { // that nothing more is written can only be seen by looking twice
    const now = await Deno.readTextFile(`${folder}/written`).catch(() => "");
    const same = now !== "" && now === before;
    before = now;
    await pause(300);
    return same;
  }, "web to be held up");
  ok(Number(before) < 2000, `${before} KB are kept`);
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 0);
  reader.close();
});

inEachMode("a slow reader gets everything, the end too", async (bench) => {
  const run = upOnto(bench, ["stdout"], ["--log-format", "json", "--timeout", "1m"], {
    web: sh("seq 20000; printf end", { essential: true }),
    err: sh("exit 0"),
  });
  const text = await readSlowly(run);
  equal((await run.denit.ended()).code, 0);
  const messages = text.trimEnd().split("\n").map((line) => JSON.parse(line).message);
  equal(messages.length, 20_001);
  ok(messages.slice(0, -1).every((message, i) => message === String(i + 1)));
  equal(messages.at(-1), "end");
});

inEachMode("a slow reader is not waited for when the stop is asked for twice", async (bench) => {
  const run = upOnto(bench, ["stdout"], ["--log-format", "json", "--timeout", "1h"], {
    web: sh("seq 20000; : > written"),
  });
  const { denit, folder } = run;
  const text = readSlowly(run, 4096);
  await bench.file(`${folder}/written`);
  await denit.signal(SIGTERM);
  await pause(2000); // sooner it would be the same request, and the first is heard half a second late
  await denit.signal(SIGINT);
  const { code, stderr } = await denit.ended();
  equal(code, 0);
  match(stderr, /Cannot write the rest of the output to stdout: it is taken too slowly/);
  ok((await text).split("\n").length < 20_000);
});

inEachMode("lines of many services at once stay whole, and in order for each", async (bench) => {
  const names = Array.from({ length: 10 }, (_, i) => `s${i}`);
  const count = 500;
  const services = Object.fromEntries(
    names.map((name) => [name, sh(`i=0; while [ $i -lt ${count} ]; do i=$((i + 1)); echo ${name} $i; done`)]),
  );
  const { code, stdout } = await runUp(bench, { services });
  equal(code, 0);
  const lines = stdout.trimEnd().split("\n");
  equal(lines.length, names.length * count);
  for (const name of names) {
    const own = lines.filter((line) => line.startsWith(`${name}  | `));
    deepEqual(own, Array.from({ length: count }, (_, i) => `${name}  | ${name} ${i + 1}`));
  }
});

inEachMode(
  "--log-format json: a line that is too long is in parts that can be put together",
  async (bench) => {
    const { stdout } = await runUp(
      bench,
      { services: { web: sh("head -c 100000 /dev/zero | tr '\\0' x; echo y; echo next") } },
      ["--log-format", "json"],
    );
    const lines = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    const parts = lines.slice(0, -1);
    equal(parts.map(({ message }) => message).join(""), `${"x".repeat(100_000)}y`);
    ok(parts.slice(0, -1).every(({ partial }) => partial === true));
    deepEqual([parts.at(-1).partial, lines.at(-1).message], [undefined, "next"]);
  },
);

inEachMode("a line without an end is written out when its service has ended, not before", async (bench) => {
  const folder = writeFile(bench, {
    services: { web: sh("printf half; : > begun; until test -e go; do sleep 0.01; done"), other: lasting() },
  });
  const denit = bench.denit(["up"], { cwd: folder });
  await bench.file(`${folder}/begun`);
  await denit.stdout.shows(/ready$/);
  ok(!denit.stdout.text.includes("half"));
  await Deno.writeTextFile(`${folder}/go`, "");
  await denit.stdout.shows(/^web +\| half$/);
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 0);
});

inEachMode(
  "nobody reads its output any more: services and shutdown go on, and it is told once",
  async (bench) => {
    const folder = writeFile(bench, {
      services: { web: sh("seq 1000; : > written; exec sleep 1000") },
    });
    const denit = bench.denit(["up"], {
      cwd: folder,
      inside: ["sh", "-c", '{ "$@"; echo $? > code; } | :', "sh"],
    });
    await bench.file(`${folder}/written`);
    await denit.signal(SIGTERM);
    const { stderr } = await denit.ended();
    equal(await Deno.readTextFile(`${folder}/code`), "0\n");
    equal(stderr, "denit: warning: Cannot write to stdout: what services write is lost\n");
  },
);

/** Starts denit with streams of it on one pipe that nobody reads from but the test. */
function upOnto(
  bench: Bench,
  streams: readonly ("stdout" | "stderr")[],
  words: readonly string[],
  services: Readonly<Record<string, FileOfServices>>,
): { readonly denit: Running; readonly folder: string; readonly reader: Deno.FsFile } {
  const folder = writeFile(bench, { services });
  new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).outputSync();
  const reader = Deno.openSync(`${folder}/pipe`, { read: true, write: true }); // so that opening it does not wait
  const onto = { stdout: ">pipe", stderr: "2>pipe" };
  const redirect = `exec "$@" ${streams.map((stream) => onto[stream]).join(" ")}`;
  const denit = bench.denit(["up", ...words], { cwd: folder, inside: ["sh", "-c", redirect, "sh"] });
  return { denit, folder, reader };
}

/** Reads a little at a time all that it writes: for long after the services have ended. */
async function readSlowly(
  { denit, folder, reader }: ReturnType<typeof upOnto>,
  bytesAtOnce = 16 * 1024,
): Promise<string> {
  const END = 4;
  using end = await Deno.open(`${folder}/pipe`, { write: true });
  void denit.exited.then(() => end.write(Uint8Array.of(END)));
  const buffer = new Uint8Array(bytesAtOnce);
  let text = "";
  for (;;) {
    const read = buffer.subarray(0, await reader.read(buffer) ?? 0);
    const end = read.indexOf(END);
    text += new TextDecoder().decode(end < 0 ? read : read.subarray(0, end));
    if (end >= 0) break;
    await pause(10); // the slowness that is tested
  }
  reader.close();
  return text;
}
