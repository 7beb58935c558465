/** What becomes of the signals that denit gets. */

import { deepEqual, doesNotMatch, equal, match, ok } from "../../assert.ts";
import { inEachMode } from "../support/bench.ts";
import { lasting, sh, up } from "./support.ts";

const [SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM, SIGWINCH] = [1, 2, 3, 10, 12, 15, 28] as const;

for (const [name, signal] of Object.entries({ SIGINT, SIGQUIT, SIGTERM })) {
  inEachMode(`${name} shuts all down`, async (bench) => {
    const denit = up(bench, { services: { web: lasting(), other: lasting() } }, ["-v"]);
    for (const name of ["web", "other"]) await denit.stdout.shows(new RegExp(`^${name} +\\| ready$`));
    await denit.signal(signal);
    const { code, stderr } = await denit.ended();
    equal(code, 0);
    match(stderr, new RegExp(`^denit: info: shutting down, to exit with 0: got ${name}$`, "m"));
    for (const name of ["web", "other"]) {
      match(stderr, new RegExp(`^denit: info: ${name} ended with 143 \\(SIGTERM\\)$`, "m"));
    }
  });
}

const LISTENS = 'for s in HUP USR1 USR2 WINCH; do trap "echo got $s" $s; done; echo ready; ' +
  "while :; do sleep 0.01; done";

inEachMode("each signal goes to those that asked for it", async (bench) => {
  const asked: Readonly<Record<string, readonly string[]>> = {
    both: ["USR1", "SIGUSR2"],
    one: ["USR2"],
    none: [],
  };
  const denit = up(bench, {
    services: Object.fromEntries(
      Object.entries(asked).map(([name, signals]) => [name, sh(LISTENS, { forward_signals: signals })]),
    ),
  }, ["-v"]);
  for (const name of Object.keys(asked)) await denit.stdout.shows(new RegExp(`^${name} +\\| ready$`));
  await denit.signal(SIGWINCH, SIGUSR1, SIGUSR2, SIGHUP);
  for (const [name, signal] of [["both", "USR1"], ["both", "USR2"], ["one", "USR2"]]) {
    await denit.stdout.shows(new RegExp(`^${name} +\\| got ${signal}$`));
  }
  await denit.stderr.shows(/^denit: info: reread the file; nothing has changed$/);
  await denit.signal(SIGTERM);
  const { stdout } = await denit.ended();
  equal(stdout.match(/got/g)?.length, 3, stdout);
});

inEachMode("all of a service's group gets a signal that it asked for", async (bench) => {
  const denit = up(bench, {
    services: { web: sh(`(${LISTENS}) & ${LISTENS}`, { forward_signals: ["USR1"] }) },
  });
  await denit.stdout.shows(/ready\n.*ready$/);
  await denit.signal(SIGUSR1);
  await denit.stdout.shows(/got USR1\n.*got USR1$/);
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 0);
});

inEachMode("signal_to: main keeps its stop signal and what is passed on from its workers", async (bench) => {
  const worker = 'for s in USR1 TERM; do trap "echo worker got $s" $s; done; echo ready; ' +
    "until [ -e $DONE ]; do sleep 0.01; done; echo worker ends";
  const main = 'trap "echo main got USR1" USR1; trap "echo main got TERM; : > $DONE" TERM; echo ready; ' +
    "until [ -e $DONE ]; do sleep 0.01; done; wait; echo main ends";
  const environment = { DONE: `${bench.folder()}/done` };
  const denit = up(bench, {
    services: {
      web: sh(`(${worker}) & ${main}`, { environment, forward_signals: ["USR1"], signal_to: "main" }),
    },
  });
  await denit.stdout.shows(/ready\n.*ready$/);
  await denit.signal(SIGUSR1);
  await denit.stdout.shows(/main got USR1$/);
  await denit.signal(SIGTERM);
  const { code, stdout } = await denit.ended();
  equal(code, 0);
  match(stdout, /main got TERM\n(.*\n)*.*worker ends\n.*main ends$/m);
  doesNotMatch(stdout, /worker got/);
});

inEachMode("a real-time signal is passed on too", async (bench) => {
  const denit = up(bench, {
    services: {
      web: sh(
        `exec perl -e '$SIG{RTMIN} = sub { print "got it\\n" }; $| = 1; print "ready\\n"; sleep 1 while 1'`,
        {
          forward_signals: ["RTMIN"],
        },
      ),
    },
  });
  await denit.stdout.shows(/ready$/);
  await denit.signal(34);
  await denit.stdout.shows(/got it$/);
  await denit.signal(SIGTERM);
  equal((await denit.ended()).code, 0);
});

inEachMode("a thousand signals at once end nobody who did not ask for them", async (bench) => {
  const denit = up(bench, { services: { web: lasting() } });
  await denit.stdout.shows(/ready$/);
  await denit.signal(...Array.from({ length: 1000 }, (_, i) => [SIGUSR1, SIGUSR2, SIGWINCH][i % 3]!));
  ok(!denit.over);
  await denit.signal(SIGTERM);
  const { code, stderr } = await denit.ended();
  deepEqual([code, stderr], [0, ""]);
});
