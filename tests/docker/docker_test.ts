/**
 * denit as its users meet it: in containers of a real Docker engine, built by the repository's own Dockerfiles.
 *
 * The form that is run is the bundle on stock Deno. The executable needs a base that Deno downloads; of that form only
 * what surrounds the program is tested here.
 */

import { deepEqual, doesNotMatch, equal, match, ok } from "../assert.ts";
import { until } from "../e2e/support/until.ts";
import { build, IMAGES, librariesOf, makeImages, ROOT } from "./support/images.ts";
import { type Container, Docker } from "./support/container.ts";
import { type Engine, noEngine, startEngine } from "./support/engine.ts";

/** What Docker waits between TERM and KILL. */
const DOCKER_STOPS_MS = 10_000;

/** What Docker sets where an image does not. */
const DOCKER_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const lacking = noEngine();
if (lacking !== null) {
  if (Deno.env.get("CI") === "true") throw new Error(`Cannot run the Docker tests: ${lacking}`);
  await Deno.stderr.write(new TextEncoder().encode(`The Docker tests are skipped: ${lacking}\n`));
}

let engine: Engine | undefined;
let docker: Docker;

Deno.test.beforeAll(async () => {
  if (lacking !== null) return;
  engine = await startEngine();
  docker = new Docker(engine);
  await makeImages(engine);
});

Deno.test.afterAll(async () => await engine?.end());

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: lacking !== null, fn });
}

test("the image of the bundle holds Deno, the bundle, and what Deno needs of the C library", async () => {
  const files = await docker.files(IMAGES.bundle);
  const libraries = [...await librariesOf([Deno.execPath()])].map((path) => path.slice(1));
  deepEqual(files, ["deno", "denit.js", ...libraries].sort());
});

test("docker run prints what main prints and exits with its code", async () => {
  const { code, stdout, stderr } = await docker.run([
    IMAGES.program,
    "sh",
    "-c",
    "echo hello from $PPID; exit 42",
  ]);
  deepEqual({ code, stdout, stderr }, { code: 42, stdout: "hello from 1\n", stderr: "" });
});

test("docker run -i gives main what comes in", async () => {
  const text = "a line\n".repeat(20_000);
  const { code, stdout, stderr } = await docker.run([IMAGES.program, "cat"], text);
  deepEqual({ code, stderr }, { code: 0, stderr: "" });
  ok(stdout === text, `${stdout.length} characters of ${text.length} came back`);
});

test("main gets the environment that Docker gives, and no other", async () => {
  const given = ["HOME=/", "HOSTNAME=box", "NAME=a b", `PATH=${DOCKER_PATH}`];
  const options = ["--hostname", "box", "--env", "NAME=a b"];
  const plain = await docker.run([...options, IMAGES.userland, "env"]);
  deepEqual(plain.stdout.trimEnd().split("\n").sort(), given);
  const { stdout } = await docker.run([...options, IMAGES.program, "env"]);
  deepEqual(stdout.trimEnd().split("\n").sort(), given);
});

test("nothing but denit and main is needed in an image", async () => {
  const { code, stdout, stderr } = await docker.run([IMAGES.bundle, "/deno", "eval", "console.log('alone')"]);
  deepEqual({ code, stdout, stderr }, { code: 0, stdout: "alone\n", stderr: "" });
});

test("a command that is not there ends with 127, one that cannot be executed with 126", async () => {
  const missing = await docker.run([IMAGES.program, "no-such-command"]);
  equal(missing.code, 127);
  match(missing.stderr, /^denit: error: Cannot start "no-such-command": .*\n$/);
  const text = await docker.run([IMAGES.program, "/srv/web.pl"]);
  equal(text.code, 126);
  match(text.stderr, /^denit: error: Cannot start "\/srv\/web.pl": .*\n$/);
});

test("docker logs has both of main's streams, and denit's lines on the second", async () => {
  await using container = await docker.start(
    "--env",
    "DENIT_VERBOSE=1",
    IMAGES.program,
    "sh",
    "-c",
    "echo out; echo err >&2",
  );
  equal(await container.ended(), 0);
  const { stdout, stderr } = await container.logs();
  equal(stdout, "out\n");
  const lines = stderr.trimEnd().split("\n");
  deepEqual(lines.filter((line) => !line.startsWith("denit: info: ")), ["err"]);
  match(stderr, /^denit: info: started \d+ \(sh -c /m);
});

test("docker stop ends a shell, its web server and the server's worker by TERM, and the worker finishes", async () => {
  await using container = await docker.start(IMAGES.program, "sh", "/srv/site.sh");
  await startWorker(container);
  const tookMs = await container.stop();
  equal(await Deno.readTextFile(`${container.shared}/shell`), "TERM\n");
  equal(await Deno.readTextFile(`${container.shared}/web`), "TERM\n");
  const rows = Array.from({ length: 20 }, (_, row) => `row ${row + 1}\n`);
  equal(await Deno.readTextFile(`${container.shared}/worker`), `begin\n${rows.join("")}end\n`);
  equal(await container.inspect(".State.ExitCode"), "3", "the shell's code");
  ok(tookMs < DOCKER_STOPS_MS / 2, `docker stop took ${Math.round(tookMs)} ms`);
  deepEqual(await container.logs(), { code: 0, stdout: "", stderr: "" });
});

test("denit up: docker stop ends the services in their order, with 0", async () => {
  await using container = await docker.start(IMAGES.services);
  await container.prints(/^web {2}\| web runs$/);
  const tookMs = await container.stop();
  equal(await container.inspect(".State.ExitCode"), "0");
  ok(tookMs < DOCKER_STOPS_MS / 2, `docker stop took ${Math.round(tookMs)} ms`);
  const { stdout, stderr } = await container.logs();
  equal(stdout, "web  | web runs\nweb  | web ends\ndb   | db ends\n");
  doesNotMatch(stderr, /^denit: /m); // the shells tell of their sleep, which had TERM too
});

test("denit up: the same on a read-only disk and as another user", async () => {
  await using container = await docker.start("--read-only", "--user", "1000", IMAGES.services);
  await container.prints(/^web {2}\| web runs$/);
  await container.stop();
  equal(await container.inspect(".State.ExitCode"), "0");
});

test("denit up: a service of another user has its ids and no capabilities", async () => {
  const { code, stdout, stderr } = await docker.run([IMAGES.services, "--no-log-prefix", "identity"]);
  const seen = Object.fromEntries(
    stdout.trimEnd().split("\n").map((line) => line.split(/:\s*/) as [string, string]),
  );
  deepEqual({ code, stderr, seen }, {
    code: 0,
    stderr: "",
    seen: {
      Uid: "1000\t1000\t1000\t1000",
      Gid: "1000\t1000\t1000\t1000",
      Groups: "1000 ",
      CapPrm: "0000000000000000",
      CapEff: "0000000000000000",
    },
  });
});

test("denit up: what a service of another user daemonised is ended before it is started again", async () => {
  const { code, stdout, stderr } = await docker.run([IMAGES.services, "job"]);
  deepEqual([code, stdout], [0, "job  | daemon ends\njob  | second run\n"]);
  match(stderr, /^denit: warning: job ended with 3: starts again in 0\.1s\n$/);
});

test("with --no-wait the same worker is cut off: the test above can fail", async () => {
  await using container = await docker.start(
    "--env",
    "DENIT_NO_WAIT=1",
    IMAGES.program,
    "sh",
    "/srv/site.sh",
  );
  await startWorker(container);
  await container.stop();
  doesNotMatch(await Deno.readTextFile(`${container.shared}/worker`), /end/);
});

async function startWorker(container: Container): Promise<void> {
  await container.file("listening");
  match((await container.exec("perl", "/srv/get.pl", "work")).stdout, /^started \d+\n$/);
  equal(await container.file("worker"), "begin\n");
}

test("whoever does not stop in time is killed and named, before Docker would kill all", async () => {
  const script = "sh -c 'trap \"\" TERM; echo ready; while :; do sleep 1; done' & wait";
  await using container = await docker.start(
    "--env",
    "DENIT_GRACE=500ms",
    IMAGES.program,
    "sh",
    "-c",
    script,
  );
  await container.prints(/^ready$/);
  const tookMs = await container.stop();
  ok(tookMs < DOCKER_STOPS_MS / 2, `docker stop took ${Math.round(tookMs)} ms`);
  equal(await container.inspect(".State.ExitCode"), String(128 + 15));
  match((await container.logs()).stderr, /^denit: warning: killed \d+ \(sh -c trap .*SIGTERM/m);
});

test("docker kill reaches main with every signal, the real-time ones too", async () => {
  await using container = await docker.start(IMAGES.program, "perl", "/srv/signals.pl");
  await container.prints(/^ready$/);
  const signals = { HUP: "HUP", USR1: "USR1", USR2: "USR2", INT: "INT", QUIT: "QUIT", "RTMIN+3": "NUM37" };
  for (const [signal, name] of Object.entries(signals)) {
    await container.kill(signal);
    await container.prints(new RegExp(`^got ${name}$`));
  }
  await container.kill("TERM");
  equal(await container.ended(), 7);
  const { stdout, stderr } = await container.logs();
  deepEqual(stdout.split("\n"), [
    "ready",
    ...Object.values(signals).map((name) => `got ${name}`),
    "got TERM",
    "",
  ]);
  equal(stderr, "");
});

test("docker stop sends the image's own STOPSIGNAL, and main gets that", async () => {
  await using container = await docker.start(
    "--stop-signal",
    "SIGRTMIN+3",
    IMAGES.program,
    "perl",
    "/srv/signals.pl",
  );
  await container.prints(/^ready$/);
  const stopped = container.stop();
  await container.prints(/^got NUM37$/);
  await container.kill("TERM");
  await stopped;
  equal(await container.inspect(".State.ExitCode"), "7");
});

test("a process that docker exec brought in gets TERM when main ends", async () => {
  await using container = await docker.start(IMAGES.program, "perl", "/srv/signals.pl");
  await container.prints(/^ready$/);
  const guest = container.exec("perl", "/srv/told.pl", "guest");
  await container.file("guest.pid");
  await container.kill("TERM");
  equal(await container.ended(), 7);
  equal(await container.file("guest"), "TERM\n");
  equal((await guest).code, 9);
});

test("runs read-only, as a user, without capabilities or new privileges, in 32 MB", async () => {
  const hardened = [
    "--read-only",
    "--user",
    "1000",
    "--cap-drop",
    "ALL",
    "--security-opt",
    "no-new-privileges",
  ];
  const memory = ["--memory", "32m", "--memory-swap", "32m"];
  await using container = await docker.start(
    ...hardened,
    ...memory,
    IMAGES.program,
    "perl",
    "/srv/signals.pl",
  );
  await container.prints(/^ready$/);
  await container.kill("RTMIN+3");
  await container.prints(/^got NUM37$/);
  const charged = await docker.must("stats", "--no-stream", "--format", "{{.MemUsage}}", container.id);
  await say(`memory charged to a container of denit and an idle perl: ${charged.trim()}`);
  equal(await container.inspect(".State.OOMKilled"), "false");
  await container.stop();
  equal(await container.inspect(".State.ExitCode"), "7");
  equal((await container.logs()).stderr, "");
});

test("Ctrl-C on docker run -it interrupts main", async () => {
  const terminal = docker.terminal("--name", "interrupted", IMAGES.program, "perl", "/srv/signals.pl");
  await terminal.shows(/^ready$/);
  await terminal.type("\x03");
  await terminal.shows(/^(\^C)?got INT$/);
  await terminal.type("\x1c"); // Ctrl-\
  await terminal.shows(/^(\^\\)?got QUIT$/);
  await terminal.type("\x03");
  await terminal.shows(/^(\^C)?got INT$/);
  await docker.must("kill", "--signal", "TERM", "interrupted");
  equal(await terminal.ended(), 7);
});

test("a shell on docker run -it has job control", async () => {
  const terminal = docker.terminal(
    "--env",
    "PS1=shell> ",
    IMAGES.program,
    "bash",
    "--norc",
    "--noediting",
    "-i",
  );
  await terminal.shows(/^shell> $/);
  await terminal.type("perl /srv/continued.pl\n");
  await terminal.shows(/^started$/);
  await terminal.type("\x1a"); // Ctrl-Z
  await terminal.shows(/Stopped +perl .*\nshell> $/);
  await terminal.type("fg\n");
  await terminal.shows(/^continued$/);
  await terminal.type("\x03");
  await terminal.shows(/^shell> $/);
  await terminal.type("echo status $?\n");
  await terminal.shows(/^status 130$/);
  await terminal.type("exit 5\n");
  equal(await terminal.ended(), 5);
});

test("a zombie stays under a plain program as process 1, and not under denit", async () => {
  const folder = `${ROOT}/examples/orphan-story`;
  const plainImage = "denit-test/zombie";
  const denitImage = "denit-test/no-zombie";
  await build(engine!, plainImage, ["--target", "plain", "--build-arg", `BASE=${IMAGES.userland}`, folder]);
  const example = ["--build-arg", `BASE=${plainImage}`, "--build-arg", `DENIT=${IMAGES.bundle}`];
  await build(engine!, denitImage, [...example, "--file", `${ROOT}/examples/docker/bundle.Dockerfile`, ROOT]);

  await using plain = await docker.start("--env", "REPORT_SECONDS=0.5", plainImage);
  const ended = await orphanHelper(plain);
  await until(async () => (await stateOf(plain, ended)) === "Z", "the helper is a zombie");
  const next = await orphanHelper(plain);
  await until(async () => (await stateOf(plain, next)) === "Z", "the next helper is a zombie");
  equal(await stateOf(plain, ended), "Z", "the first one still is");

  const server = ["perl", "/srv/server.pl"];
  await using denit = await docker.start("--env", "REPORT_SECONDS=0.5", denitImage, ...server);
  const helper = await orphanHelper(denit);
  await until(async () => (await stateOf(denit, helper)) === undefined, "the helper is gone");
  deepEqual((await denit.processes()).filter(({ state }) => state === "Z"), []);
  equal(await denit.inspect(".State.Running"), "true");
});

/** Has the server start its script and kill it; returns the id of the helper that the script has left behind. */
async function orphanHelper(container: Container): Promise<number> {
  await until(async () => (await container.exec("perl", "/srv/get.pl", "")).code === 0, "the server answers");
  const script = Number(
    (await container.exec("perl", "/srv/get.pl", "start")).stdout.replace("started ", ""),
  );
  const helper = await until(
    async () => (await container.processes()).find(({ parent }) => parent === script),
    "the script calls its helper",
  );
  equal((await container.exec("perl", "/srv/get.pl", "cancel")).stdout, `canceled ${script}\n`);
  return helper.pid;
}

async function stateOf(container: Container, pid: number): Promise<string | undefined> {
  return (await container.processes()).find((process) => process.pid === pid)?.state;
}

test("main that the kernel kills for want of memory ends with 137 and one line", async () => {
  const greedy = "my @all; push @all, 'x' x 1_000_000 while 1";
  const memory = ["--memory", "48m", "--memory-swap", "48m"];
  const { code, stdout, stderr } = await docker.run([...memory, IMAGES.program, "perl", "-e", greedy]);
  equal(code, 137);
  equal(stdout, "");
  match(stderr, /^denit: warning: main \d+ \(perl .*\) ended with 137 \(SIGKILL\)\n$/);
});

test("docker run --init has denit as docker-init, with dockerd --init-path", async () => {
  const shell = ["--init", "--entrypoint", "sh", IMAGES.program, "-c"];
  const { code, stdout, stderr } = await docker.run([...shell, "tr '\\0' ' ' </proc/1/cmdline; exit 7"]);
  deepEqual({ code, stderr }, { code: 7, stderr: "" });
  match(stdout, /^docker-init run .* -- sh -c /);

  await using container = await docker.start(
    ...shell,
    "trap 'echo stopped; exit 5' TERM; (sleep 0.1 & exec true); echo ready; while :; do sleep 0.1; done",
  );
  await container.prints(/^ready$/);
  await until(
    async () => (await container.processes()).every(({ state }) => state !== "Z"),
    "the orphan is reaped",
  );
  await container.stop();
  equal(await container.ended(), 5);
  match((await container.logs()).stdout, /stopped\n$/);
});

test("in another container's PID namespace it cares for its own processes only", async () => {
  await using host = await docker.start(IMAGES.program, "perl", "/srv/signals.pl");
  await host.prints(/^ready$/);
  const script = "perl /srv/told.pl orphan & until [ -e /shared/orphan.pid ]; do sleep 0.05; done; exit 4";
  await using guest = await docker.start("--pid", `container:${host.id}`, IMAGES.program, "sh", "-c", script);
  equal(await guest.ended(), 4);
  equal(await guest.file("orphan"), "TERM\n");
  equal((await guest.logs()).stderr, "");
  equal((await host.logs()).stdout, "ready\n");
  deepEqual((await host.processes()).filter(({ state }) => state === "Z"), []);
});

test("the image of the executable holds it and its C library; Deno stands in for the base, so denit is not run", async () => {
  const image = "denit-test/executable";
  await build(engine!, image, ["--build-arg", `DENO_IMAGE=${IMAGES.denoWithBase}`, ROOT]);
  const libraries = [...await librariesOf([Deno.execPath()])].map((path) => path.slice(1));
  deepEqual(await docker.files(image), ["denit", ...libraries].sort());
  equal(
    await docker.must("inspect", "--format", "{{json .Config.Entrypoint}}", image),
    '["/denit","--"]\n',
  );
  // An executable of Deno's that starts in an image with nothing else in it: the files of the C library suffice.
  const { code, stdout } = await docker.run(["--entrypoint", "/denit", image, "--version"]);
  equal(code, 0);
  match(stdout, new RegExp(`^deno ${Deno.version.deno} `));

  const examples = ["--build-arg", `DENIT=${image}`, "--build-arg", `BASE=${IMAGES.userland}`];
  await build(engine!, "denit-test/on-base", [
    ...examples,
    "--file",
    `${ROOT}/examples/docker/executable.Dockerfile`,
    ROOT,
  ]);
  const alone = ["--build-arg", `DENIT=${image}`, "--build-arg", `BUILD=${IMAGES.userland}`];
  await build(engine!, "denit-test/alone", [
    ...alone,
    "--file",
    `${ROOT}/examples/docker/scratch.Dockerfile`,
    ROOT,
  ]);
  const story = ["--build-arg", `DENIT=${image}`, "--build-arg", `BASE=${IMAGES.userland}`];
  await build(engine!, "denit-test/story", [...story, `${ROOT}/examples/orphan-story`]);
  const echo = await docker.run(["--entrypoint", "/echo", "denit-test/alone", "hello"]);
  deepEqual(echo, { code: 0, stdout: "hello\n", stderr: "" });
});

async function say(line: string): Promise<void> {
  await Deno.stderr.write(new TextEncoder().encode(`${line}\n`));
}
