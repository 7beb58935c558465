import type { SpawnFailure } from "../../ffi/executable.ts";
import { deepEqual, equal, match, ok } from "../assert.ts";
import { EMULATED, testWith } from "../emulated.ts";
import { fixture } from "../fixture.ts";
import { tempFolder } from "../temp_folder.ts";
import { ON_TERMINAL } from "../terminal.ts";
import { noHolding } from "./posix.ts";
import type { StartServiceFixture, Wish } from "./start_service_fixture.ts";

const starting = fixture<StartServiceFixture>(import.meta.resolve("./start_service_fixture.ts"));

const isRoot = Deno.uid() === 0;
const APP = { uid: 1234, gid: 2345, groups: [2345, 5, 7] } as const;
const EXITED_0 = { name: "exited", code: 0 } as const;
const SHOW_STATUS = ["cat", "/proc/self/status"] as const;

/** What stands behind each of these names in a `/proc/PID/status`. */
function statusOf(status: string, ...names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => {
    const line = new RegExp(`^${name}:\\s*(.*?)\\s*$`, "m").exec(status);
    return [name, line?.[1] ?? "no such line"];
  }));
}

// As whom

Deno.test({
  name: "starts a program as another user, with his groups and no capabilities, and stays what it is",
  ignore: !isRoot,
  async fn() {
    const { result, output } = await starting.call("runAll", [[{ argv: SHOW_STATUS, credentials: APP }]]);
    deepEqual(result.outcomes.map((outcome) => "status" in outcome && outcome.status), [EXITED_0]);
    deepEqual(statusOf(output, "Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapAmb"), {
      Uid: "1234\t1234\t1234\t1234",
      Gid: "2345\t2345\t2345\t2345",
      Groups: "5 7 2345",
      CapInh: "0000000000000000",
      CapPrm: "0000000000000000",
      CapEff: "0000000000000000",
      CapAmb: "0000000000000000",
    });
    deepEqual(result.after, result.before);
    equal(result.before.threads.length, 1); // all are the same
    equal(result.before.process["parentDeathSignal"], 15);
  },
});

Deno.test({
  name: "gives another user none of the capabilities that programs of its own would inherit",
  ignore: !isRoot,
  async fn() {
    const { result, output } = await starting.call("runAll", [[{ argv: SHOW_STATUS, credentials: APP }]], {
      through: ["setpriv", "--inh-caps", "+net_raw,+chown", "--ambient-caps", "+net_raw,+chown"],
    });
    const none = "0000000000000000";
    deepEqual(statusOf(output, "CapInh", "CapPrm", "CapAmb"), { CapInh: none, CapPrm: none, CapAmb: none });
    match(result.before.threads.join(), /CapAmb:\t0000000000002001/);
    deepEqual(result.after, result.before);
  },
});

Deno.test({
  name: "root with other groups keeps its capabilities, as in Docker",
  ignore: !isRoot,
  async fn() {
    const credentials = { uid: 0, gid: 42, groups: [42] };
    const { result, output } = await starting.call("runAll", [[{ argv: SHOW_STATUS, credentials }]]);
    const own = /CapEff:\t(\w+)/.exec(result.before.threads[0]!)![1]!;
    deepEqual(statusOf(output, "Uid", "Gid", "Groups", "CapEff"), {
      Uid: "0\t0\t0\t0",
      Gid: "42\t42\t42\t42",
      Groups: "42",
      CapEff: own,
    });
    deepEqual(result.after, result.before);
  },
});

Deno.test({
  name: "stays what it is whatever becomes of the start",
  ignore: !isRoot,
  async fn() {
    await using folder = await tempFolder();
    await Deno.mkdir(`${folder.path}/private`, { mode: 0o700 });
    const all: Partial<Wish> = {
      credentials: APP,
      umask: 0o077,
      nice: 3,
      oomScoreAdjust: 500,
      limits: [{ resource: "nofile", soft: 50, hard: 60 }, { resource: "as", soft: 10 ** 9, hard: -1 }],
    };
    const { result } = await starting.call("runAll", [[
      { argv: ["true"], ...all },
      { argv: ["no-such-command"], ...all },
      { argv: ["true"], ...all, workingDirectory: "/no/such/folder" },
      { argv: ["true"], ...all, workingDirectory: `${folder.path}/private` },
      { argv: [`${folder.path}/private/web`], ...all },
      { argv: ["true", 200_000], ...all },
    ]]);
    deepEqual(result.after, result.before);
    deepEqual(
      result.outcomes.map((outcome) => "pid" in outcome ? outcome.problems : outcome.reason.split(" (")[0]),
      [
        [],
        "no such command in PATH",
        "its working directory /no/such/folder does not exist",
        `its working directory ${folder.path}/private may not be entered`,
        "it is not an executable file, or its folder may not be searched",
        "argument list too long",
      ],
    );
  },
});

const NO_PERMIT = "which takes root, or CAP_SETUID and CAP_SETGID";

Deno.test({
  name: "who is not root starts programs as itself alone",
  ignore: !isRoot,
  async fn() {
    const self = { uid: 65534, gid: 0, groups: [] };
    const { result } = await starting.call("runAs", [65534, [
      { argv: ["true"] },
      { argv: ["true"], credentials: self },
      { argv: ["true"], credentials: { ...self, groups: [self.gid] } },
      { argv: ["true"], credentials: { ...self, uid: 0 } },
      { argv: ["true"], credentials: { ...self, gid: 5 } },
      { argv: ["true"], credentials: { ...self, groups: [5] } },
      { argv: ["true"], credentials: self },
    ]], { through: ["setpriv", "--clear-groups"] });
    const refused = ["become user 0", "have the groups 5", "have the groups 0, 5"].map((what) =>
      `refused: denit may not ${what} (operation not permitted), ${NO_PERMIT}`
    );
    deepEqual(
      result.map((outcome) => "pid" in outcome ? "started" : `${outcome.name}: ${outcome.reason}`),
      ["started", "started", "started", ...refused, "started"],
    );
  },
});

for (const missing of ["-setuid", "-setgid", "-setuid,-setgid"]) {
  Deno.test({
    name: `root without the capabilities for it (${missing}) is refused, and stays what it is`,
    ignore: !isRoot,
    async fn() {
      const { result } = await starting.call("runAll", [[
        { argv: ["true"], credentials: APP },
        { argv: ["true"] },
      ]], { through: ["setpriv", "--bounding-set", missing] });
      const [first, second] = result.outcomes;
      equal(
        "reason" in first! && first.reason,
        `denit may not become user 1234 (operation not permitted), ${NO_PERMIT}`,
      );
      deepEqual("status" in second! && second.status, EXITED_0);
      deepEqual(result.after, result.before);
    },
  });
}

// Where

Deno.test("starts a program in its working directory", async () => {
  await using folder = await tempFolder();
  const { output } = await starting.call("run", [{ argv: ["pwd", "-P"], workingDirectory: folder.path }]);
  equal(output.trim(), await Deno.realPath(folder.path));
});

Deno.test("starts a program as leader of a session of its own, without a terminal", async () => {
  const argv = ["sh", "-c", "cat /proc/$$/stat; : < /dev/tty"];
  const { result, output } = await starting.call("run", [{ argv, stderr: "null" }], { through: ON_TERMINAL });
  ok("pid" in result);
  const [, , , group, session, terminal] = output.slice(output.lastIndexOf(") ")).split(" ").map(Number);
  deepEqual({ group, session, terminal }, { group: result.pid, session: result.pid, terminal: 0 });
  ok(result.status.name === "exited" && result.status.code !== 0); // it cannot open one either
});

// With what environment

Deno.test("gives the program its environment and no other", async () => {
  const variables = {
    DENIT_NEW: "x=y\u{fc}",
    DENIT_GONE: null,
    PATH: "/bin:/usr/bin",
    DENIT_KEPT: "changed",
  };
  const { output } = await starting.call("run", [{ argv: ["env", "-0"], variables }], {
    env: { DENIT_GONE: "1", DENIT_KEPT: "1" },
  });
  const entries = output.split("\0");
  deepEqual(entries.filter((entry) => /^(DENIT_|PATH=)/.test(entry)).sort(), [
    "DENIT_KEPT=changed",
    "DENIT_NEW=x=y\u{fc}",
    "PATH=/bin:/usr/bin",
  ]);
});

Deno.test("looks for the command in the program's PATH, from its working directory", async () => {
  await using folder = await tempFolder();
  await Deno.mkdir(`${folder.path}/bin/web`, { recursive: true });
  await Deno.mkdir(`${folder.path}/sbin`);
  await folder.write("sbin/web", '#!/bin/sh\necho "$0 $1"\n', 0o755);
  const wish = { argv: ["web", "x"], workingDirectory: folder.path };
  for (
    const [PATH, found] of [
      ["bin:sbin", "sbin/web x\n"],
      [`/no/such:${folder.path}/sbin`, `${folder.path}/sbin/web x\n`],
    ] as const
  ) {
    equal((await starting.call("run", [{ ...wish, variables: { PATH } }])).output, found);
  }
  const { output } = await starting.call("run", [{
    ...wish,
    workingDirectory: `${folder.path}/sbin`,
    variables: { PATH: "/no/such:" },
  }]);
  equal(output, "./web x\n");
});

Deno.test("finds commands where the system keeps them when the program has no PATH", async () => {
  const { result } = await starting.call("run", [{ argv: ["true"], variables: { PATH: null } }]);
  ok("status" in result, JSON.stringify(result));
});

Deno.test("runs a script without #! by /bin/sh, by the path that it was given", async () => {
  await using folder = await tempFolder();
  await folder.write("web", 'echo "$0 $1"\n', 0o755);
  const argv = ["./web", "a b"];
  const { output } = await starting.call("run", [{ argv, workingDirectory: folder.path }]);
  equal(output, "./web a b\n");
});

// With what descriptors and signals

Deno.test("an empty standard input, and outputs of denit's own", async () => {
  const argv = ["sh", "-c", "wc -c; echo error >&2; readlink /proc/self/fd/0"];
  const { output, errors } = await starting.call("run", [{ argv }]);
  deepEqual([output, errors], ["0\n/dev/null\n", "error\n"]);
});

Deno.test("outputs that go nowhere", async () => {
  const argv = ["sh", "-c", "echo out; echo error >&2"];
  const { output, errors } = await starting.call("run", [{ argv, stdout: "null", stderr: "null" }]);
  deepEqual([output, errors], ["", ""]);
});

Deno.test("outputs into descriptors, of which the program gets copies alone", async () => {
  const { result } = await starting.call("runIntoPipes", [{
    argv: ["sh", "-c", "echo out; echo error >&2; ls /proc/self/fd"],
  }]);
  deepEqual(result, ["out\n0\n1\n2\n3\n", "error\n"]); // 3 is ls's own, on the folder that it lists
});

Deno.test({
  name: "another user's program may open its outputs by their names",
  ignore: !isRoot,
  async fn() {
    const argv = ["sh", "-c", "echo out > /dev/stdout; echo error > /proc/self/fd/2"];
    const { result } = await starting.call("runIntoPipes", [{ argv, credentials: APP }]);
    deepEqual(result, ["out\n", "error\n"]);
  },
});

Deno.test("gives the program no descriptor, blocked or caught signal of denit's own", async () => {
  const argv = ["sh", "-c", "ls /proc/self/fd; cat /proc/self/status"];
  const { output } = await starting.call("runAmid", [{ argv, ignored: [1, 34] }]);
  equal(output.slice(0, output.indexOf("Name:")), "0\n1\n2\n3\n");
  deepEqual(statusOf(output, "SigBlk", "SigIgn", "SigCgt"), {
    SigBlk: "0000000000000000",
    SigIgn: (1n | 1n << 33n).toString(16).padStart(16, "0"),
    SigCgt: "0000000000000000",
  });
});

/** Words that run a command without /dev/null. */
const WITHOUT_NULL = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /dev && exec "$@"', "sh"];

Deno.test({
  name: "without /dev/null standard input is empty all the same, and output that is to go nowhere is refused",
  ignore: !isRoot,
  async fn() {
    const wish = { argv: ["sh", "-c", "wc -c; readlink /proc/self/fd/0"] };
    const { result, output } = await starting.call("runAll", [[wish, { ...wish, stderr: "null" }]], {
      through: WITHOUT_NULL,
    });
    match(output, /^0\npipe:/);
    const reason = "its /dev/null cannot be opened (no such file or directory)";
    deepEqual(result.outcomes[1], { name: "refused", reason, systemReason: "No such file or directory" });
    deepEqual(result.after, result.before);
  },
});

// With what limits, and how it is favoured

Deno.test("gives the program its file mode creation mask", async () => {
  const { output } = await starting.call("run", [{ argv: ["sh", "-c", "umask"], umask: 0o137 }]);
  match(output, /^0?137\n$/);
});

for (const credentials of [null, ...isRoot ? [APP] : []]) {
  const whose = credentials === null ? "as itself" : "as another user";

  Deno.test(`limits the program, and favours it, ${whose}`, async () => {
    const { result: { shown: [shown], before, after } } = await starting.call("inspect", [[{
      credentials,
      limits: [
        { resource: "nofile", soft: 100, hard: 200 },
        { resource: "as", soft: 100_000_000, hard: 200_000_000 },
        { resource: "core", soft: 0, hard: 0 },
        { resource: "stack", soft: 2 ** 20, hard: 2 ** 30 },
        { resource: "cpu", soft: 100, hard: -1 },
        { resource: "nproc", soft: 3, hard: 4 },
      ],
      nice: 4,
      oomScoreAdjust: 321,
    }]]);
    ok("problems" in shown!, JSON.stringify(shown));
    deepEqual(shown, { ...shown, problems: [], nice: 4, oomScoreAdjust: 321 });
    for (
      const limit of [
        "Max open files            100                  200 ",
        "Max address space         100000000            200000000 ",
        "Max core file size        0                    0 ",
        "Max stack size            1048576              1073741824 ",
        "Max cpu time              100                  unlimited ",
        "Max processes             3                    4 ",
      ]
    ) {
      ok(shown.limits.some((line) => line.startsWith(limit)), `${shown.limits.join("\n")} has no ${limit}`);
    }
    deepEqual(after, before);
  });
}

testWith(
  EMULATED ? "not under qemu-user: it has nobody wait" : noHolding(),
  "a program that is not executed for long runs all the same, and it is told what it goes without",
  async () => {
    await using folder = await tempFolder();
    const path = await folder.write("slow", "#!/bin/sh\nexit 3\n");
    await Deno.chmod(path, 0o755);
    const { result } = await starting.call("runHeld", [path, { oomScoreAdjust: 500 }]);
    ok("problems" in result, JSON.stringify(result));
    deepEqual(result.status, { name: "exited", code: 3 });
    deepEqual(result.problems, [
      "Cannot tell whether it runs: it takes unusually long to execute it",
      "Cannot set oom_score_adj to 500: that comes behind its execution",
    ]);
  },
);

Deno.test({
  name: "gives another user's program what takes no capability, and runs it without what takes one",
  ignore: !isRoot,
  async fn() {
    const through = ["setpriv", "--bounding-set", "-sys_nice,-sys_resource,-dac_override"];
    const limits = [
      { resource: "nofile", soft: 10, hard: 20 },
      { resource: "sigpending", soft: 2 ** 40, hard: 2 ** 41 },
    ] as const;
    const { result } = await starting.call("inspect", [[
      { credentials: APP, limits: limits.slice(0, 1), nice: 7, oomScoreAdjust: 999 },
      { credentials: APP, limits, nice: -7, oomScoreAdjust: -1000 },
      { limits, nice: -7, oomScoreAdjust: -1000 },
    ]], { through });
    const sigpending = `Cannot set sigpending to ${2 ** 40}, at most ${2 ** 41}: operation not permitted`;
    const oomScoreAdjust = "Cannot set oom_score_adj to -1000: permission denied";
    deepEqual(
      result.shown.map((shown) => "problems" in shown ? shown.problems : shown),
      [
        [],
        [sigpending, "Cannot set nice to -7: permission denied", oomScoreAdjust],
        [sigpending, "Cannot set nice to -7: permission denied", oomScoreAdjust],
      ],
    );
    deepEqual(result.after, result.before);
  },
});

Deno.test("what a program ends with stays to be told, also if it ends before it could be given anything", async () => {
  const wishes = Array.from(
    { length: 20 },
    () => ({ argv: ["sh", "-c", "exit 3"], nice: 1, oomScoreAdjust: 1 }),
  );
  const { result } = await starting.call("runAll", [wishes]);
  for (const outcome of result.outcomes) {
    deepEqual(outcome, { ...outcome, problems: [], status: { name: "exited", code: 3 } });
  }
});

Deno.test("limits hold from the program's first instruction on, also those that would be too low for denit itself", async () => {
  const { output } = await starting.call("run", [{
    argv: ["cat", "/proc/self/limits"],
    limits: [
      { resource: "nofile", soft: 4, hard: 5 },
      { resource: "as", soft: 10 ** 8, hard: 2 * 10 ** 8 },
      { resource: "stack", soft: 2 ** 27, hard: 2 ** 27 },
    ],
  }], { through: ["prlimit", "--stack=8388608:1073741824"] });
  match(output, /^Max open files +4 +5 /m);
  match(output, /^Max address space +100000000 +200000000 /m);
  match(output, /^Max stack size +134217728 +134217728 /m);
});

Deno.test("a higher stack holds from the program's first instruction on: the kernel lays the program out by it", async () => {
  const HIGH = 2 ** 30;
  const { output } = await starting.call("run", [{
    argv: ["cat", "/proc/self/maps"],
    limits: [{ resource: "stack", soft: HIGH, hard: HIGH }],
  }], { through: ["prlimit", `--stack=8388608:${HIGH}`] });
  const [, libraries] = /-([0-9a-f]+) \S+ \S+ \S+ \S+ +\/.*libc.*\n(?!.*libc)/.exec(output)!;
  const [, stack] = /^([0-9a-f]+)-.*\[stack\]$/m.exec(output)!;
  ok(parseInt(stack!, 16) - parseInt(libraries!, 16) > 0.9 * HIGH, output);
});

// What cannot be started

interface Failure {
  readonly what: string;
  /** With FOLDER for a folder that holds the files below. */
  readonly wish: Wish;
  readonly failure: SpawnFailure["name"];
  readonly reason: string;
}

const FAILURES: readonly Failure[] = [
  {
    what: "in a folder that is missing",
    wish: { argv: ["true"], workingDirectory: "FOLDER/missing" },
    failure: "bad path",
    reason: "its working directory FOLDER/missing does not exist",
  },
  {
    what: "in a folder that is none",
    wish: { argv: ["true"], workingDirectory: "FOLDER/plain" },
    failure: "bad path",
    reason: "its working directory FOLDER/plain is not a directory",
  },
  {
    what: "in a folder at the end of a link that leads to itself",
    wish: { argv: ["true"], workingDirectory: "FOLDER/loop" },
    failure: "bad path",
    reason: "its working directory FOLDER/loop cannot be entered: too many levels of symbolic links",
  },
  {
    what: "what is not in its PATH",
    wish: { argv: ["cat"], variables: { PATH: "/no/such:FOLDER" } },
    failure: "not found",
    reason: "no such command in PATH (/no/such:FOLDER)",
  },
  {
    what: "an empty name",
    wish: { argv: [""], variables: { PATH: "/bin" } },
    failure: "not found",
    reason: "no such command in PATH (/bin)",
  },
  {
    what: "a missing file",
    wish: { argv: ["./missing"], workingDirectory: "FOLDER" },
    failure: "not found",
    reason: "no such file",
  },
  {
    what: "a file that is not executable",
    wish: { argv: ["./plain"], workingDirectory: "FOLDER" },
    failure: "not permitted",
    reason: "it is not an executable file, or its folder may not be searched",
  },
  {
    what: "a folder",
    wish: { argv: ["FOLDER"] },
    failure: "not permitted",
    reason: "it is not an executable file, or its folder may not be searched",
  },
  {
    what: "a script whose interpreter is missing",
    wish: { argv: ["./orphan"], workingDirectory: "FOLDER" },
    failure: "no interpreter",
    reason: "the file is there, but the interpreter or loader that it names is not",
  },
  {
    what: "a damaged program",
    wish: { argv: ["./damaged"], workingDirectory: "FOLDER" },
    failure: "not executable",
    reason: "it is a program for another machine, or damaged",
  },
];

for (const { what, wish, failure, reason } of FAILURES) {
  Deno.test(`cannot start ${what}: ${failure}`, async () => {
    await using folder = await tempFolder();
    await folder.write("plain", "true\n", 0o644);
    await folder.write("orphan", "#!/no/such/interpreter\n", 0o755);
    await folder.write("damaged", new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0, 0]), 0o755);
    await Deno.symlink("loop", `${folder.path}/loop`);
    const inFolder: Wish = JSON.parse(JSON.stringify(wish).replaceAll("FOLDER", folder.path));
    const { result } = await starting.call("run", [inFolder]);
    ok("reason" in result, JSON.stringify(result));
    equal(result.name, failure);
    equal(result.reason.replaceAll(folder.path, "FOLDER"), reason);
  });
}
