/** How a run of services ends, and with which code. */

import { deepEqual, equal, match, ok } from "../../assert.ts";
import { inEachMode, inMode } from "../support/bench.ts";
import { readProcess } from "../support/processes.ts";
import { nsenter } from "../support/program.ts";
import { until } from "../support/until.ts";
import { type FileOfServices, lasting, runUp, sh, up } from "./support.ts";

const SIGTERM = 15;

inEachMode("all have ended with 0: so does denit, without a word", async (bench) => {
  const ended = await runUp(bench, { services: { a: sh("exit 0"), b: sh("sleep 0.1") } });
  deepEqual([ended.code, ended.stdout, ended.stderr], [0, "", ""]);
});

inEachMode("one that fails ends the others, and its code is denit's", async (bench) => {
  const denit = up(bench, { services: { web: lasting(), job: sh("sleep 0.2; exit 7") } });
  const { code, stderr } = await denit.ended();
  equal(code, 7);
  match(
    stderr,
    /^denit: warning: job ended with 7\ndenit: warning: shutting down, to exit with 7: job ended with 7\n$/,
  );
  deepEqual(bench.left(), []);
});

inEachMode("TERM ends all, in the reverse order of their dependencies, with 0", async (bench) => {
  const told = (name: string): string =>
    `trap 'echo ${name} ends; exit 0' TERM; echo ready; while :; do sleep 0.05; done`;
  const denit = up(bench, {
    services: {
      web: sh(told("web"), { depends_on: ["db", "cache"] }),
      db: sh(told("db"), { depends_on: ["disk"] }),
      cache: sh(told("cache")),
      disk: sh(told("disk")),
    },
  });
  await denit.stdout.shows(/^web +\| ready$/);
  await denit.signal(SIGTERM);
  const { code, stdout } = await denit.ended();
  equal(code, 0);
  const ends = [...stdout.matchAll(/\| (\w+) ends$/gm)].map(([, name]) => name);
  equal(ends[0], "web");
  equal(ends.length, 4);
  equal(ends.indexOf("db") < ends.indexOf("disk"), true);
});

/** A service that ends while another goes on, and with which code that ends the container; `null`: not at all. */
const ENDS: readonly (readonly [web: FileOfServices, code: number | null])[] = [
  [sh("exit 0", { essential: true }), 0],
  [sh("exit 3", { essential: true }), 3],
  [sh("kill -KILL $$", { essential: true }), 137],
  [sh("exit 3", { essential: true, restart: "always" }), 3],
  [sh("exit 0"), null],
  [sh("exit 3"), 3],
  [sh("kill -TERM $$"), 143],
  [{ command: ["no-such-program"] }, 127],
  [{ command: ["/etc/passwd"] }, 126],
  [sh("exit 3", { essential: false }), null],
  [{ command: ["no-such-program"], essential: false }, null],
];

for (const [web, code] of ENDS) {
  const goesOn = code === null ? "the others go on" : `all end, with ${code}`;
  inEachMode(`${JSON.stringify(web)} has ended: ${goesOn}`, async (bench) => {
    const denit = up(bench, { services: { web, other: lasting() } }, ["-v"]);
    if (code === null) {
      await denit.stderr.shows(/^denit: (?:\w+: web ended with|error: Cannot start web) .*$/);
      await denit.stdout.shows(/^other +\| ready$/);
      ok(!denit.stderr.text.includes("shutting down"));
      await denit.signal(SIGTERM);
    }
    const ended = await denit.ended();
    equal(ended.stderr.match(/^denit: \w+: shutting down/gm)?.length, 1);
    if (code !== null) equal(ended.code, code);
    deepEqual(bench.left(), []);
  });
}

inEachMode("the first failure that is not restarted gives the code, whatever follows", async (bench) => {
  const { code } = await runUp(bench, {
    services: { web: sh("trap 'exit 9' TERM; while :; do sleep 0.01; done"), job: sh("sleep 0.1; exit 7") },
  });
  equal(code, 7);
});

inEachMode("stop_signal is what it is asked to end with", async (bench) => {
  const services = Object.fromEntries(
    ["INT", "SIGQUIT", "USR1"].map((signal, i) => [
      `s${i}`,
      sh(
        'for s in INT QUIT USR1 TERM; do trap "echo got $s; exit" $s; done; echo ready; ' +
          "while :; do sleep 0.01; done",
        { stop_signal: signal },
      ),
    ]),
  );
  const denit = up(bench, { services });
  for (const name of Object.keys(services)) await denit.stdout.shows(new RegExp(`^${name} +\\| ready$`));
  await denit.signal(SIGTERM);
  const { code, stdout } = await denit.ended();
  equal(code, 0);
  deepEqual(stdout.match(/^.*got \w+$/gm)?.toSorted(), ["s0  | got INT", "s1  | got QUIT", "s2  | got USR1"]);
});

inEachMode("stop_grace_period is each service's own, and names who used it up", async (bench) => {
  const denit = up(bench, {
    services: {
      stubborn: sh(`trap '' TERM; echo ready; while :; do sleep 0.01; done`, { stop_grace_period: "200ms" }),
      slow: sh("trap 'sleep 0.5; echo done; exit' TERM; echo ready; while :; do sleep 0.01; done"),
    },
  });
  for (const name of ["stubborn", "slow"]) await denit.stdout.shows(new RegExp(`^${name} +\\| ready$`));
  await denit.signal(SIGTERM);
  const { code, stdout, stderr } = await denit.ended();
  equal(code, 0);
  match(stdout, /^slow +\| done$/m);
  const own = stderr.match(/^denit: .*$/gm) ?? [];
  equal(own.length, 1, stderr);
  match(own[0]!, /^denit: warning: killed stubborn \d+ \(.*\): it had not ended 0\.2s after SIGTERM$/);
});

inEachMode("who is depended on is asked in time, however deaf who depends on it is", async (bench) => {
  const denit = up(bench, {
    services: {
      web: sh("trap '' TERM; echo ready; while :; do sleep 0.01; done", { depends_on: ["db"] }),
      db: sh("trap 'sleep 0.1; echo db ends; exit' TERM; echo ready; while :; do sleep 0.01; done"),
    },
  }, ["--timeout", "1500ms"]);
  for (const name of ["web", "db"]) await denit.stdout.shows(new RegExp(`^${name} +\\| ready$`));
  await denit.signal(SIGTERM);
  const { code, stdout, stderr } = await denit.ended();
  equal(code, 0);
  match(stdout, /^db +\| db ends$/m);
  const own = stderr.match(/^denit: .*$/gm) ?? [];
  equal(own.length, 1, stderr);
  match(own[0]!, /^denit: warning: killed web \d+ \(.*\): it had not ended 1s after SIGTERM$/);
});

inEachMode("what is stopped by SIGSTOP can be ended", async (bench) => {
  const denit = up(bench, { services: { web: sh("echo ready; kill -STOP $$; sleep 1000") } });
  await denit.stdout.shows(/ready$/);
  await until(() => bench.left().some(({ state }) => state === "T"), "web to be stopped");
  await denit.signal(SIGTERM);
  const { code, stderr } = await denit.ended();
  deepEqual([code, stderr], [0, ""]);
});

inEachMode("its children in sessions of their own have their time, and are waited for", async (bench) => {
  const child = "trap 'sleep 0.3; echo child ends; exit 0' TERM; echo ready; while :; do sleep 0.01; done";
  const denit = up(bench, {
    services: { web: sh(`setsid sh -c "${child}" & setsid sh -c "${child}" & wait`) },
  });
  await denit.stdout.shows(/ready\n.*ready$/);
  await denit.signal(SIGTERM);
  const { code, stdout } = await denit.ended();
  equal(code, 0);
  equal(stdout.match(/child ends/g)?.length, 2);
  deepEqual(bench.left(), []);
});

inMode("PID 1", "who came in as by `docker exec` is asked to end, and waited for", async (bench) => {
  const denit = up(bench, { services: { web: lasting() } });
  await denit.stdout.shows(/ready$/);
  const stranger = bench.start([
    ...nsenter(await denit.denitPid()),
    "sh",
    "-c",
    "trap 'sleep 0.2; echo stranger ends; exit 0' TERM; echo here; while :; do sleep 0.01; done",
  ]);
  await stranger.stdout.shows(/^here$/);
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 0);
  match((await stranger.ended()).stdout, /^stranger ends$/m);
});

inEachMode(
  "one that fails in the middle of the shutdown changes neither its order nor its code",
  async (bench) => {
    const denit = up(bench, {
      services: {
        web: sh("trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done", { depends_on: ["db"] }),
        db: sh("trap 'echo db ends; exit 0' TERM; while :; do sleep 0.01; done", { restart: "always" }),
      },
    });
    await denit.stdout.shows(/ready$/);
    await denit.signal(SIGTERM);
    const { code, stdout } = await denit.ended();
    equal(code, 0);
    equal(stdout.match(/db ends/g)?.length, 1);
  },
);

inEachMode("the end of the container is the end of its last process", async (bench) => {
  const denit = up(bench, { services: { web: sh("setsid sleep 0.5 & echo ready; exit 0") } });
  await denit.stdout.shows(/ready$/);
  const { code } = await denit.ended();
  equal(code, 0);
  equal(readProcess(denit.pid), null);
  deepEqual(bench.left(), []);
});
