/** What `denit config` prints, and what it never prints. */

import { deepEqual, doesNotMatch, equal, match, ok } from "../../assert.ts";
import { type Bench, type Ended, inEachMode } from "../support/bench.ts";
import { type FileOfServices, folderWith, namesIn, sh } from "./support.ts";

const SIGTERM = 15;

const FILE = `name: shop
x-env: &env { TZ: UTC }
include: [parts/db.yaml]
services:
  web:
    command: serve '$$X' --port \${PORT:-80}
    environment: { <<: *env, FROM: }
    env_file: web.env
    depends_on: [db]
    x-note: for people
  debug: { command: [sleep, "9"], profiles: [debug] }
`;
const BESIDE = {
  "parts/db.yaml": `services:
  db:
    command: [db]
    environment: { PASSWORD_FILE: /run/secrets/db }
    secrets: [db]
secrets:
  db: { file: db.txt }
`,
  "parts/db.txt": "hush\n",
  "web.env": "TOKEN=hush\n",
};

inEachMode("prints the file as it is run: filled in, with what it includes, in one piece", async (bench) => {
  const { code, stdout, stderr, folder } = await config(bench, { "denit.yaml": FILE, ...BESIDE });
  deepEqual([code, stderr], [0, ""]);
  equal(
    stdout,
    `name: shop
services:
  web:
    command: serve '$$X' --port 80
    environment:
      FROM: null
      TZ: UTC
    env_file:
      - path: ${folder}/web.env
    depends_on:
      - db
  db:
    command:
      - db
    environment:
      PASSWORD_FILE: /run/secrets/db
    secrets:
      - db
secrets:
  db:
    file: ${folder}/parts/db.txt
`,
  );
});

inEachMode("what it prints is a file that it prints the same", async (bench) => {
  const first = await config(bench, { "denit.yaml": FILE, ...BESIDE });
  await Deno.writeTextFile(`${first.folder}/again.yaml`, first.stdout);
  const again = await bench.run(["config", "-f", "again.yaml"], { cwd: first.folder });
  deepEqual([again.code, again.stdout, again.stderr], [0, first.stdout, ""]);
});

inEachMode("prints only those that are named and whom they depend on", async (bench) => {
  const files = { "denit.yaml": FILE, ...BESIDE };
  doesNotMatch((await config(bench, files, ["db"])).stdout, /web|debug/);
  match((await config(bench, files, ["--profile", "debug"])).stdout, /^ {2}debug:$/m);
});

for (const quiet of ["-q", "--quiet"]) {
  inEachMode(
    `${quiet}: a file that is right is no word and 0, one that is wrong its faults and 125`,
    async (bench) => {
      const right = await config(bench, { "denit.yaml": FILE, ...BESIDE }, [quiet]);
      deepEqual([right.code, right.stdout, right.stderr], [0, "", ""]);
      const wrong = await config(bench, { "denit.yaml": "services: {web: {comand: a}}" }, [quiet]);
      deepEqual([wrong.code, wrong.stdout], [125, ""]);
      match(wrong.stderr, /comand: unknown key; did you mean "command"\?$/m);
    },
  );
}

inEachMode("warns of what it prints all the same", async (bench) => {
  const { code, stdout, stderr } = await config(bench, {
    "denit.yaml": "version: '3'\nservices:\n  web: {command: [a, $NO_SUCH_VARIABLE]}\n",
  });
  equal(code, 0);
  match(stdout, /^services:$/m);
  deepEqual(stderr.trimEnd().split("\n"), [
    "denit: warning: ./denit.yaml:1:1: version: means nothing, to Compose neither",
    "denit: warning: ./denit.yaml:3:22: services.web.command[1]: the variable NO_SUCH_VARIABLE is not set: taken as empty",
  ]);
});

const LARGE = `services: {web: {command: [${Array.from({ length: 30_000 }, (_, i) => `w${i}`)}]}}`;

inEachMode("a reader that is slow gets all that it prints", async (bench) => {
  const { stdout: whole } = await config(bench, { "denit.yaml": LARGE });
  const cwd = folderWith(bench, { "denit.yaml": LARGE });
  const outside = ["sh", "-c", '{ "$@"; echo "code $?"; } | { sleep 1; cat; }', "sh"];
  const { stdout, stderr } = await bench.run(["config"], { cwd, outside });
  ok(stdout.length > 300_000);
  deepEqual([stdout, stderr], [`${whole}code 0\n`, ""]);
});

inEachMode("TERM ends it while its reader does not go on", async (bench) => {
  const cwd = folderWith(bench, { "denit.yaml": LARGE });
  const outside = ["sh", "-c", '{ "$@"; echo "code $?" >&2; } | { head -n 1; exec sleep 1000; }', "sh"];
  const denit = bench.denit(["config"], { cwd, outside });
  await denit.stdout.shows(/^services:$/);
  await denit.signal(SIGTERM);
  await denit.stderr.shows(/^code 143$/);
});

inEachMode("a reader that leaves is no error", async (bench) => {
  const cwd = folderWith(bench, { "denit.yaml": LARGE });
  const outside = ["sh", "-c", '{ "$@"; echo "code $?" >&2; } | head -n 1', "sh"];
  const { stdout, stderr } = await bench.run(["config"], { cwd, outside });
  deepEqual([stdout, stderr], ["services:\n", "code 0\n"]);
});

inEachMode("warns of a service that has more time to stop than --timeout, or its default", async (bench) => {
  const files = { "denit.yaml": "services:\n  web: {command: a, stop_grace_period: 20s}\n" };
  const warned = await config(bench, files);
  match(warned.stderr, /web\.stop_grace_period: 20s is more than the 9s of the whole shutdown/);
  equal((await config(bench, files, ["--timeout", "20s"])).stderr, "");
});

inEachMode("standard input is no file of services, to config and up alike", async (bench) => {
  const outside = ["sh", "-c", `echo 'services: {web: {command: "true"}}' | "$@"`, "sh"];
  for (const words of [["config", "-f", "-"], ["up", "-f", "/dev/stdin"], ["config", "-f", "/dev/stdin"]]) {
    const { code, stdout, stderr } = await bench.run(words, { outside });
    deepEqual([code, stdout], [125, ""]);
    match(stderr, /^denit: error: Cannot read \S+: the file of services is read again at each HUP; .*\n$/);
  }
});

inEachMode("--schema prints a JSON Schema, and needs no file", async (bench) => {
  const { code, stdout, stderr } = await config(bench, {}, ["--schema"]);
  deepEqual([code, stderr], [0, ""]);
  const schema = JSON.parse(stdout);
  equal(schema.$schema, "http://json-schema.org/draft-07/schema#");
  ok("healthcheck" in schema.properties.services.additionalProperties.properties);
});

inEachMode("starts nothing", async (bench) => {
  const { code, folder } = await config(bench, { "denit.yaml": { services: { web: sh(": > started") } } });
  equal(code, 0);
  deepEqual(namesIn(folder), ["denit.yaml"]);
});

/** Files that are right, and with something wrong in what is read for services; each has a secret. */
const TELLING: Readonly<Record<string, Readonly<Record<string, FileOfServices | string>>>> = {
  "of a right file": { "denit.yaml": FILE, ...BESIDE },
  "of an env_file with a slip": { "denit.yaml": FILE, ...BESIDE, "web.env": "TOKEN='hush\n" },
  "of an env_file with text behind a quote": { "denit.yaml": FILE, ...BESIDE, "web.env": "TOKEN='a' hush\n" },
  "of an env_file without a name": { "denit.yaml": FILE, ...BESIDE, "web.env": "hush hush\n" },
  "of an env_file with a password that looks like a variable": {
    "denit.yaml": FILE,
    ...BESIDE,
    "web.env": "TOKEN=a$hush\n",
  },
  "of an env_file with a key of several lines": {
    "denit.yaml": FILE,
    ...BESIDE,
    "web.env": "TOKEN=MII\nhush/+hush\n",
  },
  "of an env_file that is a secret itself": {
    "denit.yaml": FILE,
    ...BESIDE,
    "web.env": "hush: hush: hush\n",
  },
};

for (const [name, files] of Object.entries(TELLING)) {
  inEachMode(`a secret is in no line, ${name}`, async (bench) => {
    for (const words of [[], ["-q"]]) {
      const { stdout, stderr } = await config(bench, files, words);
      doesNotMatch(stdout + stderr, /hush/);
    }
  });
}

async function config(
  bench: Bench,
  files: Readonly<Record<string, FileOfServices | string>>,
  words: readonly string[] = [],
): Promise<Ended & { readonly folder: string }> {
  const folder = folderWith(bench, files);
  return { ...await bench.run(["config", ...words], { cwd: folder }), folder };
}
