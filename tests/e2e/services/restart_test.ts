/** Whether a service that has ended is started again, and when. */

import { deepEqual, equal, match, ok } from "../../assert.ts";
import { type Bench, inEachMode } from "../support/bench.ts";
import { type FileOfServices, lasting, runUp, sh, up } from "./support.ts";

const SIGTERM = 15;

/** How a service is restarted, and the times before it is, in seconds; `null`: that was the last run. */
const POLICIES: Readonly<
  Record<string, { readonly web: FileOfServices; readonly delays: readonly (string | null)[] }>
> = {
  "always, what ends with 0 too, with Docker's back-off": {
    web: sh("exit 0", { restart: "always" }),
    delays: ["0.1", "0.2", "0.4"],
  },
  "unless-stopped is as always": {
    web: sh("exit 1", { restart: "unless-stopped" }),
    delays: ["0.1", "0.2", "0.4"],
  },
  "on-failure, without end": { web: sh("exit 1", { restart: "on-failure" }), delays: ["0.1", "0.2", "0.4"] },
  "on-failure, what ends by a signal": {
    web: sh("kill -TERM $$", { restart: "on-failure:1" }),
    delays: ["0.1", null],
  },
  "on-failure, what cannot be started": {
    web: { command: ["no-such-program"], restart: "on-failure:2" },
    delays: ["0.1", "0.2", null],
  },
  "restart_policy: attempts at their delay": {
    web: sh("exit 1", {
      deploy: { restart_policy: { condition: "on-failure", delay: "300ms", max_attempts: 3 } },
    }),
    delays: ["0.3", "0.3", "0.3", null],
  },
  "restart_policy: a run as long as its window begins the back-off anew": {
    web: sh("sleep 0.3; exit 1", { deploy: { restart_policy: { condition: "any", window: "200ms" } } }),
    delays: ["0.1", "0.1", "0.1"],
  },
  "no": { web: sh("exit 1", { restart: "no" }), delays: [null] },
};

for (const [name, { web, delays }] of Object.entries(POLICIES)) {
  inEachMode(name, async (bench) => {
    const found = await delaysOf(bench, { ...web, essential: false }, delays.length);
    deepEqual(found, delays);
  });
}

inEachMode("on-failure: what ends with 0 is not started again", async (bench) => {
  const services = { web: sh("echo runs", { restart: "on-failure" }) };
  const ended = await runUp(bench, { services });
  deepEqual([ended.code, ended.stdout, ended.stderr], [0, "web  | runs\n", ""]);
});

inEachMode("its last attempt has failed: its code is denit's", async (bench) => {
  const services = { web: { command: ["no-such-program"], restart: "on-failure:1" }, other: lasting() };
  const { code, stderr } = await runUp(bench, { services });
  equal(code, 127);
  equal(stderr.match(/^denit: error: Cannot start web \(no-such-program\): /gm)?.length, 2);
  deepEqual(bench.left(), []);
});

inEachMode("TERM during the back-off: it is not started again", async (bench) => {
  const services = { web: sh("echo runs; exit 1", { restart: "always", essential: false }) };
  const denit = up(bench, { services });
  await denit.stderr.shows(/starts again in 0\.8s$/);
  await denit.signal(SIGTERM);
  const { code, stdout } = await denit.ended();
  equal(code, 0);
  equal(stdout, "web  | runs\n".repeat(4));
});

inEachMode("what ends at once and always does not keep denit from its work", async (bench) => {
  const services = {
    ...Object.fromEntries(
      Array.from(
        { length: 5 },
        (_, i) => [`flapping${i}`, sh("exit 1", { restart: "always", essential: false })],
      ),
    ),
    web: sh("i=0; while [ $i -lt 20 ]; do i=$((i + 1)); echo $i; sleep 0.01; done; exit 3"),
  };
  const { code, stdout } = await runUp(bench, { services });
  equal(code, 3);
  match(stdout, /^web +\| 20$/m);
  deepEqual(bench.left(), []);
});

/** The times that the first so many ends of a service `web` are followed by. */
async function delaysOf(bench: Bench, web: FileOfServices, count: number): Promise<(string | null)[]> {
  const denit = up(bench, { services: { web, other: lasting() } });
  await denit.stderr.shows(new RegExp(`(?:^denit: warning: web (?:ended|could)[^]*){${count}}$`));
  await denit.stdout.shows(/^other +\| ready$/);
  await denit.signal(SIGTERM);
  const { stderr } = await denit.ended();
  ok(!/Cannot go on/.test(stderr), stderr);
  const ends = [
    ...stderr.matchAll(/^denit: warning: web (?:ended|could).*?(?:: starts again in (\S+)s)?$/gm),
  ];
  return ends.slice(0, count).map(([, delay]) => delay ?? null);
}
