/** When a service is started: what it waits for, and what becomes of it when that fails. */

import { deepEqual, equal, match, ok } from "../../assert.ts";
import { START_FAILURE_CODES } from "../../../src/core/exit_code.ts";
import { holdExecution, noHolding } from "../../ffi/posix.ts";
import { inEachModeWith } from "../faults/support.ts";
import { inEachMode } from "../support/bench.ts";
import { type FileOfServices, lasting, runUp, sh, up, writeFile } from "./support.ts";

const SIGTERM = 15;

inEachMode("service_started: who depends on it starts behind its post_start", async (bench) => {
  const folder = writeFile(bench, {
    services: {
      web: lasting({ depends_on: ["db"] }),
      db: lasting({ post_start: [sh(": > begun; until test -e go; do sleep 0.01; done; echo prepared")] }),
    },
  });
  const denit = bench.denit(["up"], { cwd: folder });
  await bench.file(`${folder}/begun`);
  ok(!denit.stdout.text.includes("web"));
  await Deno.writeTextFile(`${folder}/go`, "");
  await denit.stdout.shows(/^db +\| prepared\nweb +\| ready$/);
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 0);
});

inEachMode(
  "service_completed_successfully: who depends on it starts when it has ended with 0",
  async (bench) => {
    const { code, stdout, stderr } = await runUp(bench, {
      services: {
        web: sh("echo serves", { depends_on: on("migrate", "service_completed_successfully") }),
        migrate: sh("sleep 0.1; echo migrated"),
      },
    });
    deepEqual([code, stdout, stderr], [0, "migrate  | migrated\nweb      | serves\n", ""]);
  },
);

inEachMode("who does not depend on each other starts side by side", async (bench) => {
  const meets = (own: string, others: string): string =>
    `: > ${own}; until test -e ${others}; do sleep 0.01; done; exec sleep 0.1`;
  const { code } = await runUp(bench, {
    services: {
      left: sh(meets("left", "right"), { depends_on: ["base"] }),
      right: sh(meets("right", "left"), { depends_on: ["base"] }),
      base: sh("exit 0"),
    },
  });
  equal(code, 0);
});

inEachMode(
  "of those that start at once each is what it is for itself: run, found missing, or run by a shell",
  async (bench) => {
    const folder = writeFile(bench, {
      services: Object.fromEntries([0, 1, 2].flatMap((i) => [
        [`good${i}`, sh(`echo good${i}`)],
        [`gone${i}`, { command: [`./gone${i}`], essential: false }],
        [`text${i}`, { command: ["./script", `text${i}`] }],
      ])),
    });
    await Deno.writeTextFile(`${folder}/script`, 'echo "$1"\n', { mode: 0o755 });
    const { code, stdout, stderr } = await bench.denit(["up", "--no-log-prefix"], { cwd: folder }).ended();
    equal(code, 127);
    deepEqual(stdout.split("\n").sort(), ["", ...["good0", "good1", "good2", "text0", "text1", "text2"]]);
    for (const i of [0, 1, 2]) {
      equal(stderr.match(new RegExp(`gone${i} .*\\./gone${i}`, "g"))?.length, 1, stderr);
    }
  },
);

const lacking = noHolding();

for (
  const [what, text, reason] of [
    [
      "a missing interpreter",
      "#!/no/such\n",
      "the file is there, but the interpreter or loader that it names is not",
    ],
    ["no #!", "exit 0\n", "it has no #! line, and it was too late for /bin/sh to run it as a script"],
  ] as const
) {
  inEachModeWith(
    lacking,
    `a start that hangs and then fails: of ${what} that is told, too`,
    async (bench) => {
      const folder = writeFile(bench, { services: { web: { command: ["./slow"] } } });
      await Deno.writeTextFile(`${folder}/slow`, text, { mode: 0o755 });
      const letGo = holdExecution(`${folder}/slow`);
      const denit = bench.denit(["up"], { cwd: folder });
      await denit.stderr.next(/^denit: warning: web: Cannot tell whether it runs: /);
      letGo();
      const { code, stderr } = await denit.ended();
      equal(code, START_FAILURE_CODES[text.startsWith("#!") ? "no interpreter" : "not executable"]);
      const lines = stderr.split("\n").filter((line) => line.includes("Cannot start"));
      deepEqual(lines, [`denit: error: Cannot start web (./slow): ${reason}`]);
    },
  );
}

inEachModeWith(
  lacking,
  "a start that hangs keeps nothing of the one before: its last line comes when it has ended",
  async (bench) => {
    const folder = writeFile(bench, {
      services: { web: sh("printf 'no end'"), slow: { command: ["./slow"] } },
    });
    await Deno.writeTextFile(`${folder}/slow`, "#!/bin/sh\n", { mode: 0o755 });
    const letGo = holdExecution(`${folder}/slow`);
    const denit = bench.denit(["up"], { cwd: folder });
    await denit.stderr.next(/^denit: warning: slow: Cannot tell whether it runs: /);
    await denit.stdout.shows(/^web +\| no end$/);
    letGo();
    equal((await denit.ended()).code, 0);
  },
);

/** What becomes of a dependency, and how `web`, which needs it, is told of. */
const FAILURES: Readonly<
  Record<string, { readonly db: FileOfServices; condition: string; told: string; code: number }>
> = {
  "that cannot be started": {
    db: { command: ["no-such-program"] },
    condition: "service_started",
    told: "could not be started",
    code: 127,
  },
  "that fails before it is healthy": {
    db: sh("exit 3", { healthcheck: { test: "true" } }),
    condition: "service_healthy",
    told: "ended with 3",
    code: 3,
  },
  "that ends before it is healthy": {
    db: sh("exit 0", { healthcheck: { test: "true" } }),
    condition: "service_healthy",
    told: "ended before it was healthy",
    code: 1,
  },
  "that is unhealthy": {
    db: lasting({ healthcheck: { test: "exit 2", interval: "20ms", retries: 2 } }),
    condition: "service_healthy",
    told: "is unhealthy",
    code: 1,
  },
  "that ends by a signal": {
    db: sh("kill -KILL $$"),
    condition: "service_completed_successfully",
    told: "ended with 137 (SIGKILL)",
    code: 137,
  },
};

for (const [what, { db, condition, told, code }] of Object.entries(FAILURES)) {
  inEachMode(`a dependency ${what}: who waited for it is told of and not started`, async (bench) => {
    const web = lasting({ depends_on: on("db", condition) });
    const ended = await runUp(bench, { services: { web, db } });
    equal(ended.code, code);
    ok(!ended.stdout.includes("web"), ended.stdout);
    const line = `denit: error: Cannot start web: db, which it depends on, ${told}`;
    ok(ended.stderr.split("\n").includes(line), ended.stderr);
    deepEqual(bench.left(), []);
  });

  inEachMode(`a dependency ${what} that is not required is a warning`, async (bench) => {
    const denit = up(bench, {
      services: {
        web: sh("echo ready; exec sleep 1000", { depends_on: on("db", condition, { required: false }) }),
        db: { ...db, essential: false },
      },
    });
    await denit.stdout.shows(/^web +\| ready$/);
    const line = `denit: warning: web starts without db, which ${told}`;
    ok(denit.stderr.lines.includes(line), denit.stderr.text);
    await denit.signal(SIGTERM);
    await denit.ended();
    deepEqual(bench.left(), []);
  });
}

inEachMode("a failure goes on along the dependencies, and each is told of", async (bench) => {
  const { code, stderr } = await runUp(bench, {
    services: {
      top: lasting({ depends_on: ["middle"] }),
      middle: lasting({ depends_on: on("base", "service_completed_successfully"), essential: false }),
      base: sh("exit 6", { essential: false }),
    },
  });
  equal(code, 6);
  match(stderr, /^denit: error: Cannot start middle: base, which it depends on, ended with 6$/m);
  match(
    stderr,
    /^denit: error: Cannot start top: middle, which it depends on, could not be started: base, /m,
  );
});

function on(service: string, condition: string, more: FileOfServices = {}): FileOfServices {
  return { [service]: { condition, ...more } };
}
