/** How a service is asked for its health, and what follows from its answers. */

import { deepEqual, equal, ok } from "../../assert.ts";
import { inEachMode } from "../support/bench.ts";
import { commandOf } from "../support/processes.ts";
import { until } from "../support/until.ts";
import { lasting, perl, sh, up, writeFile } from "./support.ts";

const SIGTERM = 15;

/** Seldom asked once it runs, but often in its start period. */
const EAGER = { interval: "20ms", start_period: "1m", start_interval: "20ms" };

inEachMode(
  "http: a status from 200 to 399 is healthy, any other is not, and no answer neither",
  async (bench) => {
    const port = freePort();
    const folder = writeFile(bench, {
      services: {
        web: perl("http_server", [String(port)], {
          healthcheck: {
            http: `http://127.0.0.1:${port}/health?deep`,
            ...EAGER,
            timeout: "300ms",
            retries: 2,
          },
        }),
        after: lasting({ depends_on: { web: { condition: "service_healthy" } } }),
      },
    });
    await Deno.writeTextFile(`${folder}/status`, "503");
    const denit = bench.denit(["up", "-v"], { cwd: folder });
    await denit.stdout.shows(/^web +\| asked \/health\?deep$/);
    ok(!denit.stdout.text.includes("after"));
    await Deno.writeTextFile(`${folder}/status`, "302");
    await denit.stdout.shows(/^after +\| ready$/);
    await denit.stderr.next(/^denit: info: web is healthy$/);
    await Deno.writeTextFile(`${folder}/status`, "500");
    await denit.stderr.next(/^denit: warning: web is unhealthy: .*\b500\b.* \(2 failures in a row\)$/);
    await Deno.writeTextFile(`${folder}/status`, "204");
    await denit.stderr.next(/^denit: warning: web is healthy again$/);
    await Deno.writeTextFile(`${folder}/silent`, "");
    await denit.stderr.next(
      /^denit: warning: web is unhealthy: its probe had no answer after 0\.3s \(2 failures in a row\)$/,
    );
    await denit.signal(SIGTERM);
    equal((await denit.ended()).code, 0);
  },
);

inEachMode("tcp: healthy as soon as a connection is accepted", async (bench) => {
  const port = freePort();
  const folder = writeFile(bench, {
    services: {
      web: sh(`echo begins; until test -e go; do sleep 0.01; done; exec ${server(port)}`, {
        healthcheck: { tcp: `127.0.0.1:${port}`, ...EAGER },
      }),
      after: lasting({ depends_on: { web: { condition: "service_healthy" } } }),
    },
  });
  const denit = bench.denit(["up"], { cwd: folder });
  await denit.stdout.shows(/^web +\| begins$/);
  ok(!denit.stdout.text.includes("after"));
  await Deno.writeTextFile(`${folder}/go`, "");
  await denit.stdout.shows(/^after +\| ready$/);
  await denit.signal(SIGTERM);
  const { code, stderr } = await denit.ended();
  deepEqual([code, stderr], [0, ""]);
});

inEachMode("failures in the start period do not count, those behind it do", async (bench) => {
  const folder = writeFile(bench, {
    services: {
      web: lasting({
        healthcheck: {
          test: "echo >> asked; exit 1",
          interval: "20ms",
          retries: 1,
          start_period: "500ms",
          start_interval: "20ms",
        },
      }),
    },
  });
  const denit = bench.denit(["up"], { cwd: folder });
  await denit.stderr.shows(/^denit: warning: web is unhealthy: its probe ended with 1$/);
  const asked = (await Deno.readTextFile(`${folder}/asked`)).length;
  ok(asked >= 3, `asked ${asked} times in 500 ms, one of which counts`);
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 0);
});

inEachMode("the last line of a probe is told with why it failed, however much it wrote", async (bench) => {
  const tests = {
    one: `echo first; printf '\\033[31mno \\tluck\\033[0m\\n \\n' >&2; exit 7`,
    loud: "yes | head -c 300000; echo enough; exit 1",
    long: "yes | head -c 10000 | tr -d '\\n'; exit 1",
    late: "echo thinking; sleep 1000",
    survived: "(trap '' TERM; yes >/dev/stderr) & echo left somebody; exit 1",
  };
  const service = (test: string): unknown =>
    lasting({ user: "nobody", healthcheck: { test, interval: "20ms", timeout: "1s", retries: 1 } });
  const services = Object.fromEntries(Object.entries(tests).map(([name, test]) => [name, service(test)]));
  const denit = up(bench, { services });
  const told = (name: string, why: string): Promise<unknown> =>
    denit.stderr.shows(new RegExp(`^denit: warning: ${name} is unhealthy: its probe ${why}$`));
  await told("one", "ended with 7: no  luck");
  await told("loud", "ended with 1: enough");
  await told("long", `ended with 1: y{199}…`);
  await told("late", "had no answer after 1s: thinking");
  await told("survived", "ended with 1: (left somebody|y)");
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 0);
  deepEqual(bench.left(), []);
});

inEachMode("a probe that hangs is killed with what it started in a session of its own", async (bench) => {
  const denit = up(bench, {
    services: {
      web: sh("echo ready; while :; do sleep 0.01; done", {
        healthcheck: {
          test: "setsid sleep 1000 & sleep 1000",
          interval: "20ms",
          timeout: "200ms",
          retries: 2,
        },
      }),
    },
  });
  const hanging = (): number => bench.left().filter(({ pid }) => isLongSleep(pid)).length;
  await until(() => hanging() === 2, "the probe to run");
  let most = 0;
  await until(() => {
    most = Math.max(most, hanging());
    return /is unhealthy: its probe had no answer after 0\.2s \(2 failures in a row\)$/m.test(
      denit.stderr.text,
    );
  }, "web to be unhealthy");
  ok(most <= 2, `probes pile up: ${most}`);
  await until(() => hanging() === 0, "the hanging probe to be gone");
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 0);
  deepEqual(bench.left(), []);
});

inEachMode("an unhealthy service goes on running, and one that starts again is asked anew", async (bench) => {
  const folder = writeFile(bench, {
    services: {
      web: sh("echo ready; until test -e go; do sleep 0.01; done; rm go; exit 1", {
        healthcheck: { test: "exit 1", interval: "20ms", retries: 1 },
        restart: "always",
      }),
    },
  });
  const denit = bench.denit(["up"], { cwd: folder });
  for (const run of ["first", "second"]) {
    await denit.stdout.next(/ready$/);
    await denit.stderr.next(/^denit: warning: web is unhealthy: its probe ended with 1$/);
    if (run === "first") await Deno.writeTextFile(`${folder}/go`, "");
  }
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 0);
});

inEachMode("a probe that runs when its service ends does not outlive it", async (bench) => {
  const denit = up(bench, {
    services: {
      web: sh(
        "if test -e ran; then echo again; exec sleep 999; fi; until test -e ran; do sleep 0.01; done; exit 1",
        {
          healthcheck: {
            test: ": > ran; sleep 1000",
            interval: "1h",
            start_period: "1h",
            start_interval: "10ms",
          },
          restart: "on-failure",
        },
      ),
    },
  });
  await denit.stdout.shows(/again$/);
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 0);
  deepEqual(bench.left(), []);
});

inEachMode(
  "nor does what a probe has started in a group of its own, as a shell's jobs are",
  async (bench) => {
    const job = `if (!fork) { setpgrp; exec "sleep", "4321" } open F, ">", "probed"; sleep 1000`;
    const denit = up(bench, {
      services: {
        web: sh(
          "if test -e ran; then echo again; exec sleep 999; fi; until test -e probed; do sleep 0.01; done; : > ran; exit 1",
          {
            healthcheck: {
              test: `test -e probed || exec perl -e '${job}'`,
              interval: "1h",
              start_period: "1h",
              start_interval: "10ms",
            },
            restart: "on-failure",
          },
        ),
      },
    });
    await denit.stdout.shows(/again$/);
    deepEqual(bench.left().filter(({ pid }) => commandOf(pid).includes("4321")), []);
    await denit.signal(SIGTERM);
    const { code, stderr } = await denit.ended();
    equal(code, 0);
    ok(!stderr.includes("killed"), stderr);
  },
);

function isLongSleep(pid: number): boolean {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`) === "sleep\x001000\x00";
  } catch {
    return false; // it has ended meanwhile
  }
}

function server(port: number): string {
  return (perl("http_server", [String(port)])["command"] as string[]).join(" ");
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
