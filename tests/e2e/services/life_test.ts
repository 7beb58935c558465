/** The life of a service: restarts, health, hooks, a file that changes, signals. */

import { deepEqual, equal, match, ok } from "../../assert.ts";
import { inEachMode } from "../support/bench.ts";
import { pause } from "../support/until.ts";
import { lasting, runUp, sh, up, writeFile } from "./support.ts";

const [SIGHUP, SIGINT, SIGUSR1, SIGTERM] = [1, 2, 10, 15] as const;

inEachMode("on-failure:2 starts it twice more, with Docker's back-off", async (bench) => {
  const { code, stdout, stderr } = await runUp(bench, {
    services: { job: sh("echo runs; exit 9", { restart: "on-failure:2" }) },
  });
  equal(code, 9);
  equal(stdout, "job  | runs\n".repeat(3));
  const warnings = stderr.split("\n").map((line) => line.replace("denit: warning: ", ""));
  deepEqual(warnings, [
    "job ended with 9: starts again in 0.1s",
    "job ended with 9: starts again in 0.2s",
    "job ended with 9",
    "shutting down, to exit with 9: job ended with 9",
    "",
  ]);
});

inEachMode("what it daemonised is ended before it is started again", async (bench) => {
  const folder = bench.folder();
  const daemon =
    `trap 'echo daemon ends; exit 0' TERM; echo ready > ${folder}/ready; while :; do sleep 0.02; done`;
  const first =
    `touch ${folder}/ran; setsid sh -c "${daemon}" & until [ -e ${folder}/ready ]; do sleep 0.02; done; exit 1`;
  const script = `if [ -e ${folder}/ran ]; then echo second; exit 0; fi; ${first}`;
  const { code, stdout } = await runUp(bench, { services: { web: sh(script, { restart: "on-failure" }) } });
  equal(code, 0);
  equal(stdout, "web  | daemon ends\nweb  | second\n");
});

inEachMode("a dependency that fails: who waited for it is named, and its code is denit's", async (bench) => {
  const web = lasting({ depends_on: { migrate: { condition: "service_completed_successfully" } } });
  const { code, stdout, stderr } = await runUp(bench, { services: { web, migrate: sh("exit 4") } });
  deepEqual([code, stdout], [4, ""]);
  match(stderr, /^denit: error: Cannot start web: migrate, which it depends on, ended with 4$/m);
});

inEachMode(
  "a healthcheck: who waits for it starts when it is healthy, and a change is told",
  async (bench) => {
    const folder = bench.folder();
    const test = ["CMD-SHELL", `test -e ${folder}/well`];
    const db = lasting({
      healthcheck: { test, interval: "50ms", retries: 2, start_period: "1m", start_interval: "50ms" },
    });
    const web = lasting({ depends_on: { db: { condition: "service_healthy" } } });
    const denit = up(bench, { services: { web, db } });
    await denit.stdout.shows(/^db +\| ready$/);
    ok(!denit.stdout.text.includes("web"));
    await Deno.writeTextFile(`${folder}/well`, "");
    await denit.stdout.shows(/^web +\| ready$/);
    await Deno.remove(`${folder}/well`);
    await denit.stderr.shows(
      /^denit: warning: db is unhealthy: its probe ended with 1 \(2 failures in a row\)$/,
    );
    await Deno.writeTextFile(`${folder}/well`, "");
    await denit.stderr.shows(/^denit: warning: db is healthy again$/);
    await denit.signal(SIGTERM);
    equal((await denit.ended()).code, 0);
  },
);

inEachMode("a probe that hangs is killed with all that it started", async (bench) => {
  const test = ["CMD-SHELL", "setsid sleep 1000 & sleep 1000"];
  const db = lasting({ healthcheck: { test, interval: "50ms", timeout: "200ms", retries: 1 } });
  const denit = up(bench, { services: { db } });
  await denit.stderr.shows(/^denit: warning: db is unhealthy: its probe had no answer after 0\.2s$/);
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 0);
  deepEqual(bench.left(), []);
});

inEachMode("hooks run in their order around it", async (bench) => {
  const hook = (text: string): unknown => ({ command: ["sh", "-c", `echo ${text}`] });
  const denit = up(bench, {
    services: {
      web: sh("trap 'echo web ends; exit 0' TERM; while :; do sleep 0.02; done", {
        post_start: [hook("first"), hook("second")],
        pre_stop: [hook("before its end")],
      }),
      late: lasting({ depends_on: ["web"] }),
    },
  });
  await denit.stdout.shows(/^late +\| ready$/);
  await denit.signal(SIGTERM);
  const { code, stdout } = await denit.ended();
  equal(code, 0);
  deepEqual(stdout.split("\n").map((line) => line.replace(/^\w+ +\| /, "")), [
    "first",
    "second",
    "ready",
    "before its end",
    "web ends",
    "",
  ]);
});

inEachMode(
  "HUP: new services start, gone ones stop, changed ones restart, others keep their process",
  async (bench) => {
    const told = (name: string): string => `echo ${name} is $$; exec sleep 1000`;
    const before = {
      services: { same: sh(told("same")), gone: sh(told("gone")), changed: sh(told("changed")) },
    };
    const folder = writeFile(bench, before);
    const denit = bench.denit(["up", "-v"], { cwd: folder });
    for (const name of ["same", "gone", "changed"]) await denit.stdout.shows(new RegExp(`${name} is \\d+$`));
    writeFile(bench, {
      services: { same: sh(told("same")), changed: sh(told("again")), fresh: sh(told("fresh")) },
    }, folder);
    await denit.signal(SIGHUP);
    for (const name of ["again", "fresh"]) await denit.stdout.shows(new RegExp(`${name} is \\d+$`));
    await denit.stderr.shows(/^denit: info: reread the file; new: fresh; changed: changed; gone: gone$/);
    await denit.stderr.shows(/^denit: info: gone ended with 143 \(SIGTERM\)$/);
    equal(denit.stdout.text.match(/same is/g)?.length, 1);
    writeFile(bench, { services: { same: { comand: "sleep 1" } } }, folder);
    await denit.signal(SIGHUP);
    await denit.stderr.shows(/^denit: error: Cannot reread \.\/denit\.yaml: nothing was changed$/);
    match(denit.stderr.text, /services\.same\.comand: unknown key; did you mean "command"\?$/m);
    await denit.signal(SIGTERM);
    equal((await denit.ended()).code, 0);
  },
);

inEachMode("a signal goes to whoever asked for it, and to nobody else", async (bench) => {
  const script = "trap 'echo got it' USR1; echo ready; while :; do sleep 0.02; done";
  const denit = up(bench, {
    services: { web: sh(script, { forward_signals: ["USR1"] }), other: sh(script) },
  });
  for (const name of ["web", "other"]) await denit.stdout.shows(new RegExp(`^${name} +\\| ready$`));
  await denit.signal(SIGUSR1);
  await denit.stdout.shows(/^web +\| got it$/);
  await denit.signal(SIGINT);
  const { code, stdout } = await denit.ended();
  deepEqual([code, /^other +\| got it$/m.test(stdout)], [0, false]);
});

inEachMode("a second TERM does not wait for anybody", async (bench) => {
  const services = {
    web: sh("trap '' TERM; echo ready; while :; do sleep 0.02; done", { depends_on: ["db"] }),
    db: lasting(),
  };
  const denit = up(bench, { services }, ["--verbose", "--timeout", "1m"]);
  for (const name of ["web", "db"]) await denit.stdout.shows(new RegExp(`^${name} +\\| ready$`));
  await denit.signal(SIGTERM);
  await denit.stderr.shows(/^denit: info: shutting down, /);
  await pause(1000); // sooner it would be the same request
  await denit.signal(SIGTERM);
  const { code, stderr } = await denit.ended();
  equal(code, 0);
  match(stderr, /^denit: warning: killing whatever still runs: asked to stop a second time$/m);
  match(stderr, /^denit: warning: killed web \d+ \(.*\): it had not ended in time$/m);
  match(stderr, /^denit: warning: killed db \d+ \(.*\): it had not been asked to end$/m);
  deepEqual(bench.left(), []);
});

inEachMode("stop signals in the same breath are one: all have their time", async (bench) => {
  const web = sh("trap 'sleep 0.3; echo web ends; exit' TERM; echo ready; while :; do sleep 0.02; done");
  const denit = up(bench, { services: { web } }, ["--verbose"]);
  await denit.stdout.shows(/^web +\| ready$/);
  await denit.signal(SIGINT);
  await denit.stderr.shows(/^denit: info: shutting down, /); // two before it looks would be one to the kernel, too
  await denit.signal(SIGINT, SIGTERM);
  const { code, stdout, stderr } = await denit.ended();
  equal(code, 0);
  match(stdout, /^web +\| web ends$/m);
  ok(!stderr.includes("kill"), stderr);
});

inEachMode("one deadline for all: what is left of them is killed and named", async (bench) => {
  const stubborn = "trap '' TERM; echo ready; while :; do sleep 0.02; done";
  const denit = up(bench, { services: { a: sh(stubborn, { depends_on: ["b"] }), b: sh(stubborn) } }, [
    "-t",
    "300ms",
  ]);
  for (const name of ["a", "b"]) await denit.stdout.shows(new RegExp(`^${name} +\\| ready$`));
  await denit.signal(SIGTERM);
  const { code, stderr } = await denit.ended();
  equal(code, 0);
  match(stderr, /^denit: warning: killing whatever still runs: the 0\.3s for the shutdown are over$/m);
  for (const name of ["a", "b"]) match(stderr, new RegExp(`^denit: warning: killed ${name} \\d+ `, "m"));
  deepEqual(bench.left(), []);
});

inEachMode("essential: true ends the container whatever its end is, false never", async (bench) => {
  const essential = await runUp(bench, {
    services: { web: sh("exit 0", { essential: true }), other: lasting() },
  });
  equal(essential.code, 0);
  const folder = bench.folder();
  const denit = up(bench, {
    services: {
      never: sh("exit 5", { essential: false }),
      web: sh(`echo ready; until [ -e ${folder}/go ]; do sleep 0.02; done`),
    },
  });
  await denit.stderr.shows(/^denit: warning: never ended with 5$/);
  await denit.stdout.shows(/^web +\| ready$/);
  await Deno.writeTextFile(`${folder}/go`, "");
  equal((await denit.ended()).code, 5, "the first that failed");
});
