/** What `denit up` refuses before it starts anything: the lines that tell it, and exit code 125. */

import { deepEqual, equal } from "../../assert.ts";
import { type Bench, inEachMode, type Setting } from "../support/bench.ts";
import { type FileOfServices, folderWith, namesIn } from "./support.ts";

const DOCKERS = "belongs to Docker: denit starts processes, not containers; leave it out or use --compat";

interface Case {
  /** Files by their paths in the folder that denit is started in. */
  readonly files: Readonly<Record<string, FileOfServices | string | Uint8Array>>;
  readonly words?: readonly string[];
  readonly setting?: Setting;
  /** What denit says; FOLDER stands for the folder that it was started in. */
  readonly says: readonly string[];
}

/** A service that would be seen to have been started. */
const RIGHT = "services:\n  right: {command: [touch, started]}\n";

const LINE: Readonly<Record<string, Case>> = {
  "an unknown option": {
    files: { "denit.yaml": RIGHT },
    words: ["--bogus"],
    says: ["unknown option --bogus; denit up --help lists them"],
  },
  "an option with a slip": {
    files: { "denit.yaml": RIGHT },
    words: ["--profle", "debug"],
    says: ['unknown option --profle; denit up --help lists them; did you mean "--profile"?'],
  },
  "an option without its value": {
    files: { "denit.yaml": RIGHT },
    words: ["--file"],
    says: ["--file needs a value: --file FILE"],
  },
  "two files": {
    files: { "denit.yaml": RIGHT },
    words: ["-f", "denit.yaml", "--file=denit.yaml"],
    says: ["--file is there twice; name the other one in it, under include"],
  },
  "an option behind a service": {
    files: { "denit.yaml": RIGHT },
    words: ["-v", "right", "--timeout", "1s"],
    says: ["options come before services: denit up -v --timeout 1s right"],
  },
  "an option behind a service, with a word that needs quotes": {
    files: { "denit.yaml": RIGHT },
    words: ["right", "--profile", "a b"],
    says: ["options come before services: denit up --profile 'a b' right"],
  },
  "a timeout that is no duration": {
    files: { "denit.yaml": RIGHT },
    words: ["--timeout", "soon"],
    says: ['--timeout: "soon" is not valid; expected a duration such as 500ms, 8s or 1m30s, at most a year'],
  },
  "a variable with a bad value": {
    files: { "denit.yaml": RIGHT },
    setting: { env: { DENIT_LOG_FORMAT: "jsn" } },
    says: ['DENIT_LOG_FORMAT=jsn: "jsn" is not valid; expected text or json; did you mean "json"?'],
  },
  "a folder for logs that is not absolute": {
    files: { "denit.yaml": RIGHT },
    words: ["--log-folder", "logs"],
    says: ['--log-folder: "logs" is not valid; expected an absolute path'],
  },
  "a service that is not in the file": {
    files: { "denit.yaml": RIGHT },
    words: ["rihgt"],
    says: ['./denit.yaml: no service "rihgt" in the file; did you mean "right"?'],
  },
  "two services of which one is there": {
    files: { "denit.yaml": RIGHT },
    words: ["right", "zzz"],
    says: ['./denit.yaml: no service "zzz" in the file'],
  },
};

const FILE: Readonly<Record<string, Case>> = {
  "no file at all": {
    files: {},
    says: [
      "Cannot find a file of services: there is no ./denit.yaml and no /etc/denit.yaml; write one, or name it by --file FILE",
    ],
  },
  "a file in the place of a service": {
    files: { "other.yml": RIGHT },
    words: ["other.yml"],
    says: [
      "Cannot find a file of services: there is no ./denit.yaml and no /etc/denit.yaml; write one, or name it by --file other.yml",
    ],
  },
  "a file that is not there": {
    files: { "denit.yaml": RIGHT },
    words: ["-f", "no.yaml"],
    says: ["no.yaml: Cannot read FOLDER/no.yaml: no such file or directory"],
  },
  "a file that is not there, by DENIT_FILE": {
    files: { "denit.yaml": RIGHT },
    setting: { env: { DENIT_FILE: "no.yaml" } },
    says: ["no.yaml: Cannot read FOLDER/no.yaml: no such file or directory"],
  },
  "a folder in the place of the file": {
    files: { "denit.yaml/inner": "" },
    says: ["./denit.yaml: Cannot read FOLDER/denit.yaml: is a directory"],
  },
  "a file of ten megabytes": {
    files: { "denit.yaml": `${RIGHT}# ${"x".repeat(10_000_000)}\n` },
    says: ["./denit.yaml: the file is larger than 1024 KiB"],
  },
  "an endless file": {
    files: {},
    words: ["-f", "/dev/zero"],
    says: ["/dev/zero: Cannot read /dev/zero: it is larger than 16777216 bytes"],
  },
  "a file that is not UTF-8": {
    files: { "denit.yaml": new TextEncoder().encode(RIGHT).with(0, 0xff) },
    says: ["./denit.yaml: the file is not UTF-8"],
  },
  "an empty file": { files: { "denit.yaml": "" }, says: ["./denit.yaml: the file is empty"] },
  "no services": {
    files: { "denit.yaml": "name: shop\n" },
    says: ["./denit.yaml: the file has no services"],
  },
  "an included file that is not there": {
    files: { "denit.yaml": `include: [no.yaml]\n${RIGHT}` },
    says: ["./denit.yaml:1:11: include[0]: Cannot read FOLDER/no.yaml: no such file or directory"],
  },
  "files that include each other": {
    files: { "denit.yaml": `include: [a.yaml]\n${RIGHT}`, "a.yaml": "include: [denit.yaml]\n" },
    says: ["a.yaml:1:11: include[0]: a circle of files: ./denit.yaml -> a.yaml -> ./denit.yaml"],
  },
};

const KEYS: Readonly<Record<string, Case>> = {
  "a circle of dependencies": {
    files: {
      "denit.yaml": `${RIGHT}  web: {command: a, depends_on: [db]}
  db:
    command: b
    depends_on:
      disk: {condition: service_started}
  disk: {command: c, depends_on: [web]}
`,
    },
    says: ["./denit.yaml:3:34: services.web.depends_on[0]: a circle: web -> db -> disk -> web"],
  },
  "Docker's keys": {
    files: {
      "denit.yaml": `${RIGHT}  web: {command: a, image: web, ports: ["80:80"]}\nvolumes: {data: {}}\n`,
    },
    says: [
      `./denit.yaml:3:21: services.web.image: ${DOCKERS}`,
      `./denit.yaml:3:33: services.web.ports: ${DOCKERS}`,
      `./denit.yaml:4:1: volumes: ${DOCKERS}`,
    ],
  },
  "tty and stdin_open": {
    files: { "denit.yaml": `${RIGHT}  web: {command: a, tty: true, stdin_open: true}\n` },
    says: [
      "./denit.yaml:3:21: services.web.tty: services share no terminal: their output is denit's; leave it out or use --compat",
      "./denit.yaml:3:32: services.web.stdin_open: services share no terminal: their input is /dev/null; leave it out or use --compat",
    ],
  },
  "several problems, also in what is included, in the order of the files": {
    files: {
      "denit.yaml": `include: [more.yaml]
services:
  right: {command: [touch, started], helthcheck: {}}
  web:
    command: a && b
    depends_on: [dbb]
  cache:
    command: c
    umask: 022
`,
      "more.yaml": "services:\n  db: {comand: db}\n",
    },
    says: [
      './denit.yaml:3:38: services.right.helthcheck: unknown key; did you mean "healthcheck"?',
      './denit.yaml:5:14: services.web.command: & needs a shell: write ["/bin/sh", "-c", "..."], or put it in quotes',
      './denit.yaml:6:18: services.web.depends_on[0]: no service "dbb" in the file; did you mean "db"?',
      './denit.yaml:9:12: services.cache.umask: expected an octal number such as "022"; put it in quotes',
      'more.yaml:2:8: services.db.comand: unknown key; did you mean "command"?',
    ],
  },
  "a variable that must be set": {
    files: { "denit.yaml": `${RIGHT}  web: {command: ["a", "\${NO_SUCH_VARIABLE:?say which}"]}\n` },
    says: [
      "./denit.yaml:3:24: services.web.command[1]: the variable NO_SUCH_VARIABLE must be set: say which",
    ],
  },
  "an env_file and a secret that are not there": {
    files: {
      "denit.yaml": `${RIGHT}  web:
    command: a
    env_file: no.env
    environment: {DB_FILE: /run/secrets/db}
    secrets: [db]
secrets: {db: {file: db.txt}}
`,
    },
    says: [
      "./denit.yaml:5:15: services.web.env_file: Cannot read FOLDER/no.env: no such file or directory",
      './denit.yaml:6:28: services.web.environment.DB_FILE: Cannot read the secret "db": FOLDER/db.txt: no such file or directory',
    ],
  },
};

for (const [name, each] of Object.entries({ ...LINE, ...FILE, ...KEYS })) {
  inEachMode(`refused: ${name}`, async (bench) => await isRefused(bench, each));
}

async function isRefused(bench: Bench, { files, words = [], setting, says }: Case): Promise<void> {
  const folder = folderWith(bench, files);
  const before = namesIn(folder);
  const { code, stdout, stderr } = await bench.run(["up", ...words], { ...setting, cwd: folder });
  deepEqual(
    stderr.trimEnd().split("\n"),
    says.map((line) => `denit: error: ${line.replaceAll("FOLDER", folder)}`),
  );
  deepEqual([code, stdout], [125, ""]);
  deepEqual(namesIn(folder), before, "nothing was started");
}

inEachMode("refused in objects, where that is asked for", async (bench) => {
  const folder = folderWith(bench, { "denit.yaml": "services: {web: {comand: a}}" });
  const { code, stderr } = await bench.run(["up", "--log-format", "json"], { cwd: folder });
  equal(code, 125);
  const lines = stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
  deepEqual(lines.map(({ level }) => level), ["error"]);
});
