/** A service of another user: what it sees of itself, and that denit is afterwards who it was before. */

import { deepEqual, equal, match, ok } from "../../assert.ts";
import { type Bench, type Ended, inEachMode, type Running } from "../support/bench.ts";
import { unshare } from "../support/program.ts";
import { pause, until } from "../support/until.ts";
import { type FileOfServices, folderWith, namesIn, sh, untilIs } from "./support.ts";

const SIGTERM = 15;

/** The users and groups of these tests, in the place of the machine's. */
const ACCOUNTS = {
  passwd: `root:x:0:0::/root:/bin/sh
app:x:1500:1500::/srv/app:/bin/sh
homeless:x:1501:1500:::
`,
  group: `root:x:0:
app:x:1500:
staff:x:1600:other,app
audio:x:1700:app
games:x:1800:other
`,
};

/** The capabilities that Docker gives a container's root. */
const DOCKERS = [
  ...["chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "net_bind_service"],
  ...["net_raw", "sys_chroot", "mknod", "audit_write", "setfcap"],
].map((name) => `+${name}`).join(",");
const AS_DOCKERS_ROOT = ["setpriv", `--bounding-set=-all,${DOCKERS}`];

const ROOTS: Readonly<Record<string, readonly string[]>> = {
  "root": [],
  "root with Docker's capabilities": AS_DOCKERS_ROOT,
};

/** Prints all that tells who a process is. */
const WHO = 'echo "$(id -u) $(id -g) [$(id -G)] $HOME $USER $LOGNAME"';

/** What `user` and `group_add` are, and what `WHO` then prints. */
const USERS:
  readonly (readonly [user: string | null, groupAdd: readonly (string | number)[], who: string])[] = [
    ["app", [], "1500 1500 [1500 1600 1700] /srv/app app app"],
    ["1500", [], "1500 1500 [1500 1600 1700] /srv/app app app"],
    ["app:games", [], "1500 1800 [1800] /srv/app app app"],
    ["app:1234", [], "1500 1234 [1234] /srv/app app app"],
    ["1234:4321", [], "1234 4321 [4321] / caller caller"],
    ["1234", [], "1234 0 [0] / caller caller"],
    ["homeless", [], "1501 1500 [1500] / homeless homeless"],
    [":games", [], "0 1800 [1800] /root root root"],
    ["app", ["games", 9000], "1500 1500 [1500 1600 1700 1800 9000] /srv/app app app"],
    [null, ["games"], `0 0 [0 1800] ${Deno.env.get("HOME")} caller caller`],
  ];

for (const [kind, inside] of Object.entries(ROOTS)) {
  for (const [user, groupAdd, who] of USERS) {
    const added = groupAdd.length === 0 ? "" : ` with the groups ${groupAdd.join(", ")}`;
    asRoot(
      `by ${kind}: a service of the user ${user ?? "that denit has"}${added} is ${who}`,
      async (bench) => {
        const web = sh(WHO, { ...user !== null && { user }, group_add: groupAdd });
        const ended = await runUp(bench, { services: { web } }, inside);
        deepEqual([ended.code, ended.stdout, ended.stderr], [0, `${who}\n`, ""]);
      },
    );
  }

  asRoot(`by ${kind}: all four ids are its own, and it has no capability`, async (bench) => {
    const see = {
      command: ["grep", "-E", "^(Uid|Gid|Cap(Inh|Prm|Eff|Amb))", "/proc/self/status"],
      user: "app",
    };
    const { stdout } = await runUp(bench, { services: { web: see } }, inside);
    deepEqual(stdout.trimEnd().split("\n"), [
      "Uid:\t1500\t1500\t1500\t1500",
      "Gid:\t1500\t1500\t1500\t1500",
      ...["Inh", "Prm", "Eff", "Amb"].map((set) => `Cap${set}:\t0000000000000000`),
    ]);
  });

  asRoot(`by ${kind}: it has its limits, and is favoured as the file says`, async (bench) => {
    const adjusted = untilIs(
      "echo $(ulimit -Hn) $(ulimit -Ss) $(nice) $(cat /proc/self/oom_score_adj)",
      "128 1024 5 100",
    );
    const web = sh(`${adjusted}; id -u; ulimit -Sn; ulimit -Hn`, {
      user: "app",
      ulimits: { nofile: { soft: 64, hard: 128 }, stack: 1048576 },
      nice: 5,
      oom_score_adj: 100,
    });
    const { code, stdout, stderr } = await runUp(bench, { services: { web } }, inside);
    deepEqual([code, stdout, stderr], [0, "1500\n64\n128\n", ""]);
  });

  asRoot(`by ${kind}: every thread of denit's is the same before and after`, async (bench) => {
    const { denit, folder } = up(bench, {
      services: {
        before: sh(": > ready; until test -e go; do sleep 0.01; done"),
        app: sh("id -u; until test -e on; do sleep 0.01; done", {
          user: "app",
          depends_on: completed("before"),
        }),
        missing: {
          command: ["no-such-program"],
          user: "app",
          essential: false,
          depends_on: completed("before"),
        },
        after: sh("id -u; echo ready; exec sleep 1000", { depends_on: completed("app") }),
      },
    }, inside);
    const pid = await denit.denitPid();
    await bench.file(`${folder}/ready`);
    const before = credentialsOfThreads(pid);
    equal(before.length, 1, "all threads are alike");
    match(before[0]!, /^Uid:\t0\t0\t0\t0$/m);
    const isAsBefore = (): boolean => credentialsOfThreads(pid).join() === before.join();
    await Deno.writeTextFile(`${folder}/go`, "");
    await denit.stdout.shows(/^1500$/);
    await until(isAsBefore, "denit to be itself again");
    await Deno.writeTextFile(`${folder}/on`, "");
    await denit.stdout.shows(/^ready$/);
    deepEqual(denit.stdout.lines, ["1500", "0", "ready"]);
    ok(isAsBefore());
    await denit.signal(SIGTERM);
    equal((await denit.ended()).code, 127); // that of the one that could not be started
  });

  asRoot(`by ${kind}: what it daemonised is ended before it is started again`, async (bench) => {
    const daemon = `setsid sh -c 'trap "echo ended; exit" TERM; : > up; while :; do sleep 0.01; done' &`;
    const { denit } = up(bench, {
      services: {
        web: sh(
          `if test -e up; then echo again; exit; fi; ${daemon} until test -e up; do sleep 0.01; done; exit 1`,
          { user: "app", restart: "on-failure" },
        ),
      },
    }, inside);
    const { code, stdout } = await denit.ended();
    deepEqual([code, stdout], [0, "ended\nagain\n"]);
    deepEqual(bench.left(), []);
  });
}

const UNKNOWN: readonly (readonly [keys: FileOfServices, reason: string])[] = [
  [{ user: "nobody-knows" }, 'there is no user "nobody-knows" in /etc/passwd'],
  [{ user: "app:nothing" }, 'there is no group "nothing" in /etc/group'],
  [{ group_add: ["nothing"] }, 'there is no group "nothing" in /etc/group'],
  [{ user: "4294967295" }, "the user id 4294967295 is higher than 2147483647"],
];

for (const [keys, reason] of UNKNOWN) {
  asRoot(`${JSON.stringify(keys)} is a start that fails: ${reason}`, async (bench) => {
    const web = { command: ["touch", "started"], ...keys };
    const { denit, folder } = up(bench, { services: { web } });
    const { code, stderr } = await denit.ended();
    equal(code, 125);
    equal(stderr.split("\n")[0], `denit: error: Cannot start web (touch started): ${reason}`);
    equal(namesIn(folder).includes("started"), false);
  });
}

asRoot(
  "its post_start, its pre_stop and its healthcheck are of its user too, unless they say otherwise",
  async (bench) => {
    const file = {
      services: {
        web: sh("trap 'exit 0' TERM; while :; do sleep 0.01; done", {
          user: "app",
          post_start: [sh('echo "post_start $(id -u)"'), sh('echo "post_start $(id -u)"', { user: "root" })],
          pre_stop: [sh('echo "pre_stop $(id -u)"')],
          healthcheck: { test: "id -u > probed", start_period: "5s", start_interval: "50ms" },
        }),
        after: sh("cat probed; echo ready", { depends_on: { web: { condition: "service_healthy" } } }),
      },
    };
    const { denit } = up(bench, file);
    await denit.stdout.shows(/^ready$/);
    await denit.signal(SIGTERM);
    const { code, stdout } = await denit.ended();
    deepEqual([code, stdout], [0, "post_start 1500\npost_start 0\n1500\nready\npre_stop 1500\n"]);
  },
);

/** A program of the user app, who may not read where it stands. */
function foe(signal: string, whom: "init" | "next"): FileOfServices {
  const script = Deno.readTextFileSync(new URL("../programs/foe.pl", import.meta.url));
  return { command: ["perl", "-e", script.replaceAll("$", "$$$$"), signal, whom], user: "app" };
}

/** Something that is started as the user app again and again. */
const OFTEN_STARTED = sh("exec sleep 1000", {
  user: "app",
  healthcheck: { test: ["CMD", "true"], interval: "20ms", timeout: "1s" },
});

asRoot(
  "its user's other processes may send denit nothing, whatever is started as that user",
  async (bench) => {
    const { denit } = up(bench, {
      services: { foe: foe("HUP", "init"), web: OFTEN_STARTED },
    });
    await denit.stdout.shows(/^ready$/);
    await pause(1000); // some thirty starts
    await denit.signal(SIGTERM);
    const { code, stdout, stderr } = await denit.ended();
    deepEqual([code, stdout, stderr], [0, "ready\n", ""]);
  },
);

asRoot("whoever stops what is about to run as its user does not stop denit", async (bench) => {
  const { denit } = up(
    bench,
    {
      services: {
        foe: foe("STOP", "next"),
        web: OFTEN_STARTED,
        clock: sh("while :; do date +%s%N; sleep 0.05; done"),
      },
    },
    [],
    ["--timeout", "1s"],
  );
  await denit.stdout.shows(/^ready$/);
  await pause(1500);
  await denit.signal(SIGTERM);
  const since = performance.now();
  const { code, stdout } = await denit.ended();
  ok(performance.now() - since < 10_000);
  equal(code, 0);
  match(stdout, /^hit$/m); // or nothing was tried
});

asRoot(
  "what denit may not send to the rest of a service of another user is told once each",
  async (bench) => {
    const left = "setsid sh -c 'echo ready; exec sleep 4' & until test -e go; do sleep 0.02; done; exit 3";
    const web = sh(left, { user: "app", stop_grace_period: "100ms" });
    const { denit, folder } = up(bench, { services: { web } }, ["setpriv", "--bounding-set=-kill"]);
    await denit.stdout.shows(/^ready$/);
    await Deno.writeTextFile(`${folder}/go`, "");
    const { code, stderr } = await denit.ended();
    equal(code, 3);
    match(
      stderr,
      /^denit: warning: Cannot end \d+ \(sleep 4\), which web had left behind: it survived SIGKILL$/m,
    );
    equal(stderr.match(/^denit: warning: Cannot send SIGKILL to \d+: not permitted$/gm)?.length, 1, stderr);
  },
);

function asRoot(name: string, body: (bench: Bench) => Promise<void>): void {
  if (Deno.uid() === 0) inEachMode(name, body, "namespaces");
  else Deno.test({ name: `${name} (cannot run here: not root)`, ignore: true, fn() {} });
}

/** Starts denit where the accounts are those of these tests; `inside` makes it another root. */
function up(
  bench: Bench,
  file: FileOfServices,
  inside: readonly string[] = [],
  words: readonly string[] = [],
): { readonly denit: Running; readonly folder: string } {
  const folder = folderWith(bench, { "denit.yaml": file, ...ACCOUNTS });
  const mounts = 'mount --bind passwd /etc/passwd && mount --bind group /etc/group && exec "$@"';
  const denit = bench.denit(["up", "--no-log-prefix", ...words], {
    cwd: folder,
    inside: [...unshare("--mount"), "sh", "-c", mounts, "sh", ...inside],
    env: { USER: "caller", LOGNAME: "caller" },
  });
  return { denit, folder };
}

async function runUp(bench: Bench, file: FileOfServices, inside: readonly string[] = []): Promise<Ended> {
  return await up(bench, file, inside).denit.ended();
}

function completed(service: string): FileOfServices {
  return { [service]: { condition: "service_completed_successfully" } };
}

/** As whom the threads of a process act: each way that there is once. */
function credentialsOfThreads(pid: number): string[] {
  const all = [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) =>
    Deno.readTextFileSync(`/proc/${pid}/task/${name}/status`).match(/^(?:Uid|Gid|Groups|Cap\w+):.*$/gm)!.join(
      "\n",
    )
  );
  return [...new Set(all)];
}
