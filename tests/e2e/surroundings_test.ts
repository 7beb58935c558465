import { deepEqual, equal, match, ok } from "../assert.ts";
import { type Bench, inEachMode, inMode, type Setting, usualCache } from "./support/bench.ts";
import { DENIT, nsenter, program, REPOSITORY, unshare } from "./support/program.ts";

const WITHOUT_CAPABILITIES = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"];
const AS_NOBODY = [...WITHOUT_CAPABILITIES, "--reuid=65534", "--regid=65534", "--clear-groups"];

/** Leaves somebody who does not end at TERM, and ends with 3. */
const LEAVE_STUBBORN = [
  ...["bash", "-c", 'coproc exec perl -e "$0"; read -r ready <&"${COPROC[0]}"; exit 3'],
  '$SIG{TERM} = "IGNORE"; print "ready\n"; close(STDOUT); sleep(1000)',
];

/** What is missing or refused, how that is done, and what then need not be as usual. */
const SURROUNDINGS: Readonly<Record<string, Setting>> = {
  "no PATH": { inside: ["/usr/bin/env", "-u", "PATH"] },
  "no HOME": { inside: ["/usr/bin/env", "-u", "HOME"] },
  "a HOME that is not there": { env: { HOME: "/no/such/home", DENO_DIR: usualCache() } },
  "a read-only root": mounted(
    'mount --bind . . && cd "$PWD" && mount -o remount,bind,ro / && ! touch /probe 2> /dev/null || exit 99',
  ),
  "no /proc": mounted("mount -t tmpfs none /proc"),
  "an unreadable /proc": mounted("mount -t tmpfs -o mode=000 none /proc"),
  "no capability and no new privileges": { inside: WITHOUT_CAPABILITIES },
  "standard input closed": { inside: ["sh", "-c", 'exec "$@" <&-', "sh"] },
  "standard output closed": { inside: ["sh", "-c", 'exec "$@" >&-', "sh"] },
  "standard error closed": { inside: program("stderr", "closed") },
  "standard error without a reader": { inside: program("stderr", "broken") },
  "standard error that is full": { inside: program("stderr", "full") },
  "all of them closed": { inside: ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"] },
  "few descriptors": { inside: ["sh", "-c", 'ulimit -n 64; exec "$@"', "sh"] },
};

for (const [name, setting] of Object.entries(SURROUNDINGS)) {
  inEachMode(
    `with ${name}: main runs, the rest ends by TERM, the status is main's`,
    async (bench) => await runAndStop(bench, bench.folder(), setting),
    setting.inside?.[0] === "unshare" ? "namespaces" : undefined,
  );
}

for (const kind of ["full", "broken", "closed"]) {
  inEachMode(
    `a standard error that is ${kind} holds up nothing, however much there is to say`,
    async (bench) => {
      const before = performance.now();
      const main = program("waiting_orphans", "1500", "together");
      const { code, stdout } = await bench.run(["-vw", "--", ...main], { inside: program("stderr", kind) });
      deepEqual([code, stdout], [5, "ready\n"]);
      ok(performance.now() - before < 10_000);
    },
  );
}

inEachMode("without /proc the rest is killed all the same, and one line tells of it", async (bench) => {
  const setting = mounted("mount -t tmpfs none /proc");
  const { code, stderr } = await bench.run(["-t", "200ms", "--", ...LEAVE_STUBBORN], setting);
  equal(code, 3);
  match(
    stderr,
    /^denit: warning: killed whatever still ran 0.2s after SIGTERM; there is no \/proc to name it\n$/,
  );
  deepEqual(bench.left(), []);
}, "namespaces");

inEachMode("without /proc --signal-to all reaches main's group", async (bench) => {
  const main = program("signals", "0", "main", "child");
  const denit = bench.denit(["--signal-to", "all", "--", ...main], mounted("mount -t tmpfs none /proc"));
  for (const role of ["main", "child"]) await denit.stdout.shows(new RegExp(`^${role} ready`));
  await denit.signal(10);
  for (const role of ["main", "child"]) await denit.stdout.shows(new RegExp(`^${role} 10$`));
}, "namespaces");

inMode("PID 1", "without /proc a rest in a session of its own ends by TERM too", async (bench) => {
  const main = ["bash", "-c", 'coproc exec setsid "$@"; read -r ready <&"${COPROC[0]}"; exit 3', "bash"];
  const setting = mounted("mount -t tmpfs none /proc");
  const ended = await bench.run(
    ["--grace", "1h", "--", ...main, ...program("signals", "15", "rest")],
    setting,
  );
  deepEqual([ended.code, ended.stderr], [3, ""]);
});

inMode(
  "PID 1",
  "with the /proc of another PID namespace nobody there is signalled or named",
  async (bench) => {
    const denit = [...unshare("--pid", "--fork", "--kill-child"), ...DENIT, "-w", "-t", "200ms"];
    await bystandersLive(bench, denit);
  },
);

inMode(
  "PID 1",
  "as subreaper with the /proc of another PID namespace nobody there is signalled or named",
  async (bench) => {
    const denit = [...DENIT, "-w", "-t", "200ms"];
    await bystandersLive(bench, [
      ...unshare("--pid", "--fork", "--kill-child"),
      "sh",
      "-c",
      '"$@"; exit $?',
      "sh",
      ...denit,
    ]);
  },
);

if (Deno.uid() === 0) {
  inEachMode(
    "as an unprivileged user: main runs, the rest ends by TERM, the status is main's",
    async (bench) => await runAndStop(bench, bench.folder(), await asNobody(bench)),
    "namespaces",
  );

  inEachMode("as an unprivileged user: the rest is killed and named", async (bench) => {
    const { code, stderr } = await bench.run(
      ["-t", "200ms", "--", ...LEAVE_STUBBORN],
      await asNobody(bench),
    );
    equal(code, 3);
    match(stderr, /^denit: warning: killed \d+ \(perl -e .*\): it had not ended 0\.\ds after SIGTERM\n$/);
    deepEqual(bench.left(), []);
  }, "namespaces");

  inMode(
    "PID 1",
    "a process of another user that it may not signal holds it up for a bounded time",
    async (bench) => {
      const main = ["sh", "-c", "echo ready; read -r end; exit 3"];
      const denit = bench.denit(["-t", "200ms", "--", ...main], { ...await asNobody(bench), input: true });
      await denit.stdout.shows(/^ready$/);
      const entered = bench.start([
        ...nsenter(await denit.denitPid()),
        "sh",
        "-c",
        "echo in; exec sleep 1000",
      ]);
      await entered.stdout.shows(/^in$/);
      await denit.closeInput();
      const { code, stderr } = await denit.ended();
      equal(code, 3);
      match(stderr, /^denit: error: Cannot end everything/m);
    },
  );
}

/** A run with everything in it: main is started, gets a signal, ends; the rest ends by TERM. */
async function runAndStop(bench: Bench, folder: string, setting: Setting): Promise<void> {
  const idle = "while :; do sleep 0.05 & wait $!; done";
  const rest = `trap "" USR1; trap "echo > rest; exit" TERM; echo > ready; ${idle}`;
  // A shell tells of what a signal has ended, and would wait for a reader itself:
  const main = `exec 2> /dev/null; trap "echo > main; exit 6" USR1; sh -c '${rest}' & ${idle}`;
  const denit = bench.denit(["-v", "--grace", "1h", "--", "sh", "-c", main], { ...setting, cwd: folder });
  await bench.file(`${folder}/ready`);
  await denit.signal(10);
  const { code } = await denit.ended();
  const files = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  deepEqual([code, files.sort(), bench.left()], [6, ["main", "ready", "rest"], []]);
}

/** Runs denit in a PID namespace, below another one with bystanders of the same ids, whose /proc it sees. */
async function bystandersLive(bench: Bench, denit: readonly string[]): Promise<void> {
  const main = ["sh", "-c", "(sh -c 'exit 7' & echo) | cat; \"$@\" & read -r ready; exit 3", "sh"];
  const command = [...denit, "--", ...main, ...program("stubborn", "3")];
  const outer = bench.start([
    ...unshare("--pid", "--fork", "--mount-proc", "--kill-child"),
    ...program("victims", ...command),
  ]);
  const { code, stdout, stderr } = await outer.ended();
  match(stdout, /^30 alive$/m);
  equal(code, 3, stderr);
  ok(!stderr.includes("(sleep)"), stderr);
}

/** Runs a script in a mount namespace of denit's own before denit. */
function mounted(script: string): Setting {
  return { inside: [...unshare("--mount"), "sh", "-c", `${script}; exec "$@"`, "sh"] };
}

/** Runs denit as the user nobody, who may not go where it is installed: it is mounted where he may. */
async function asNobody(bench: Bench): Promise<Setting> {
  const folder = bench.folder();
  const info = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { denoDir } = JSON.parse(new TextDecoder().decode(info.stdout));
  await Deno.writeTextFile(`${folder}/program`, "");
  for (const name of ["cache", "repository"]) await Deno.mkdir(`${folder}/${name}`);
  const mounts = [
    `${DENIT[0]} ${folder}/program`,
    `${denoDir} ${folder}/cache`,
    `${REPOSITORY} ${folder}/repository`,
  ];
  const script = mounts.map((pair) => `mount --bind ${pair}`).join(" && ");
  return {
    inside: [...mounted(script).inside!, "env", `DENO_DIR=${folder}/cache`, ...AS_NOBODY],
    denit: [
      `${folder}/program`,
      ...DENIT.slice(1).map((word) => word.replace(REPOSITORY, `${folder}/repository/`)),
    ],
  };
}
