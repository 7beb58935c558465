/** The five traps that supervisors fall into. */

import { deepEqual, equal, match, ok } from "../../assert.ts";
import { inEachMode } from "../support/bench.ts";
import { kill } from "../support/processes.ts";
import { lasting, runUp, sh, up } from "./support.ts";

const [SIGKILL, SIGTERM] = [9, 15] as const;

inEachMode("one SIGCHLD for many deaths: all fifty of one moment are noticed", async (bench) => {
  const folder = bench.folder();
  const gate = `${folder}/gate`;
  const names = Array.from({ length: 50 }, (_, i) => `s${i}`);
  const wait = sh(`until [ -e ${gate} ]; do sleep 0.02; done`);
  const denit = up(bench, { services: Object.fromEntries(names.map((name) => [name, wait])) }, ["-v"]);
  await denit.stderr.shows(/^denit: info: started s49 /);
  await Deno.writeTextFile(gate, "");
  const { code, stderr } = await denit.ended();
  equal(code, 0);
  deepEqual(stderr.match(/^denit: info: s\d+ ended with 0$/gm)?.length, 50);
});

inEachMode("a status by a signal is never 0", async (bench) => {
  const { code, stderr } = await runUp(bench, { services: { a: sh("kill -KILL $$") } });
  equal(code, 137);
  match(stderr, /^denit: warning: a ended with 137 \(SIGKILL\)$/m);
});

const STUBBORN = "trap '' TERM; echo ready; while :; do sleep 0.05; done";
for (
  const [what, script] of [
    ["in the same group", `(${STUBBORN}) & wait`],
    ["in a session of its own", `setsid sh -c "${STUBBORN}" & wait`],
    ["that holds the pipe of a service that has ended", `(${STUBBORN}) & exit 0`],
  ] as const
) {
  inEachMode(
    `a child that ignores TERM ${what}: killed in time, named, and nobody is left`,
    async (bench) => {
      const services = { web: sh(script, { stop_grace_period: "300ms" }), other: lasting() };
      const denit = up(bench, { services });
      await denit.stdout.shows(/^web +\| ready$/);
      await denit.signal(SIGTERM);
      const { code, stderr } = await denit.ended();
      equal(code, 0);
      match(
        stderr,
        /^denit: warning: killed \d+ \(.*\), which web had left behind: it had not ended in time$/m,
      );
      deepEqual(bench.left(), []);
    },
  );
}

inEachMode("TERM at any moment of the first 500 ms: nobody is left, and no crash", async (bench) => {
  const services = { db: lasting(), web: lasting({ depends_on: ["db"] }) };
  for (let afterMs = 20; afterMs <= 500; afterMs += 40) {
    const denit = up(bench, { services }, ["--timeout", "2s"]);
    const pid = await denit.denitPid();
    await new Promise((resolve) => setTimeout(resolve, afterMs)); // the moment is what is tested
    for (let round = 0; !denit.over; round++) {
      // Before its handler is up, a PID 1 does not even hear of it: then the next one is. It can be up, and all be
      // ready, before we look again; one that has heard of it is over within its timeout, long before the tenth.
      if (round % 10 === 0 || !denit.stdout.text.includes("ready")) kill(pid, SIGTERM);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    const { code, signal } = await denit.ended();
    ok(code === 0 || signal === "SIGTERM", `${afterMs} ms: ${code}, ${signal}`);
    deepEqual(bench.left(), [], `${afterMs} ms`);
  }
});

inEachMode(
  "a pid that was reaped gets no signal: a service restarts while all is shut down",
  async (bench) => {
    const services = { flapping: sh("exit 1", { restart: "always", essential: false }), web: lasting() };
    const denit = up(bench, { services });
    await denit.stderr.shows(/^denit: warning: flapping ended with 1: starts again in 0.4s$/);
    await denit.signal(SIGTERM);
    const { code, stderr } = await denit.ended();
    equal(code, 0);
    equal(/Cannot send|killed/.test(stderr), false, stderr);
    deepEqual(bench.left(), []);
  },
);

inEachMode("KILL of a service from outside is a failure like any other", async (bench) => {
  const denit = up(bench, { services: { web: sh("echo $$; exec sleep 1000"), other: lasting() } });
  const [, inner] = await denit.stdout.shows(/^web +\| (\d+)$/);
  kill(await denit.pidOf(Number(inner)), SIGKILL);
  const { code } = await denit.ended();
  equal(code, 137);
  deepEqual(bench.left(), []);
});
