/** What services write into files, by the drivers of the file of services. */

import { deepEqual, equal, match, ok } from "../../assert.ts";
import { type Bench, type Ended, inEachMode, type Setting } from "../support/bench.ts";
import { until } from "../support/until.ts";
import { type FileOfServices, folderWith, namesIn, sh } from "./support.ts";

const [SIGHUP, SIGTERM] = [1, 15] as const;

/** Says something on each stream, and a line without an end. */
const BOTH = "echo to stdout; echo to stderr >&2; printf 'no end'";

inEachMode("local: the lines as they are, of both streams, and none on denit's own", async (bench) => {
  const { code, stdout, stderr, folder } = await runWith(bench, sh(BOTH), { driver: "local" });
  deepEqual([code, stdout, stderr], [0, "", ""]);
  deepEqual(namesIn(`${folder}/logs`), ["web.log"]);
  deepEqual(linesOf(folder, "web.log").toSorted(), ["no end", "to stderr", "to stdout"]);
});

inEachMode("json-file: an object a line, as Docker writes them", async (bench) => {
  const { code, stdout, stderr, folder } = await runWith(bench, sh(BOTH), { driver: "json-file" });
  deepEqual([code, stdout, stderr], [0, "", ""]);
  const lines = linesOf(folder, "web.log").map((line) => JSON.parse(line));
  deepEqual(
    lines.map(({ log, stream }) => `${stream}: ${log}`).toSorted(),
    ["stderr: to stderr\n", "stdout: no end\n", "stdout: to stdout\n"],
  );
  for (const { time } of lines) match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
});

inEachMode("none: what it writes goes nowhere", async (bench) => {
  const { code, stdout, stderr, folder } = await runWith(bench, sh(`${BOTH}; exit 3`), { driver: "none" });
  deepEqual([code, stdout], [3, ""]);
  match(stderr, /^denit: warning: web ended with 3\n/);
  deepEqual(namesIn(folder), ["denit.yaml"]);
});

inEachMode(
  "each service has a file, each replica too, and the others go on to denit's output",
  async (bench) => {
    const logging = { driver: "local" };
    const { stdout, folder } = await run(bench, {
      services: {
        web: sh("echo $DENIT_MARK | cut -d/ -f2", { logging, scale: 2 }),
        db: sh("echo db", { logging }),
        plain: sh("echo plain"),
      },
    });
    equal(stdout, "plain  | plain\n");
    deepEqual(namesIn(`${folder}/logs`), ["db.log", "web-1.log", "web-2.log"]);
    for (const name of ["db", "web-1", "web-2"]) deepEqual(linesOf(folder, `${name}.log`), [name]);
  },
);

inEachMode("a file that is there is written on", async (bench) => {
  const folder = folderWith(bench, {
    "denit.yaml": { services: { web: sh("echo new", { logging: { driver: "local" } }) } },
    "logs/web.log": "old\n",
  });
  const { code } = await bench.run(upWords(folder), { cwd: folder });
  equal(code, 0);
  deepEqual(linesOf(folder, "web.log"), ["old", "new"]);
});

inEachMode("one that is restarted goes on with its file", async (bench) => {
  const again = sh("if test -e once; then echo second; else : > once; echo first; exit 1; fi", {
    restart: "on-failure",
  });
  const { code, folder } = await runWith(bench, again, { driver: "local" });
  equal(code, 0);
  deepEqual(linesOf(folder, "web.log"), ["first", "second"]);
});

/** The size of a file and how many there may be, and those that a thousand lines leave. */
const ROTATIONS = [
  { driver: "local", maxSize: "1k", maxFile: 3, bytes: 1024, files: ["web.log", "web.log.1", "web.log.2"] },
  { driver: "json-file", maxSize: "2k", maxFile: "2", bytes: 2000, files: ["web.log", "web.log.1"] },
  { driver: "json-file", maxSize: 4096, maxFile: 1, bytes: 4096, files: ["web.log"] },
  {
    driver: "local",
    maxSize: "2k",
    maxFile: undefined,
    bytes: 2048,
    files: ["web.log", "web.log.1", "web.log.2", "web.log.3", "web.log.4"],
  },
] as const;

for (const { driver, maxSize, maxFile, bytes, files } of ROTATIONS) {
  const options = { "max-size": maxSize, ...maxFile !== undefined && { "max-file": maxFile } };
  inEachMode(
    `${driver} with ${JSON.stringify(options)}: full files are renamed, the oldest goes`,
    async (bench) => {
      const count = sh("i=0; while [ $i -lt 1000 ]; do i=$((i+1)); echo line $i; done");
      const { code, stderr, folder } = await runWith(bench, count, { driver, options });
      deepEqual([code, stderr], [0, ""]);
      deepEqual(namesIn(`${folder}/logs`), files);
      for (const name of files) ok((await Deno.stat(`${folder}/logs/${name}`)).size <= bytes);
      const kept = files.toReversed().flatMap((name) => linesOf(folder, name))
        .map((line) => driver === "local" ? line : JSON.parse(line).log.trimEnd());
      const first = 1000 - kept.length + 1;
      ok(kept.length > 10);
      deepEqual(
        kept,
        Array.from({ length: kept.length }, (_, i) => `line ${first + i}`),
        "no line is lost or cut",
      );
    },
  );
}

/** What keeps a file from being written. */
const UNWRITABLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "a file in the folder's place": { logs: "" },
  "a folder in the file's place": { "logs/web.log/inner": "" },
};

for (const [what, files] of Object.entries(UNWRITABLE)) {
  inEachMode(`${what}: one warning, and the service goes on`, async (bench) => {
    const chatty = sh(
      "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo a line of some length $i; done; exit 4",
    );
    const folder = folderWith(bench, {
      "denit.yaml": { services: { web: { ...chatty, logging: { driver: "local" } } } },
      ...files,
    });
    const { code, stdout, stderr } = await bench.run(upWords(folder), { cwd: folder });
    deepEqual([code, stdout], [4, ""]);
    const path = `${folder}/logs/web.log`;
    const told = stderr.split("\n").filter((line) => line.includes(path));
    equal(told.length, 1);
    match(told[0]!, /^denit: warning: Cannot write to .+: [^:]+; lines of web are lost$/);
  });
}

inEachMode("a link in the file's place is not followed", async (bench) => {
  const folder = folderWith(bench, {
    "denit.yaml": { services: { web: sh("echo in", { logging: { driver: "local" } }) } },
    "logs/other.log": "",
    "target": "untouched\n",
  });
  await Deno.symlink("../target", `${folder}/logs/web.log`);
  const { code, stderr } = await bench.run(upWords(folder), { cwd: folder });
  equal(code, 0);
  match(stderr, /^denit: warning: Cannot write to .+\/web\.log: it is a symbolic link/);
  equal(await Deno.readTextFile(`${folder}/target`), "untouched\n");
});

inEachMode("the folder is writable again: it goes on, and says how much was lost", async (bench) => {
  const folder = folderWith(bench, {
    "denit.yaml": {
      services: {
        web: sh(
          "echo lost 1; echo lost 2; until test -e go; do sleep 0.01; done; echo kept; exec sleep 1000",
          {
            logging: { driver: "local" },
          },
        ),
      },
    },
    logs: "",
  });
  const denit = bench.denit(upWords(folder), { cwd: folder });
  await denit.stderr.shows(/lines of web are lost$/);
  await Deno.remove(`${folder}/logs`);
  await Deno.writeTextFile(`${folder}/go`, "");
  const [, lost] = await denit.stderr.shows(/Writing to .+\/web\.log again: (\d+) lines of web were lost$/);
  equal(lost, "2");
  await until(() => linesOf(folder, "web.log").includes("kept"), "the line to be written");
  deepEqual(linesOf(folder, "web.log"), ["kept"]);
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 0);
});

inEachMode("HUP: a file that was moved away is made anew", async (bench) => {
  const folder = folderWith(bench, {
    "denit.yaml": {
      services: {
        web: sh("echo first; until test -e go; do sleep 0.01; done; echo second; exec sleep 1000", {
          logging: { driver: "local" },
        }),
      },
    },
    "logs/kept": "",
  });
  const denit = bench.denit([...upWords(folder), "-v"], { cwd: folder });
  const has = (line: string): boolean =>
    namesIn(`${folder}/logs`).includes("web.log") && linesOf(folder, "web.log").includes(line);
  await until(() => has("first"), "the first line to be written");
  await Deno.rename(`${folder}/logs/web.log`, `${folder}/logs/moved`);
  await denit.signal(SIGHUP);
  await denit.stderr.shows(/^denit: info: reread the file; nothing has changed$/);
  await Deno.writeTextFile(`${folder}/go`, "");
  await until(() => has("second"), "the second line to be written");
  deepEqual(linesOf(folder, "moved"), ["first"]);
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 0);
});

inEachMode("others may not read the files", async (bench) => {
  const setting: Setting = { inside: ["sh", "-c", 'umask 0; exec "$@"', "sh"] };
  const { folder } = await runWith(bench, sh("echo hello"), { driver: "local" }, setting);
  equal((await Deno.stat(`${folder}/logs/web.log`)).mode! & 0o777, 0o640);
});

async function runWith(
  bench: Bench,
  service: FileOfServices,
  logging: FileOfServices,
  setting: Setting = {},
): Promise<Ended & { readonly folder: string }> {
  return await run(bench, { services: { web: { ...service, logging } } }, setting);
}

/** Runs the services with `logs` in their folder for the files. */
async function run(
  bench: Bench,
  file: FileOfServices,
  setting: Setting = {},
): Promise<Ended & { readonly folder: string }> {
  const folder = folderWith(bench, { "denit.yaml": file });
  return { ...await bench.run(upWords(folder), { ...setting, cwd: folder }), folder };
}

function upWords(folder: string): string[] {
  return ["up", "--log-folder", `${folder}/logs`];
}

function linesOf(folder: string, name: string): string[] {
  return Deno.readTextFileSync(`${folder}/logs/${name}`).split("\n").filter((line) => line !== "");
}
