/** What SECURITY.md says of files, sockets and permissions, seen by strace(1) beside an empty script on the same Deno. */

import { deepEqual, equal, match, ok } from "../assert.ts";
import { Bench } from "./support/bench.ts";
import { DENIT, denitWith, program } from "./support/program.ts";
import { until } from "./support/until.ts";
import { writeFile } from "./services/support.ts";

const SIGTERM = 15;
const CALLS = "openat,open,creat,socket,connect,bind,listen,accept4,mkdir,unlink,rename,ptrace";
const WRITES = /\bO_(?:WRONLY|RDWR|CREAT)\b/;

const whyNot = DENIT[1] !== "run" || !DENIT.at(-1)!.endsWith("/denit.js")
  ? "it is about the bundle, on which CI runs it too"
  : canTrace()
  ? null
  : "strace is not here, or may trace nobody";

function canTrace(): boolean {
  try {
    return new Deno.Command("strace", { args: ["-qq", "-o", "/dev/null", "true"] }).outputSync().success;
  } catch {
    return false;
  }
}

function test(name: string, body: (bench: Bench) => Promise<void>): void {
  Deno.test({
    name: whyNot === null ? name : `${name} (${whyNot})`,
    ignore: whyNot !== null,
    async fn() {
      const bench = new Bench("subreaper");
      try {
        await body(bench);
      } finally {
        await bench.clear();
      }
    },
  });
}

/** A system call that names a path, or none. */
interface Call {
  readonly name: string;
  readonly path: string | null;
  readonly line: string;
}

/** Words in front of a command that have its calls written to a file, those of all that it starts too. */
function traced(folder: string, name: string): string[] {
  return ["strace", "-f", "-qq", "-e", `trace=${CALLS}`, "-o", `${folder}/${name}.trace`];
}

function callsIn(folder: string, name: string): Call[] {
  return Deno.readTextFileSync(`${folder}/${name}.trace`).split("\n").flatMap((line) => {
    const [, call, path] = /^\d+ +(\w+)\((?:AT_FDCWD, )?(?:"([^"]*)")?/.exec(line) ?? [];
    return call === undefined ? [] : [{ name: call, path: path ?? null, line }];
  });
}

/** What an empty script opens, in a cache that is warm. */
async function emptyScript(bench: Bench, folder: string): Promise<Set<string | null>> {
  await Deno.writeTextFile(`${folder}/empty.js`, "");
  const words = [...DENIT.slice(0, -1), `${folder}/empty.js`];
  for (const name of ["cold", "empty"]) {
    const { code } = await bench.start([...traced(folder, name), ...words], setting(folder)).ended();
    equal(code, 0);
  }
  return new Set(callsIn(folder, "empty").map(({ path }) => path));
}

function setting(folder: string): { env: Record<string, string>; cwd: string } {
  return { env: { DENO_DIR: `${folder}/cache` }, cwd: folder };
}

/** The speed of the clock is asked for by V8, whenever one of its threads first measures something. */
const CLOCK = "/sys/devices/system/cpu/cpu0/tsc_freq_khz";

function isOfDeno(folder: string): ({ path }: Call) => boolean {
  return ({ path }) => path === CLOCK || (path?.startsWith(`${folder}/cache`) ?? false);
}

test("one program: no socket, no file to write, and hardly one to read that an empty script does not", async (bench) => {
  const folder = bench.folder();
  const usual = await emptyScript(bench, folder);
  const denit = bench.denit(["--", ...program("signals", `${SIGTERM}`, "main")], {
    ...setting(folder),
    outside: traced(folder, "denit"),
  });
  await denit.stdout.shows(/^main ready/);
  // What is given back after the start is given back, too.
  await until(() => callsIn(folder, "denit").some(({ path }) => path === "/proc/self/smaps"), "calm");
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 40);
  const calls = callsIn(folder, "denit");
  ok(calls.length > 20, "it was traced");
  deepEqual(calls.filter(({ name }) => /socket|connect|bind|listen|accept|ptrace/.test(name)), []);
  deepEqual(calls.filter((call) => WRITES.test(call.line) && !isOfDeno(folder)(call)), []);
  const own = calls.filter((call) => !usual.has(call.path) && !isOfDeno(folder)(call) && !isOfPerl(call));
  deepEqual(
    [...new Set(own.map(({ path }) => path))].sort(),
    [DENIT.at(-1), "/proc/self/fd", "/proc/self/smaps"].sort(),
  );
});

/** What main opens itself. */
function isOfPerl({ path }: Call): boolean {
  return /\/perl|\.pl$|\.pm$|\.so|^\/lib|^\/usr\/lib|^\/etc\/ld|^\/dev\/null$|locale/.test(path ?? "");
}

test("services: sockets for the probes that the file asks for, files in the folder of logs, and no other", async (bench) => {
  const folder = bench.folder();
  await emptyScript(bench, folder);
  const cwd = writeFile(bench, {
    services: {
      filed: { command: ["sh", "-c", "echo filed; exec sleep 1000"], logging: { driver: "local" } },
      asked: {
        command: ["sh", "-c", "echo asked; exec sleep 1000"],
        healthcheck: { tcp: "127.0.0.1:1", interval: "50ms", retries: 1 },
      },
    },
  });
  const denit = bench.denit(["up", "--log-folder", `${folder}/logs`], {
    ...setting(folder),
    cwd,
    outside: traced(folder, "denit"),
  });
  await denit.stderr.shows(/asked is unhealthy/);
  await until(() => readFile(`${folder}/logs/filed.log`) === "filed\n", "the log");
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 0);
  const calls = callsIn(folder, "denit").filter((call) => !isOfDeno(folder)(call));
  for (const { name, line } of calls) {
    if (name === "socket") match(line, /socket\(AF_INET, SOCK_STREAM/);
    if (name === "connect") match(line, /sin_port=htons\(1\), sin_addr=inet_addr\("127\.0\.0\.1"\)/);
    ok(!/^(bind|listen|accept4|ptrace|unlink|rename)$/.test(name), line);
  }
  ok(calls.some(({ name }) => name === "connect"));
  const written = new Set(calls.filter(({ line }) => WRITES.test(line)).map(({ path }) => path));
  deepEqual([...written].sort(), ["/dev/null", `${folder}/logs/filed.log`].sort());
});

test("nothing but FFI is needed: with all else denied it is the same", async (bench) => {
  const denied = ["net", "read", "write", "run", "env", "sys", "import"].map((what) => `--deny-${what}`);
  const denit = denitWith(...denied);
  const one = await bench.run(["--", "sh", "-c", "echo one; exit 3"], { denit });
  deepEqual([one.code, one.stdout, one.stderr], [3, "one\n", ""]);
  const cwd = writeFile(bench, { services: { web: { command: ["sh", "-c", "echo two; exit 3"] } } });
  const many = await bench.run(["up"], { denit, cwd });
  deepEqual([many.code, many.stdout], [3, "web  | two\n"]);
  const without = denit.filter((word) => word !== "--allow-ffi");
  const refused = await bench.run(["--", "true"], { denit: without });
  match(refused.stderr, /Requires ffi access/);
});

function readFile(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null; // not there yet
  }
}
