/** What a file says of a program reaches it: each key, by what the service itself sees. */

import { deepEqual, equal, match } from "../../assert.ts";
import { type Bench, inEachMode, type Setting } from "../support/bench.ts";
import { type FileOfServices, folderWith, runUp, sh, untilIs } from "./support.ts";

interface Case {
  readonly file: FileOfServices | string;
  /** Other files, by their paths from the folder that denit is started in. */
  readonly beside?: Readonly<Record<string, string>>;
  readonly words?: readonly string[];
  readonly setting?: Setting;
  /** What the services print, sorted: they run side by side. */
  readonly prints: readonly string[];
  /** What denit says. */
  readonly says?: string;
}

/** Prints each of its arguments. */
const SHOW = ["printf", "<%s>"] as const;
/** Prints the mark of the program, with N for each number. */
const PRINT_MARK = 'echo "$DENIT_MARK" | sed "s/[0-9][0-9]*/N/g"';

const COMMAND: Readonly<Record<string, Case>> = {
  "a command that is a list is given as it is": {
    file: web({ command: [...SHOW, "a  b", "$$HOME", "*", "", "é"] }),
    prints: ["<a  b><$HOME><*><><é>"],
  },
  "a command that is a text is split as by Compose, without a shell": {
    file: web({ command: `printf '<%s>' "a  b" c\\ d '' "it's" $$HOME * x"y"z` }),
    prints: ["<a  b><c d><><it's><$HOME><*><xyz>"],
  },
  "command stands behind entrypoint": {
    file: web({ entrypoint: SHOW, command: "a 'b c'" }),
    prints: ["<a><b c>"],
  },
  "entrypoint alone is enough, also as a text": {
    file: web({ entrypoint: "printf '<%s>' a" }),
    prints: ["<a>"],
  },
  "a script without a #! line is run by sh": {
    file: web({ command: ["./script", "a b"] }),
    beside: { script: 'echo "$0 <$1>"\n' },
    prints: ["./script <a b>"],
  },
  "a program is looked up in the PATH of its service": {
    file: web({ command: ["tool"], environment: { PATH: "${PWD}/bin:/usr/bin:/bin" } }),
    beside: { "bin/tool": "#!/bin/sh\necho tool of the service\n" },
    prints: ["tool of the service"],
  },
};

const ENVIRONMENT: Readonly<Record<string, Case>> = {
  "environment as a mapping: texts, numbers as they are written, true and nothing": {
    file: `services:
  web:
    command: ["sh", "-c", 'echo "$$TEXT,$$NUMBER,$$FLAG,<$$EMPTY>,$$OURS,$\${NOT_OURS-unset}"']
    environment: {TEXT: "a b", NUMBER: 1.50, FLAG: true, EMPTY: "", OURS: , NOT_OURS: }`,
    setting: { env: { OURS: "from denit" } },
    prints: ["a b,1.50,true,<>,from denit,unset"],
  },
  "environment as a list: a name alone takes denit's value, if it has one": {
    file: web(sh('echo "$A,$OURS,${NOT_OURS-unset}"', { environment: ["A=b=c", "OURS", "NOT_OURS"] })),
    setting: { env: { OURS: "from denit" } },
    prints: ["b=c,from denit,unset"],
  },
  "denit's own environment is passed on, and what the file says wins": {
    file: web(sh('echo "$KEPT,$CHANGED"', { environment: { CHANGED: "by the file" } })),
    setting: { env: { KEPT: "kept", CHANGED: "no" } },
    prints: ["kept,by the file"],
  },
  "env_file: comments, quotes, export, variables": {
    file: web(sh('echo "$A|$B|$C|$D|$E"', { env_file: "web.env" })),
    beside: {
      "web.env": `# a comment\nA=a b # and another\nexport B='$A'\nC="two\\tparts \${A}"\nD=$OURS\nE: yaml\n`,
    },
    setting: { env: { OURS: "ours" } },
    prints: ["a b|$A|two\tparts a b|ours|yaml"],
  },
  "env_file: the later file wins, and environment over both": {
    file: web(sh('echo "$A$B$C"', { env_file: ["1.env", "2.env"], environment: { C: "3" } })),
    beside: { "1.env": "A=1\nB=1\nC=1\n", "2.env": "B=2\nC=2\n" },
    prints: ["123"],
  },
  "env_file: a file that is not required may be missing, and a raw one is taken letter by letter": {
    file: web(sh('echo "$A"', {
      env_file: [{ path: "no.env", required: false }, { path: "raw.env", format: "raw" }],
    })),
    beside: { "raw.env": "A='$B' # c\n" },
    prints: ["'$B' # c"],
  },
  "variables: their values, defaults and alternatives": {
    file: web({
      command: [...SHOW, "${X}", "$X", "${NO:-d}", "${EMPTY:-d}", "${EMPTY-d}", "${X:+a}", "${NO:-$X}"],
    }),
    setting: { env: { X: "x", EMPTY: "" } },
    prints: ["<x><x><d><d><><a><x>"],
  },
  "variables: one that is not set is told, and taken as empty": {
    file: `services:\n  web:\n    command: ["printf", "<%s>", "$NO_SUCH_VARIABLE"]`,
    prints: ["<>"],
    says:
      "denit: warning: ./denit.yaml:3:33: services.web.command[2]: the variable NO_SUCH_VARIABLE is not set: taken as empty\n",
  },
  "all programs of a service bear its mark": {
    file: web(sh(`until test -e hook; do sleep 0.01; done; ${PRINT_MARK}`, {
      post_start: [sh(`${PRINT_MARK}; : > hook`)],
    })),
    prints: ["N-N/web/main", "N-N/web/post_start"],
  },
};

const SETTING: Readonly<Record<string, Case>> = {
  "working_dir": {
    file: services({
      there: sh("pwd", { working_dir: "/usr/bin" }),
      here: sh("test -e denit.yaml && echo here"),
    }),
    prints: ["/usr/bin", "here"],
  },
  "working_dir may start at the folder that denit is started in": {
    file: web({ command: ["./tool"], working_dir: "deep/er" }),
    beside: { "deep/er/tool": "#!/bin/sh\necho deeper\n" },
    prints: ["deeper"],
  },
  "umask, of this service alone": {
    file: services({ one: sh("echo one $(umask)", { umask: "027" }), other: sh("echo other $(umask)") }),
    setting: { inside: ["sh", "-c", 'umask 002; exec "$@"', "sh"] },
    prints: ["one 0027", "other 0002"],
  },
  "nice, of this service alone": {
    file: services({
      one: sh(`${untilIs("nice", 7)}; echo one is`, { nice: 7 }),
      other: sh("echo other $(nice)"),
    }),
    prints: ["one is", "other 0"],
  },
  "oom_score_adj, of this service alone": {
    file: services({
      one: sh(`${untilIs("cat /proc/self/oom_score_adj", 321)}; echo one is`, { oom_score_adj: 321 }),
      other: sh("echo other $(cat /proc/self/oom_score_adj)"),
    }),
    setting: { inside: ["sh", "-c", 'echo 5 > /proc/self/oom_score_adj; exec "$@"', "sh"] },
    prints: ["one is", "other 5"],
  },
  "standard input is empty, whatever denit's is": {
    file: web(sh("readlink /proc/self/fd/0; wc -c")),
    setting: { inside: ["sh", "-c", 'echo for denit | exec "$@"', "sh"] },
    prints: ["/dev/null", "0"].toSorted(),
  },
  "no signal is blocked or ignored": {
    file: web({ command: ["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"] }),
    prints: ["SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000"],
  },
  "a signal that denit was started ignoring stays ignored": {
    file: web({ command: ["grep", "^SigIgn", "/proc/self/status"] }),
    setting: { inside: ["sh", "-c", 'trap "" HUP; exec "$@"', "sh"] },
    prints: ["SigIgn:\t0000000000000001"],
  },
};

const SELECTION: Readonly<Record<string, Case>> = {
  "scale": {
    file: web(sh("echo $DENIT_MARK | cut -d/ -f2", { scale: 3 })),
    prints: ["web-1", "web-2", "web-3"],
  },
  "deploy.replicas": {
    file: web(sh("echo $DENIT_MARK | cut -d/ -f2", { deploy: { replicas: 2 } })),
    prints: ["web-1", "web-2"],
  },
  "no replicas at all": {
    file: services({ none: sh("echo none", { scale: 0 }), one: sh("echo one") }),
    prints: ["one"],
  },
  "without a profile only who has none": { file: withProfiles(), prints: ["always"] },
  "--profile": { file: withProfiles(), words: ["--profile", "debug"], prints: ["always", "debug"] },
  "--profile twice": {
    file: withProfiles(),
    words: ["--profile", "debug", "--profile=metrics"],
    prints: ["always", "debug", "metrics"],
  },
  "DENIT_PROFILE": {
    file: withProfiles(),
    setting: { env: { DENIT_PROFILE: "debug,metrics" } },
    prints: ["always", "debug", "metrics"],
  },
  "who is named needs no profile": { file: withProfiles(), words: ["metrics"], prints: ["metrics"] },
  "who is named brings those it depends on, and nobody else": {
    file: services({
      web: sh("echo web", { depends_on: ["db"] }),
      db: sh("echo db", { depends_on: { disk: { condition: "service_completed_successfully" } } }),
      disk: sh("echo disk"),
      other: sh("echo other"),
    }),
    words: ["web"],
    prints: ["db", "disk", "web"],
  },
};

const FILE: Readonly<Record<string, Case>> = {
  "include: the paths of a file are relative to its own folder": {
    file: { include: ["parts/db.yaml", { path: "cache.yaml" }], services: { web: sh("echo web") } },
    beside: {
      "parts/db.yaml": JSON.stringify(services({ db: sh('echo "$DB"', { env_file: "db.env" }) })),
      "parts/db.env": "DB=db\n",
      "cache.yaml": JSON.stringify(services({ cache: sh("echo cache", { depends_on: ["db"] }) })),
    },
    prints: ["cache", "db", "web"],
  },
  "anchors, merge keys and keys that begin with x-": {
    file: `name: shop
x-env: &env {A: a, B: b}
x-service: &service
  command: ["sh", "-c", "echo $$A$$B$$C"]
services:
  one: {<<: *service, environment: *env, x-note: anything}
  two: {<<: *service, environment: {<<: *env, B: own, C: c}}`,
    prints: ["ab", "aownc"],
  },
  "the file that --file names": {
    file: web(sh("echo the usual one")),
    beside: { "other.yaml": JSON.stringify(web(sh("echo the other one"))) },
    words: ["--file", "other.yaml"],
    prints: ["the other one"],
  },
  "the file that DENIT_FILE names": {
    file: web(sh("echo the usual one")),
    beside: { "other.yaml": JSON.stringify(web(sh("echo the other one"))) },
    setting: { env: { DENIT_FILE: "other.yaml" } },
    prints: ["the other one"],
  },
  "the file of the command line, whatever DENIT_FILE names": {
    file: web(sh("echo the usual one")),
    words: ["-f", "denit.yaml"],
    setting: { env: { DENIT_FILE: "other.yaml" } },
    prints: ["the usual one"],
  },
  "--compat: what is Docker's is passed over": {
    file: {
      services: { web: sh("echo web", { image: "web", ports: ["80:80"], tty: true }) },
      volumes: { v: {} },
    },
    words: ["--compat"],
    prints: ["web"],
  },
};

const ALL = { ...COMMAND, ...ENVIRONMENT, ...SETTING, ...SELECTION, ...FILE };
for (
  const [name, { file, beside = {}, words = [], setting = {}, prints, says = "" }] of Object.entries(ALL)
) {
  inEachMode(name, async (bench) => {
    const cwd = folderWith(bench, { "denit.yaml": file, ...beside });
    for (const path of Object.keys(beside)) await Deno.chmod(`${cwd}/${path}`, 0o755);
    const { env } = setting;
    const all = { ...setting, cwd, env: { PWD: cwd, ...env } };
    const { code, stdout, stderr } = await bench.run(["up", "--no-log-prefix", ...words], all);
    const printed = stdout.split("\n").filter((line) => line !== "").toSorted();
    deepEqual([code, printed, stderr], [0, [...prints], says]);
  });
}

inEachMode("each replica has its own name in front of its lines", async (bench) => {
  const { stdout } = await runUp(
    bench,
    services({ web: sh("echo hello", { scale: 2 }), a: sh("echo hello") }),
  );
  deepEqual(stdout.trimEnd().split("\n").toSorted(), ["a      | hello", "web-1  | hello", "web-2  | hello"]);
});

inEachMode("a program that is not in the PATH of its service cannot be started", async (bench) => {
  const { code, stderr } = await runUp(
    bench,
    web({ command: ["sh"], environment: { PATH: "/no/such/folder" } }),
  );
  equal(code, 127);
  match(stderr, /^denit: error: Cannot start web \(sh\): .+\n/);
});

inEachMode("a working_dir that is not there is a start that fails", async (bench) => {
  const { code, stderr } = await runUp(bench, web(sh("echo never", { working_dir: "/no/such/folder" })));
  equal(code, 127);
  match(
    stderr,
    /^denit: error: Cannot start web \(sh -c .+\): its working directory \/no\/such\/folder does not exist\n/,
  );
});

for (const words of [[], ["--no-log-prefix"], ["--log-format=json"]]) {
  inEachMode(
    `a service has its three streams and no other descriptor, with ${words[0] ?? "prefixes"}`,
    async (bench) => await seesThreeDescriptors(bench, words),
  );
}

/** denit is given descriptors that are open, and others of its services are open when each is started. */
async function seesThreeDescriptors(bench: Bench, words: readonly string[]): Promise<void> {
  const see = sh('ls -m "/proc/$$/fd"; echo seen');
  const { code, stdout } = await runUp(
    bench,
    services(Object.fromEntries(["a", "b", "c", "d"].map((name) => [name, see]))),
    words,
    { inside: ["bash", "-c", 'exec "$@" 3< /dev/null 7> /dev/null 200< /dev/null', "bash"] },
  );
  equal(code, 0);
  deepEqual(stdout.match(/\d(?:, \d+)+/g), ["0, 1, 2", "0, 1, 2", "0, 1, 2", "0, 1, 2"]);
}

function services(all: FileOfServices): FileOfServices {
  return { services: all };
}

function web(service: FileOfServices): FileOfServices {
  return services({ web: service });
}

function withProfiles(): FileOfServices {
  return services({
    always: sh("echo always"),
    debug: sh("echo debug", { profiles: ["debug"] }),
    metrics: sh("echo metrics", { profiles: ["metrics", "more"] }),
  });
}
