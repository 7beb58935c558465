/** What services write, as it arrives. */

import { deepEqual, equal, match, ok } from "../../assert.ts";
import { inEachMode } from "../support/bench.ts";
import { kill, zombiesOf } from "../support/processes.ts";
import { until } from "../support/until.ts";
import { runUp, sh, up, writeFile } from "./support.ts";

const [SIGSTOP, SIGCONT] = [19, 18] as const;

inEachMode(
  "each stream has its own, with names in front, and a last line without an end too",
  async (bench) => {
    const { code, stdout, stderr } = await runUp(bench, {
      services: { web: sh("echo out; echo err >&2; printf open"), longer: sh("echo x") },
    });
    equal(code, 0);
    deepEqual(stdout.split("\n").sort(), ["", "longer  | x", "web     | open", "web     | out"]);
    equal(stderr, "web     | err\n");
  },
);

inEachMode("what a service wrote last stands before what denit tells of its end", async (bench) => {
  const { stdout } = await runUp(
    bench,
    { services: { web: sh("seq 2000; echo out; printf last >&2; exit 3", { restart: "on-failure:2" }) } },
    [],
    { inside: ["sh", "-c", 'exec "$@" 2>&1', "sh"] },
  );
  const told = stdout.trimEnd().split("\n").filter((line) => !/ \d+$/.test(line) || line.includes("ended"));
  deepEqual(
    told.map((line) => line.includes("ended with 3") ? "end" : line.slice("web  | ".length)),
    [...Array(3).fill(["out", "last", "end"]).flat(), "end"], // which is why all ends, too
  );
  equal(stdout.match(/ 2000$/gm)!.length, 3);
});

inEachMode(
  "what stands in a pipe that was made larger comes before what is told of the end, too",
  async (bench) => {
    const long = `yes "$(printf %999s)" | head -c 20000000`; // by such lines it becomes larger
    const short = "yes '' | head -c 250000"; // and of these least is read at once
    const ready = "sleep 0.2; : > ready; until test -e go; do sleep 0.01; done";
    const folder = writeFile(bench, {
      services: { web: sh(`${long}; ${short}; ${ready}; ${short}; exit 3`) },
    });
    const inside = ["sh", "-c", 'exec "$@" > told 2>&1', "sh"];
    const denit = bench.denit(["up"], { cwd: folder, inside });
    await bench.file(`${folder}/ready`);
    await denit.signal(SIGSTOP);
    await Deno.writeTextFile(`${folder}/go`, "");
    const pid = await denit.denitPid();
    await until(() => zombiesOf(pid).length > 0, "the service to have ended");
    await denit.signal(SIGCONT);
    await denit.ended();
    const told = (await Deno.readTextFile(`${folder}/told`)).trimEnd().split("\n");
    equal(told.findIndex((line) => line.startsWith("denit: ")), 20_000 + 2 * 250_000);
  },
);

inEachMode(
  "--log-format json: an object a line, of denit too; a line that is one stays one",
  async (bench) => {
    const { stdout, stderr } = await runUp(
      bench,
      { services: { web: sh(`echo '{"a":1}'; echo 'say "hi"'; exit 3`) } },
      ["--log-format", "json"],
    );
    const lines = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    deepEqual(lines.map(({ service, stream, message }) => [service, stream, message]), [
      ["web", "stdout", { a: 1 }],
      ["web", "stdout", 'say "hi"'],
    ]);
    ok(lines.every(({ time, pid }) => !Number.isNaN(Date.parse(time)) && pid > 0));
    const own = stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
    ok(own.every(({ source, level }) => source === "denit" && level === "warning"), stderr);
  },
);

inEachMode("--no-log-prefix: the bytes as they are", async (bench) => {
  const { stdout } = await runUp(bench, { services: { web: sh("printf 'a\\000b'") } }, ["--no-log-prefix"]);
  equal(stdout, "a\0b");
});

inEachMode("a hundred thousand lines and one of a megabyte: all there, whole and in order", async (bench) => {
  const { stdout } = await runUp(bench, {
    services: { web: sh("seq 100000; head -c 1000000 /dev/zero | tr '\\0' x; echo") },
  });
  const lines = stdout.trimEnd().split("\n").map((line) => line.replace(/^web {2}\| /, ""));
  ok(lines.slice(0, 100_000).every((line, i) => line === String(i + 1)));
  ok(lines.slice(100_000).join("") === "x".repeat(1_000_000), `in ${lines.length - 100_000} parts`);
});

inEachMode("a service that is stopped and continued loses nothing", async (bench) => {
  const denit = up(bench, { services: { web: sh("echo $$; for i in 1 2 3; do sleep 0.05; echo $i; done") } });
  const [, inner] = await denit.stdout.shows(/^web +\| (\d+)$/);
  const pid = await denit.pidOf(Number(inner));
  kill(pid, SIGSTOP);
  kill(pid, SIGCONT);
  const { code, stdout } = await denit.ended();
  equal(code, 0);
  match(stdout, /\| 1\n.*\| 2\n.*\| 3\n$/);
});
