/** Surroundings in which not much is left: no /proc, no disk that can be written, and clocks that are odd. */

import { deepEqual, equal, match, ok } from "../../assert.ts";
import { inEachMode, inMode, type Running, usualCache } from "../support/bench.ts";
import { nsenter, program, unshare } from "../support/program.ts";
import { lasting, runUp, sh, writeFile } from "../services/support.ts";
import { fromSource, inEachModeMounted, mounted, runWhole, serveWhole, SIGTERM, stops } from "./support.ts";

/** How /proc goes away. */
const NO_PROC = {
  "unmounted": "while umount --lazy /proc 2> /dev/null; do :; done; ! test -e /proc/self || exit 99",
  "hidden": "mount -t tmpfs none /proc || exit 99",
};

for (const [how, script] of Object.entries(NO_PROC)) {
  inEachModeMounted(
    `/proc ${how} at the start: one program is cared for and ends as usual`,
    async (bench) => {
      await runWhole(bench, { inside: mounted(script), words: ["-vw"] });
    },
  );

  // From source, what services need is loaded by code of Deno's that asks /proc for its own path.
  if (!fromSource) {
    inEachModeMounted(`/proc ${how} at the start: services are cared for and end as usual`, async (bench) => {
      await serveWhole(bench, { inside: mounted(script), words: ["-vw"] });
    });
  }

  inEachModeMounted(`/proc ${how} later: one program is cared for and ends as usual`, async (bench) => {
    const fault = (denit: Running): Promise<void> => within(denit, script);
    await runWhole(bench, { inside: mounted(""), words: ["-vw"], fault });
  });

  inEachModeMounted(`/proc ${how} later: services are cared for and end as usual`, async (bench) => {
    const fault = (denit: Running): Promise<void> => within(denit, script);
    await serveWhole(bench, { inside: mounted(""), words: ["-vw"], fault });
  });

  inEachModeMounted(`/proc ${how} later: services that do not end are killed in time`, async (bench) => {
    const stubborn = { command: program("stubborn", "3"), stop_grace_period: "1h" };
    const cwd = writeFile(bench, { services: { stubborn } });
    const denit = bench.denit(["up", "-t", "500ms"], { inside: mounted(""), cwd });
    for (let i = 0; i < 3; i++) await denit.stdout.next(/^stubborn +\| ready/);
    await within(denit, script);
    equal((await stops(bench, denit)).code, 0);
  });

  inEachModeMounted(
    `/proc ${how} later: who is left in its group ends before a service starts again`,
    async (bench) => {
      const helper =
        `mkdir alive; trap "sleep 0.3; rmdir alive; exit" TERM; echo left; while :; do sleep 0.02; done`;
      const web = sh(
        `if test -e go; then test -e alive && echo overlap; echo again; exec sleep 1000; fi; sh -c '${helper}' & ` +
          "until test -e go; do sleep 0.01; done; exit 1",
        { restart: "on-failure" },
      );
      const cwd = writeFile(bench, { services: { web } });
      const denit = bench.denit(["up"], { inside: mounted(""), cwd });
      await denit.stdout.shows(/^web +\| left$/);
      await within(denit, script);
      await Deno.writeTextFile(`${cwd}/go`, "");
      await denit.stdout.shows(/^web +\| again$/);
      const { code, stdout, stderr } = await stops(bench, denit);
      equal(code, 0);
      ok(!stdout.includes("overlap"), stdout);
      equal(
        stderr.match(/^denit: warning: Cannot find all that services leave behind: .*$/gm)?.length,
        1,
        stderr,
      );
    },
  );
}

inMode("PID 1", "/proc unmounted: what services leave behind ends at the end, by TERM", async (bench) => {
  const script = 'setsid "$$@" & until test -e go; do sleep 0.01; done';
  const leaving = { command: ["sh", "-c", script, "sh", ...program("signals", `${SIGTERM}`, "left")] };
  const cwd = writeFile(bench, { services: { leaving, other: lasting() } });
  const denit = bench.denit(["up", "-v"], { inside: mounted(""), cwd });
  await denit.stdout.shows(/^leaving +\| left ready/);
  await denit.stdout.shows(/^other +\| ready$/);
  await within(denit, NO_PROC.unmounted);
  await Deno.writeTextFile(`${cwd}/go`, "");
  await denit.stderr.shows(/^denit: info: leaving ended with 0$/);
  const { code, stdout } = await stops(bench, denit);
  equal(code, 0);
  match(stdout, /^leaving +\| left 15$/m);
});

/** Runs a script of sh in denit's namespaces: in another PID namespace its /proc looks as if it were gone. */
async function within(denit: Running, script: string): Promise<void> {
  const [command, ...words] = nsenter(await denit.denitPid());
  const { success, stderr } = await new Deno.Command(command!, { args: [...words, "sh", "-c", script] })
    .output();
  ok(success, new TextDecoder().decode(stderr));
}

/** The test's own folder stays writable: what runs says there how it goes. */
const READ_ONLY = `
  mount --bind /tmp /tmp
  for at in $(cut -d' ' -f2 /proc/self/mounts); do
    case $at in /tmp | /proc | /proc/*) ;; *) mount -o remount,bind,ro "$at" 2> /dev/null;; esac
  done
  ! touch /probe /var/probe /usr/probe 2> /dev/null || exit 99
`;
const NOWHERE = {
  HOME: "/no/such/home",
  TMPDIR: "/no/such/folder",
  DENO_DIR: usualCache(), // from source it needs what it imports
  DENO_NO_UPDATE_CHECK: "1",
};

inEachModeMounted(
  "no disk that can be written: one program is cared for and ends as usual",
  async (bench) => {
    const { stderr } = await runWhole(bench, { inside: mounted(READ_ONLY), env: NOWHERE });
    equal(stderr, "");
  },
);

inEachModeMounted("no disk that can be written: services are cared for and end as usual", async (bench) => {
  await serveWhole(bench, { inside: mounted(READ_ONLY), env: NOWHERE });
});

inEachModeMounted("no disk that can be written: json-file is one warning", async (bench) => {
  const cwd = writeFile(bench, {
    services: { web: sh("seq 1000; exit 3", { logging: { driver: "json-file" } }) },
  });
  const words = ["up", "--log-folder", "/var/log/no-such-folder"];
  const { code, stderr } = await bench.run(words, { inside: mounted(READ_ONLY), env: NOWHERE, cwd });
  equal(code, 3);
  const [told, ...more] = stderr.split("\n").filter((line) => line.includes("/var/log"));
  match(told!, /^denit: warning: Cannot write to .*\/web.log: read-only file system; lines of web are lost$/);
  deepEqual(more, []);
});

inEachMode(
  "a filter denies waitid(2): who ends is reaped, also where the names are wanted",
  async (bench) => {
    await runWhole(bench, { inside: program("denied", "waitid"), words: ["-vw"] });
  },
);

inEachMode("a filter denies clone(2): one line, 125", async (bench) => {
  const { code, stderr } = await bench.run(["--", "true"], { inside: program("denied", "clone") });
  deepEqual([code, stderr], [
    125,
    'denit: error: Cannot start "true": the system does not let denit make another process (operation not permitted)\n',
  ]);
});

/** A machine that has been up for a century, and one that was started a moment ago. */
const CENTURY_S = 100 * 365 * 86_400;
for (const [what, offset] of [["a century", CENTURY_S], ["no time", null]] as const) {
  const seconds = offset ?? -Math.floor(performance.timeOrigin > 0 ? upSeconds() : 0);
  const offsets = ["--monotonic", `${seconds}`, "--boottime", `${seconds}`];
  const outside = unshare("--time", ...offsets, "--fork", "--kill-child");

  inEachMode(`a clock that has run for ${what}: one program`, async (bench) => {
    await runWhole(bench, { outside });
  }, "namespaces");

  inEachMode(`a clock that has run for ${what}: services, their back-off and their grace`, async (bench) => {
    await serveWhole(bench, { outside });
    const { code, stderr } = await runUp(
      bench,
      {
        services: {
          stubborn: { command: program("stubborn", "1"), stop_grace_period: "200ms" },
          ends: sh("sleep 0.1", { essential: true }),
        },
      },
      [],
      { outside },
    );
    equal(code, 0);
    match(stderr, /^denit: warning: killed stubborn.* 0\.2s after SIGTERM/m);
  }, "namespaces");
}

/** How long this machine has been up: the least that a clock can be put back by. */
function upSeconds(): number {
  return Math.floor(Number(Deno.readTextFileSync("/proc/uptime").split(" ")[0]));
}
