/** What post_start and pre_stop do, and what becomes of their failures. */

import { deepEqual, equal, match } from "../../assert.ts";
import { inEachMode } from "../support/bench.ts";
import { lasting, sh, up } from "./support.ts";

const SIGTERM = 15;
const ENDS = "trap 'echo ends; exit 0' TERM; while :; do sleep 0.01; done";

inEachMode("post_start that fails stops the service, and that is its failure", async (bench) => {
  const denit = up(bench, {
    services: {
      web: sh(ENDS, { post_start: [sh("exit 3"), sh("echo second")] }),
      late: lasting({ depends_on: ["web"] }),
    },
  });
  const { code, stdout, stderr } = await denit.ended();
  equal(code, 1);
  equal(/second|ready/.test(stdout), false, stdout);
  match(stderr, /^denit: error: post_start of web ended with 3: web is stopped$/m);
  match(
    stderr,
    /^denit: error: Cannot start late: web, which it depends on, was stopped: its post_start ended with 3$/m,
  );
  deepEqual(bench.left(), []);
});

inEachMode("post_start that cannot be started stops the service too", async (bench) => {
  const denit = up(bench, {
    services: { web: sh(ENDS, { post_start: [{ command: ["no-such-program"] }] }) },
  });
  const { code, stderr } = await denit.ended();
  equal(code, 1);
  match(stderr, /^denit: error: post_start of web could not be started: .*: web is stopped$/m);
});

inEachMode("it runs at each start anew", async (bench) => {
  const denit = up(bench, {
    services: {
      web: sh("until test -e hooked; do sleep 0.01; done; rm hooked; exit 1", {
        restart: "on-failure:2",
        post_start: [sh("echo hook; : > hooked")],
      }),
    },
  });
  const { code, stdout } = await denit.ended();
  deepEqual([code, stdout], [1, "web  | hook\n".repeat(3)]);
});

inEachMode("a service that ends in the middle of its post_start does not wait for it", async (bench) => {
  const denit = up(bench, {
    services: {
      web: sh("until test -e hooked; do sleep 0.01; done; exit 5", {
        post_start: [sh(": > hooked; sleep 1000")],
      }),
    },
  });
  const { code } = await denit.ended();
  equal(code, 5);
  deepEqual(bench.left(), []);
});

inEachMode("pre_stop that fails is a warning, and the rest is as usual", async (bench) => {
  const denit = up(bench, {
    services: { web: sh(`echo ready; ${ENDS}`, { pre_stop: [sh("echo first; exit 4"), sh("echo second")] }) },
  });
  await denit.stdout.shows(/ready$/);
  await denit.signal(SIGTERM);
  const { code, stdout, stderr } = await denit.ended();
  equal(code, 0);
  equal(stdout, ["ready", "first", "second", "ends"].map((text) => `web  | ${text}\n`).join(""));
  deepEqual(stderr.match(/^denit: .*$/gm), ["denit: warning: pre_stop of web ended with 4"]);
});

inEachMode("pre_stop that hangs has the grace of its service, then both are killed", async (bench) => {
  const denit = up(bench, {
    services: {
      web: sh(`echo ready; ${ENDS}`, { pre_stop: [sh("sleep 1000")], stop_grace_period: "200ms" }),
    },
  });
  await denit.stdout.shows(/ready$/);
  await denit.signal(SIGTERM);
  const { code, stderr } = await denit.ended();
  equal(code, 0);
  match(stderr, /^denit: warning: killed web \d+ \(.*\): its pre_stop had not ended after 0\.2s$/m);
  deepEqual(bench.left(), []);
});

inEachMode("a service that ends by itself has no pre_stop", async (bench) => {
  const { code, stdout } = await up(bench, {
    services: { web: sh("echo runs", { pre_stop: [sh("echo hook")] }) },
  }).ended();
  deepEqual([code, stdout], [0, "web  | runs\n"]);
});
