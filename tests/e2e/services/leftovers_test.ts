/** What a service leaves behind when it ends is over before it is started again. */

import { deepEqual, equal, match, ok } from "../../assert.ts";
import { inEachMode } from "../support/bench.ts";
import { until } from "../support/until.ts";
import { sh, up, writeFile } from "./support.ts";

const SIGTERM = 15;

/** Runs what follows as a daemon does: no child of the service, in a session of its own, its parent gone. */
const DAEMON = `perl -e 'use POSIX; fork and exit; POSIX::setsid; fork and exit; exec @ARGV' `;
/** Runs what follows in the group and session of the service, its parent gone. */
const ORPHAN = `perl -e 'fork and exit; exec @ARGV' `;

for (const [what, detach] of [["a daemon", DAEMON], ["an orphan of the same group", ORPHAN]] as const) {
  inEachMode(`${what} is asked to end, and two generations never run at once`, async (bench) => {
    // Each makes the folder and removes it at its end, so the next one cannot if they overlap.
    const helper = `mkdir alive || echo overlap; trap "sleep 0.3; rmdir alive; exit" TERM; : > up; ` +
      "while :; do sleep 0.02; done";
    const web = sh(
      `rm -f up; ${detach} sh -c '${helper}'; until test -e up; do sleep 0.01; done; echo runs; exit 1`,
      { restart: "on-failure:3", essential: false },
    );
    const denit = up(bench, { services: { web } }, ["-v"]);
    const { code, stdout, stderr } = await denit.ended();
    equal(code, 1);
    equal(stdout, "web  | runs\n".repeat(4));
    ok(!stderr.includes("killed"), stderr);
    ok(stderr.match(/^denit: info: web has ended and left .* behind: sent SIGTERM$/gm)!.length >= 4);
    deepEqual(bench.left(), []);
  });

  inEachMode(
    `${what} that ignores TERM is killed after the grace and named, then it starts again`,
    async (bench) => {
      const helper = `trap "" TERM; : > up; while :; do sleep 0.02; done`;
      const web = sh(
        `if test -e up; then echo again; exec sleep 1000; fi; ${detach} sh -c '${helper}'; ` +
          "until test -e up; do sleep 0.01; done; exit 1",
        { restart: "on-failure", stop_grace_period: "200ms" },
      );
      const denit = up(bench, { services: { web } });
      await denit.stdout.shows(/^web +\| again$/);
      match(
        denit.stderr.text,
        /^denit: warning: killed \d+ \(sh .*\), which web had left behind: it had not ended in time$/m,
      );
      equal(bench.left().filter(({ name }) => name === "sleep").length, 1, "only the new one runs");
      await denit.signal(SIGTERM);
      equal((await denit.ended()).code, 0);
      deepEqual(bench.left(), []);
    },
  );
}

inEachMode("who reads what a program has written has the time to read it to its end", async (bench) => {
  const reader = "while read -r line; do sleep 0.02; echo got $$line; done";
  const command = ["bash", "-c", `exec > >(${reader}); echo one; echo last`];
  const { code, stdout, stderr } = await up(bench, { services: { web: { command } } }).ended();
  deepEqual([code, stdout, stderr], [0, "web  | got one\nweb  | got last\n", ""]);
});

inEachMode("a program that goes into the background is told of, without -v, too", async (bench) => {
  const denit = up(bench, { services: { web: sh(`${DAEMON} sleep 1000`) } });
  const { code, stderr } = await denit.ended();
  equal(code, 0);
  match(stderr, /^denit: warning: web has ended and left \d+ \(.*\) behind: sent SIGTERM\n$/);
});

/** A daemon that writes its title over its environment, as many do; it takes a while to end. */
const TITLED = `use POSIX; fork and exit; POSIX::setsid; fork and exit; $0 = "x" x 9999; ` +
  `$SIG{TERM} = sub { select undef, undef, undef, 0.3; rmdir "alive"; exit }; mkdir "alive" or print "overlap\\n"; ` +
  `open my $up, ">", "up"; sleep 1 while 1`;

inEachMode("a daemon that has written over its environment is known, too", async (bench) => {
  const web = sh(
    `rm -f up; perl -e '${TITLED}'; until test -e up; do sleep 0.01; done; echo runs; exit 1`,
    { restart: "on-failure:2", essential: false },
  );
  const denit = up(bench, { services: { web } }, ["-v"]);
  const { code, stdout, stderr } = await denit.ended();
  equal(code, 1);
  equal(stdout, "web  | runs\n".repeat(3));
  ok(stderr.match(/^denit: info: web has ended and left .* behind: sent SIGTERM$/gm)!.length >= 3);
  deepEqual(bench.left(), []);
});

inEachMode(
  "a chain of forks, of which no look sees anybody alive, ends before it starts again",
  async (bench) => {
    const chain = `my $end = time + 8; while (time < $end) { unlink "there"; fork and exit }`;
    const web = sh(
      "if test -e ran; then : > there; sleep 0.3; test -e there && echo alone; exec sleep 1000; fi; " +
        `: > there; perl -e '${chain}' & while test -e there; do sleep 0.01; done; : > ran; exit 1`,
      { restart: "on-failure" },
    );
    const denit = up(bench, { services: { web } });
    await denit.stdout.shows(/^web +\| alone$/);
    await denit.signal(SIGTERM);
    equal((await denit.ended()).code, 0);
    deepEqual(bench.left(), []);
  },
);

inEachMode("who holds its pipe open does not delay that its end is noticed", async (bench) => {
  const folder = writeFile(bench, {
    services: {
      // Not to be told as its own: no mark, and another session. Only the pipe is the same.
      web: sh(
        `prlimit --locks=unlimited env -i PATH="$PATH" perl -e 'use POSIX; fork and exit; POSIX::setsid; fork and exit; exec @ARGV' ` +
          "sh -c 'until test -e go; do sleep 0.01; done; echo late; exec sleep 1000' & wait; exit 0",
      ),
      next: sh("echo next; exec sleep 1000", {
        depends_on: { web: { condition: "service_completed_successfully" } },
      }),
    },
  });
  const denit = bench.denit(["up"], { cwd: folder });
  await denit.stdout.shows(/^next +\| next$/);
  await Deno.writeTextFile(`${folder}/go`, "");
  await denit.stdout.shows(/^web +\| late$/); // and what it writes is still passed on
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 0);
});

/** Forks as vfork(2) does: it is in the kernel's uninterruptible sleep until its child ends. */
const STUCK = `use POSIX; $SIG{TERM} = "IGNORE"; my $clone = (POSIX::uname)[4] eq "aarch64" ? 220 : 56; ` +
  `if (syscall($clone, 0x4000 | 17, 0, 0, 0, 0) == 0) { open my $up, ">", "up"; sleep 1000 }`;

inEachMode("who is stuck in the kernel is not asked for its command, which may hang, too", async (bench) => {
  const web = sh(
    `if test -e up; then echo again; exec sleep 1000; fi; ${ORPHAN} perl -e '${STUCK}'; ` +
      "until test -e up; do sleep 0.01; done; exit 1",
    { restart: "on-failure", stop_grace_period: "200ms" },
  );
  const denit = up(bench, { services: { web } });
  await denit.stdout.shows(/^web +\| again$/);
  match(denit.stderr.text, /^denit: warning: killed \d+ \(perl\), which web had left behind: /m);
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 0);
  deepEqual(bench.left(), []);
});

inEachMode("what another service runs is not its leftover", async (bench) => {
  const web = sh(
    "if test -e ran; then echo again; exec sleep 1000; fi; until test -e up; do sleep 0.01; done; : > ran; exit 1",
    { restart: "on-failure" },
  );
  const other = sh(`${DAEMON} sh -c ': > up; exec sleep 1000'; sleep 1000 & wait`);
  const denit = up(bench, { services: { web, other } });
  await denit.stdout.shows(/^web +\| again$/);
  await until(() => bench.left().filter(({ name }) => name === "sleep").length === 3, "all three to run");
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 0);
  deepEqual(bench.left(), []);
});
