/** What denit does about each thing that can happen, rule by rule. */

import type { Fact } from "../../src/core/model.ts";
import { begin, reduce } from "../../src/core/reduce.ts";
import { deepEqual, equal } from "../assert.ts";
import {
  type Event,
  exited,
  fired,
  killed,
  MAIN,
  NOBODY_LEFT,
  type Play,
  play,
  playKilling,
  playRunning,
  playStopping,
  POLICY,
  process,
  reaped,
  showOrder,
  signalled,
  SOMEBODY_LEFT,
  spawned,
  spawnFailed,
  stopped,
  surveyed,
} from "./play.ts";

Deno.test("starts main first of all", () => {
  const [state, orders] = begin(POLICY, ["web", "--port", "80"]);
  deepEqual([state.name, ...orders.map(showOrder)], ["starting", "spawn web --port 80"]);
});

// Main cannot be started

for (
  const [name, code] of [
    ["not found", 127],
    ["bad path", 127],
    ["no interpreter", 126],
    ["not permitted", 126],
    ["not executable", 126],
    ["refused", 125],
  ] as const
) {
  Deno.test(`exits with ${code} when main cannot be started (${name}), and says why`, () => {
    deepEqual(play().tell(spawnFailed(name)), ['error: Cannot start "web": the reason', `exit with ${code}`]);
  });
}

// Signals

Deno.test("keeps signals that come before main is started, and forwards them in their order once it is", () => {
  const run = play();
  deepEqual(["USR1", "HUP", "HUP"].map((name) => run.tell(signalled(name))), [[], [], []]);
  deepEqual(run.tell(spawned()), [
    "send SIGUSR1 to group 7",
    "send SIGHUP to group 7",
    "send SIGHUP to group 7",
  ]);
});

Deno.test("rewrites and drops kept signals too", () => {
  const run = play({ rewrite: new Map([[1, 3], [10, 0]]) });
  for (const name of ["HUP", "USR1"]) run.tell(signalled(name));
  deepEqual(run.tell(spawned()), ["send SIGQUIT to group 7"]);
});

Deno.test("forwards TERM to main's process group", () => {
  const run = playRunning();
  deepEqual(run.tell(signalled("TERM")), ["send SIGTERM to group 7"]);
});

Deno.test("forwards every signal to main again each time that it comes", () => {
  const run = playRunning();
  for (const name of ["TERM", "TERM", "RTMIN+3", "RTMIN+3", "WINCH"]) {
    deepEqual(run.tell(signalled(name)), [`send SIG${name} to group 7`]);
  }
});

for (
  const [signalTo, target] of [
    ["group", "group 7"],
    ["main", "process 7"],
    ["all", "everyone"],
  ] as const
) {
  Deno.test(`--signal-to ${signalTo} forwards to ${target}`, () => {
    const run = playRunning({ signalTo });
    deepEqual(run.tell(signalled("HUP")), [`send SIGHUP to ${target}`]);
  });
}

Deno.test("forwards QUIT in place of TERM, when asked to, and leaves others alone", () => {
  const run = playRunning({ rewrite: new Map([[15, 3]]) });
  deepEqual(run.tell(signalled("TERM")), ["send SIGQUIT to group 7"]);
  deepEqual(run.tell(signalled("QUIT")), ["send SIGQUIT to group 7"]);
  deepEqual(run.tell(signalled("HUP")), ["send SIGHUP to group 7"]);
  deepEqual(run.lines("info").slice(1), [
    "forwarded SIGTERM as SIGQUIT to group 7",
    "forwarded SIGQUIT to group 7",
    "forwarded SIGHUP to group 7",
  ]);
});

Deno.test("drops a signal that is rewritten to nothing", () => {
  const run = playRunning({ rewrite: new Map([[1, 0]]) });
  deepEqual(run.tell(signalled("HUP")), []);
  deepEqual(run.lines("info").slice(1), ["dropped SIGHUP"]);
});

Deno.test("never forwards CHLD: it tells of denit's own children", () => {
  deepEqual(playRunning().tell(signalled("CHLD")), []);
  deepEqual(playStopping().tell(signalled("CHLD")), []);
  const early = play();
  early.tell(signalled("CHLD"));
  deepEqual(early.tell(spawned()), []);
});

// --kill-after

for (const name of ["INT", "QUIT", "TERM"]) {
  Deno.test(`--kill-after: its clock starts at the first stop signal, ${name}, and not again`, () => {
    const run = playRunning({ killAfterMs: 5000 });
    deepEqual(run.tell(signalled(name)), [`send SIG${name} to group 7`, "set kill-after to 5000 ms"]);
    deepEqual(run.tell(signalled(name), 1000), [`send SIG${name} to group 7`]);
    deepEqual(run.tell(signalled("TERM"), 2000), ["send SIGTERM to group 7"]);
  });
}

Deno.test("--kill-after: its clock starts at no other signal", () => {
  const run = playRunning({ killAfterMs: 5000 });
  for (const name of ["HUP", "USR1", "WINCH", "CONT", "RTMIN"]) {
    deepEqual(run.tell(signalled(name)), [`send SIG${name} to group 7`]);
  }
});

Deno.test("--kill-after: its clock starts also where the stop signal is rewritten, or is what another becomes", () => {
  const rewrite = new Map([[15, 10], [1, 3]]);
  deepEqual(playRunning({ killAfterMs: 5000, rewrite }).tell(signalled("TERM")), [
    "send SIGUSR1 to group 7",
    "set kill-after to 5000 ms",
  ]);
  deepEqual(playRunning({ killAfterMs: 5000, rewrite }).tell(signalled("HUP")), [
    "send SIGQUIT to group 7",
    "set kill-after to 5000 ms",
  ]);
});

Deno.test("--kill-after: its clock does not start at a stop signal that is dropped", () => {
  const run = playRunning({ killAfterMs: 5000, rewrite: new Map([[15, 0]]) });
  deepEqual(run.tell(signalled("TERM")), []);
});

Deno.test("--kill-after: its clock starts for a stop signal that was kept", () => {
  const run = play({ killAfterMs: 5000 });
  run.tell(signalled("TERM"));
  run.tell(signalled("TERM"));
  deepEqual(run.tell(spawned()), [
    "send SIGTERM to group 7",
    "set kill-after to 5000 ms",
    "send SIGTERM to group 7",
  ]);
});

Deno.test("--kill-after: kills main when its clock has run out, and says so", () => {
  const run = playRunning({ killAfterMs: 5000 });
  run.tell(signalled("INT"));
  deepEqual(run.tell(fired("kill-after"), 5000), [
    "warning: killed main 7 (web): it had not ended 5s after SIGINT",
    "send SIGKILL to process 7",
  ]);
  deepEqual(run.tell(reaped(killed(MAIN, "KILL")), 5001), ["count"]); // one line is enough
  deepEqual(run.tell(NOBODY_LEFT, 5001), ["exit with 137"]);
});

Deno.test("--kill-after off: the clock never starts, and a timer kills nobody", () => {
  const run = playRunning({ killAfterMs: null });
  for (const name of ["TERM", "INT", "QUIT"]) {
    deepEqual(run.tell(signalled(name)), [`send SIG${name} to group 7`]);
  }
  deepEqual(run.tell(fired("kill-after")), []);
});

Deno.test("--kill-after 0: kills at once, which is not the same as off", () => {
  const run = playRunning({ killAfterMs: 0 });
  deepEqual(run.tell(signalled("TERM")), ["send SIGTERM to group 7", "set kill-after to 0 ms"]);
});

// Job control

for (const name of ["TSTP", "TTIN", "TTOU"]) {
  Deno.test(`suspends with main when the terminal stopped it (${name})`, () => {
    const run = playRunning({}, true);
    deepEqual(run.tell(stopped(MAIN, name)), ["suspend with group 7"]);
  });
}

Deno.test("does not suspend for a stop that was forwarded, until main was continued", () => {
  const run = playRunning({}, true);
  run.tell(signalled("TSTP"));
  deepEqual(run.tell(stopped(MAIN, "TSTP")), []);
  run.tell(signalled("CONT"));
  deepEqual(run.tell(stopped(MAIN, "TSTP")), ["suspend with group 7"]);
});

Deno.test("does not suspend for one stop that was forwarded, and for the next where somebody else continued main", () => {
  const run = playRunning({}, true);
  run.tell(signalled("TSTP"));
  deepEqual(run.tell(stopped(MAIN, "TSTP")), []);
  deepEqual(run.tell(stopped(MAIN, "TSTP")), ["suspend with group 7"]);
});

Deno.test("suspends for a stop of the terminal behind a forwarded one that did not stop main and was undone by CONT", () => {
  const run = playRunning({}, true);
  for (const name of ["TSTP", "TTIN", "CONT"]) run.tell(signalled(name));
  deepEqual(run.tell(stopped(MAIN, "TSTP")), ["suspend with group 7"]);
});

Deno.test("suspends for a stop that was typed where denit itself has the terminal, and that it forwarded", () => {
  const run = playRunning();
  run.tell({ type: "signalled", signal: 20, typed: true });
  deepEqual(run.tell(stopped(MAIN, "TSTP")), ["suspend with group 7"]);
});

Deno.test("suspends for a stop by STOP where main was given the terminal, as for a shell's suspend", () => {
  deepEqual(playRunning({}, true).tell(stopped(MAIN, "STOP")), ["suspend with group 7"]);
  deepEqual(playRunning({}, false).tell(stopped(MAIN, "STOP")), []);
});

Deno.test("tells of each stop of main, whoever it concerns", () => {
  const run = playRunning({}, false);
  run.tell(signalled("TTIN"));
  for (const name of ["TTIN", "STOP", "TSTP"]) run.tell(stopped(MAIN, name));
  deepEqual(run.lines("info").filter((line) => line.includes("stopped")), [
    "main 7 (web) was stopped by SIGTTIN",
    "main 7 (web) was stopped by SIGSTOP",
    "main 7 (web) was stopped by SIGTSTP",
  ]);
});

Deno.test("takes the terminal back from a main that began in the background and was suspended: the shell may have given it", () => {
  const run = playRunning({}, false);
  deepEqual(run.tell(stopped(MAIN, "TTIN")), ["suspend with group 7"]);
  deepEqual(run.tell(reaped(exited(MAIN, 0))), ["reclaim the terminal", "count"]);
});

Deno.test("does not suspend for another process's stop", () => {
  deepEqual(playRunning({}, true).tell(stopped(12, "TSTP")), []);
});

Deno.test("leaves by INT where Ctrl-C has ended main, so that the shell above ends its loop", () => {
  const interrupted = reaped(killed(MAIN, "INT"));
  deepEqual(playRunning({ role: "subreaper" }, true).tell(interrupted), [
    "reclaim the terminal",
    "leave by INT",
    "count",
  ]);
  deepEqual(playRunning({ role: "first" }, true).tell(interrupted), ["reclaim the terminal", "count"]);
  deepEqual(playRunning({ role: "subreaper" }, false).tell(interrupted), ["count"]);
  const forwarded = playRunning({ role: "subreaper" }, true);
  forwarded.tell(signalled("INT"));
  deepEqual(forwarded.tell(interrupted), ["reclaim the terminal", "count"]);
  const accepted = playRunning({ role: "subreaper", okExits: new Set([130]) }, true);
  deepEqual(accepted.tell(interrupted), ["reclaim the terminal", "count"]);
});

Deno.test("leaves by INT neither where main ended otherwise, nor for an INT that was forwarded and --kill-after counts from", () => {
  for (const child of [exited(MAIN, 130), exited(MAIN, 1), killed(MAIN, "TERM")]) {
    const run = playRunning({ role: "subreaper" }, true);
    deepEqual(run.tell(reaped(child)), ["reclaim the terminal", "count"]);
  }
  const asked = playRunning({ role: "subreaper", killAfterMs: 5000 }, true);
  asked.tell(signalled("INT"));
  deepEqual(asked.tell(reaped(killed(MAIN, "INT"))), ["reclaim the terminal", "count"]);
});

Deno.test("takes the terminal back when main has ended, if it had given it away", () => {
  deepEqual(playRunning({}, true).tell(reaped(exited(MAIN, 0))), ["reclaim the terminal", "count"]);
  deepEqual(playRunning({}, false).tell(reaped(exited(MAIN, 0))), ["count"]);
});

Deno.test("drops the first of each signal that the kernel sends because the terminal was handed on", () => {
  const run = play();
  run.tell(spawned(false, [1, 18]));
  deepEqual(run.tell(signalled("CONT")), []);
  deepEqual(run.tell(signalled("CONT")), ["send SIGCONT to group 7"]);
  deepEqual(run.tell(signalled("HUP")), []);
  deepEqual(run.tell(signalled("HUP")), ["send SIGHUP to group 7"]);
  deepEqual(run.lines("info").slice(1), [
    "dropped SIGCONT",
    "forwarded SIGCONT to group 7",
    "dropped SIGHUP",
    "forwarded SIGHUP to group 7",
  ]);
});

for (const name of ["TSTP", "TTIN", "TTOU"]) {
  Deno.test(`stops itself once it has forwarded ${name}, where it is to do that`, () => {
    const rewrite = new Map([[20, 19]]);
    const forwarded = name === "TSTP" ? "STOP" : name;
    deepEqual(playRunning({ stopsItself: true, rewrite }).tell(signalled(name)), [
      `send SIG${forwarded} to group 7`,
      "stop denit itself",
    ]);
    deepEqual(playRunning({ rewrite }).tell(signalled(name)), [`send SIG${forwarded} to group 7`]);
  });
}

Deno.test("does not stop itself for another signal, but for a stop that it dropped", () => {
  const run = playRunning({ stopsItself: true, rewrite: new Map([[21, 0]]) });
  deepEqual(run.tell(signalled("TERM")), ["send SIGTERM to group 7"]);
  deepEqual(run.tell(signalled("TTIN")), ["stop denit itself"]);
});

// Reaping

Deno.test("goes on when an adopted process has ended", () => {
  const run = playRunning();
  deepEqual(run.tell(reaped(exited(12, 1), exited(13, 0))), []);
  equal(run.state.name, "running");
});

Deno.test("--warn-reaped: a warning for each adopted process, with its name and how it ended", () => {
  const run = playRunning({ warnReaped: true });
  deepEqual(run.tell(reaped(exited(12, 0, "sleep"), killed(13, "SEGV", true))), [
    "warning: reaped 12 (sleep), which ended with 0",
    "warning: reaped 13, which ended with 139 (SIGSEGV, core dumped)",
  ]);
});

Deno.test("--warn-reaped: counts main, and those that end after it, as what they are", () => {
  const run = playRunning({ warnReaped: true });
  deepEqual(run.tell(reaped(exited(12, 0), exited(MAIN, 0), exited(13, 0))), [
    "warning: reaped 12, which ended with 0",
    "warning: reaped 13, which ended with 0",
    "count",
  ]);
  deepEqual(run.tell(reaped(exited(14, 0))), ["warning: reaped 14, which ended with 0", "count"]);
  const killing = playKilling([process(12)], { warnReaped: true });
  deepEqual(killing.tell(reaped(killed(12, "KILL"))), [
    "warning: reaped 12, which ended with 137 (SIGKILL)",
    "count",
  ]);
});

Deno.test("--verbose: a line at level info for each adopted process; without it none", () => {
  const verbose = playRunning({ verbose: true });
  verbose.tell(reaped(exited(12, 0, "sleep")));
  deepEqual(verbose.lines("info").slice(1), ["reaped 12 (sleep), which ended with 0"]);
  const usual = playRunning();
  usual.tell(reaped(exited(12, 0, "sleep")));
  deepEqual(usual.lines("info").slice(1), []);
});

Deno.test("reaps what was there before main was started", () => {
  const run = play({ warnReaped: true });
  deepEqual(run.tell(reaped(exited(12, 0))), ["warning: reaped 12, which ended with 0"]);
  equal(run.state.name, "starting");
});

// Main ends

Deno.test("exits at once when main has ended and nobody is left", () => {
  const run = playRunning();
  deepEqual(run.tell(reaped(exited(MAIN, 3))), ["count"]);
  deepEqual(run.tell(NOBODY_LEFT), ["exit with 3"]);
  equal(run.state.name, "ended");
});

Deno.test("exits with 128+N when signal N ended main", () => {
  const run = playRunning();
  run.tell(reaped(killed(MAIN, "TERM")));
  deepEqual(run.tell(NOBODY_LEFT), ["exit with 143"]);
});

Deno.test("keeps main's status while the others end", () => {
  const run = playStopping();
  run.tell(surveyed([process(12)]));
  run.tell(reaped(killed(12, "TERM")), 10);
  deepEqual(run.tell(NOBODY_LEFT, 10), ["exit with 3"]);
});

Deno.test("exits when main and the others were reaped in one fact, wherever main stands in it", () => {
  for (const at of [0, 1, 2]) {
    const children = [exited(12, 1), exited(13, 2)].toSpliced(at, 0, exited(MAIN, 3));
    const run = playRunning();
    deepEqual(run.tell(reaped(...children)), ["count"]);
    deepEqual(run.tell(NOBODY_LEFT), ["exit with 3"]);
  }
});

Deno.test("--ok-exit: exits with 0 for the codes that count as a success", () => {
  const okExits = new Set([3, 143]);
  for (
    const [child, code] of [[exited(MAIN, 3), 0], [killed(MAIN, "TERM"), 0], [exited(MAIN, 4), 4]] as const
  ) {
    const run = playRunning({ okExits });
    run.tell(reaped(child));
    deepEqual(run.tell(NOBODY_LEFT), [`exit with ${code}`]);
  }
});

Deno.test("--no-wait: exits as soon as main has ended, whoever is left", () => {
  const run = playRunning({ atEnd: "leave" }, true);
  deepEqual(run.tell(reaped(exited(12, 0), exited(MAIN, 3))), ["reclaim the terminal", "exit with 3"]);
});

Deno.test("sends TERM to main's group and exits, where it is to do that, rewritten like any other TERM", () => {
  const run = playRunning({ atEnd: "term-and-leave" });
  deepEqual(run.tell(reaped(exited(MAIN, 3))), ["send SIGTERM to group 7", "exit with 3"]);
  const rewriting = playRunning({ atEnd: "term-and-leave", rewrite: new Map([[15, 3]]) });
  deepEqual(rewriting.tell(reaped(exited(MAIN, 3))), ["send SIGQUIT to group 7", "exit with 3"]);
});

Deno.test("sends TERM to nobody and exits where signals go to main alone, or TERM is dropped", () => {
  for (const changes of [{ signalTo: "main" }, { rewrite: new Map([[15, 0]]) }] as const) {
    deepEqual(playRunning({ atEnd: "term-and-leave", ...changes }).tell(reaped(exited(MAIN, 3))), [
      "exit with 3",
    ]);
  }
});

Deno.test("forwards to main itself if it has left its group, but never once it was reaped: its id may be another's", () => {
  const groupOf = (run: Play, event: Event): unknown => {
    const [, orders] = reduce(run.state, { ...event, atMs: 0 } as Fact);
    return orders.flatMap((order) => order.type === "send-signal" ? [order.target] : [])[0];
  };
  deepEqual(groupOf(playRunning(), signalled("TERM")), { name: "group", id: MAIN, orLeader: true });
  deepEqual(groupOf(playRunning({ atEnd: "term-and-leave" }), reaped(exited(MAIN, 3))), {
    name: "group",
    id: MAIN,
  });
  deepEqual(groupOf(playStopping({ role: "subreaper" }), surveyed(null)), { name: "group", id: MAIN });
  deepEqual(groupOf(playKilling(null, { role: "subreaper" }), surveyed(null)), { name: "group", id: MAIN });
});

Deno.test("warns when main was killed by a signal that nobody would expect", () => {
  deepEqual(playRunning().tell(reaped(killed(MAIN, "KILL"))), [
    "warning: main 7 (web) ended with 137 (SIGKILL)",
    "count",
  ]);
  deepEqual(playRunning().tell(reaped(killed(MAIN, "SEGV", true))), [
    "warning: main 7 (web) ended with 139 (SIGSEGV, core dumped)",
    "count",
  ]);
});

Deno.test("says nothing of a main that exited, or was ended by a usual signal or by one that was forwarded", () => {
  deepEqual(playRunning().tell(reaped(exited(MAIN, 1))), ["count"]);
  for (const name of ["HUP", "INT", "QUIT", "PIPE", "TERM"]) {
    deepEqual(playRunning().tell(reaped(killed(MAIN, name))), ["count"]);
  }
  const run = playRunning();
  run.tell(signalled("USR1"));
  deepEqual(run.tell(reaped(killed(MAIN, "USR1"))), ["count"]);
});

// The others are asked to end

Deno.test("whoever ends by himself within 100 ms of main's end is not asked to: he may read the last lines", () => {
  const run = playRunning();
  run.tell(reaped(exited(MAIN, 3)));
  deepEqual(run.tell(SOMEBODY_LEFT), ["set survey to 100 ms"]);
  deepEqual(run.tell(reaped(exited(12, 0)), 50), ["count"]);
  deepEqual(run.tell(SOMEBODY_LEFT, 50), []);
  deepEqual(run.tell(fired("survey"), 100), ["survey"]);
});

Deno.test("nobody is given longer for that than the grace", () => {
  const run = playRunning({ graceMs: 40 });
  run.tell(reaped(exited(MAIN, 3)));
  deepEqual(run.tell(SOMEBODY_LEFT), ["set survey to 40 ms"]);
});

Deno.test("as PID 1, sends TERM and then CONT to everyone in one go, and starts the grace", () => {
  const run = playStopping();
  deepEqual(run.tell(surveyed([process(12), process(13, 12)])), [
    "send SIGTERM to everyone",
    "send SIGCONT to everyone",
    "set grace to 8000 ms",
    "set survey to 20 ms",
  ]);
  equal(run.lines("info").at(-1), "sent SIGTERM to whatever still runs (12, 13)");
});

for (const role of ["subreaper", "neither"] as const) {
  Deno.test(`as ${role}, sends TERM and then CONT to each`, () => {
    const run = playStopping({ role, graceMs: 500 });
    deepEqual(run.tell(surveyed([process(12), process(13, 12)])), [
      "send SIGTERM to process 12",
      "send SIGCONT to process 12",
      "send SIGTERM to process 13",
      "send SIGCONT to process 13",
      "set grace to 500 ms",
      "set survey to 20 ms",
    ]);
  });
}

Deno.test("surveys again as soon as somebody has ended, and less and less often while nobody does", () => {
  const run = playStopping();
  run.tell(surveyed([process(12)]));
  const delays = [40, 80, 160, 320, 640, 1000, 1000];
  let atMs = 20;
  for (const delayMs of delays) {
    deepEqual(run.tell(fired("survey"), atMs), ["survey"]);
    deepEqual(run.tell(surveyed([process(12)]), atMs), [`set survey to ${delayMs} ms`]);
    atMs += delayMs;
  }
  run.tell(fired("survey"), atMs);
  run.tell(surveyed([process(12)]), atMs);
  deepEqual(run.tell(SOMEBODY_LEFT, atMs + 1), ["set survey to 20 ms"]);
});

Deno.test("deaths that follow each other closely do not put the survey off for ever", () => {
  const run = playStopping();
  run.tell(surveyed([process(12)]));
  run.tell(fired("survey"), 20);
  run.tell(surveyed([process(12)]), 20); // the next one is due at 60 ms
  deepEqual(run.tell(SOMEBODY_LEFT, 25), ["set survey to 20 ms"]);
  for (const atMs of [26, 30, 35, 40, 44]) deepEqual(run.tell(SOMEBODY_LEFT, atMs), []);
  deepEqual(run.tell(fired("survey"), 45), ["survey"]);
});

Deno.test("asks a new orphan that is found later", () => {
  const run = playStopping();
  run.tell(surveyed([process(12)]));
  deepEqual(run.tell(surveyed([process(12), process(13)]), 20), [
    "send SIGTERM to process 13",
    "send SIGCONT to process 13",
    "set survey to 40 ms",
  ]);
});

Deno.test("spares a new child of a process that was asked and still lives, and asks it once that one has gone", () => {
  const run = playStopping();
  run.tell(surveyed([process(12)]));
  deepEqual(run.tell(surveyed([process(12), process(13, 12), process(14, 13)]), 20), ["set survey to 40 ms"]);
  deepEqual(run.tell(surveyed([process(13, 1), process(14, 13)]), 60), [
    "send SIGTERM to process 13",
    "send SIGCONT to process 13",
    "send SIGTERM to process 14",
    "send SIGCONT to process 14",
    "set survey to 80 ms",
  ]);
});

Deno.test("asks nobody twice", () => {
  const run = playStopping();
  run.tell(surveyed([process(12)]));
  run.tell(surveyed([process(12), process(13)]), 20);
  const { length } = run.lines("info");
  deepEqual(run.tell(surveyed([process(12), process(13)]), 60), ["set survey to 80 ms"]);
  deepEqual(run.lines("info").slice(length), []);
});

Deno.test("asks a new process that got the id of one that was asked", () => {
  const run = playStopping();
  run.tell(surveyed([process(12, 1, "sleep", "100")]));
  deepEqual(run.tell(surveyed([process(12, 1, "sleep", "900")]), 20), [
    "send SIGTERM to process 12",
    "send SIGCONT to process 12",
    "set survey to 40 ms",
  ]);
});

Deno.test("starts the grace once, however many are found later", () => {
  const run = playStopping();
  run.tell(surveyed([process(12)]));
  const later = run.tell(surveyed([process(13)]), 20);
  deepEqual(later.filter((order) => order.includes("grace")), []);
});

Deno.test("exits as soon as a survey finds nobody", () => {
  const first = playStopping();
  deepEqual(first.tell(surveyed([])), ["exit with 3"]);
  const later = playStopping();
  later.tell(surveyed([process(12)]));
  deepEqual(later.tell(surveyed([]), 20), ["exit with 3"]);
});

Deno.test("forwards a signal that comes while the others are being stopped to everyone left, rewritten or dropped", () => {
  const run = playStopping({ signalTo: "main", rewrite: new Map([[1, 10], [12, 0]]), killAfterMs: 100 });
  deepEqual(run.tell(signalled("TERM")), ["send SIGTERM to everyone"]);
  deepEqual(run.tell(signalled("HUP")), ["send SIGUSR1 to everyone"]);
  deepEqual(run.tell(signalled("USR2")), []);
  deepEqual(run.lines("info").slice(-3), [
    "forwarded SIGTERM to whatever still runs",
    "forwarded SIGHUP as SIGUSR1 to whatever still runs",
    "dropped SIGUSR2",
  ]);
});

Deno.test("asks processes whose parents go round in a circle: a survey is no snapshot", () => {
  const run = playStopping();
  run.tell(surveyed([process(14)]));
  deepEqual(run.tell(surveyed([process(12, 13), process(13, 12)]), 20).slice(0, 4), [
    "send SIGTERM to process 12",
    "send SIGCONT to process 12",
    "send SIGTERM to process 13",
    "send SIGCONT to process 13",
  ]);
});

// The grace is over

Deno.test("sends KILL to everyone after the grace, and names each with its command and how long it was asked", () => {
  const run = playStopping();
  run.tell(surveyed([process(12), process(13)]));
  run.tell(surveyed([process(12), process(13), process(14)]), 6500);
  deepEqual(run.tell(fired("grace"), 8000), ["survey with commands", "set give-up to 2000 ms"]);
  const remaining = [
    process(12, 1, "sleep 1000"),
    process(14, 1, "worker"),
    process(15, 12, "late"),
  ];
  deepEqual(run.tell(surveyed(remaining), 8000), [
    "warning: killed 12 (sleep 1000): it had not ended 8s after SIGTERM",
    "warning: killed 14 (worker): it had not ended 1.5s after SIGTERM",
    "warning: killed 15 (late): it was started while the rest was being stopped",
    "send SIGKILL to everyone",
    "set survey to 20 ms",
  ]);
});

for (const role of ["first", "subreaper"] as const) {
  Deno.test(`as ${role} sends KILL to everyone whom a survey shows, not only to main's group`, () => {
    const run = playKilling([process(12)], { role });
    deepEqual(run.tell(surveyed([process(12)]), 8000).slice(1), [
      "send SIGKILL to everyone",
      "set survey to 20 ms",
    ]);
  });
}

Deno.test("kills and names a process that appears while others are being killed, and names nobody twice", () => {
  const run = playKilling([process(12)]);
  run.tell(surveyed([process(12)]), 8000);
  deepEqual(run.tell(fired("survey"), 8020), ["survey with commands"]);
  deepEqual(run.tell(surveyed([process(12), process(13, 1, "late")]), 8020), [
    "warning: killed 13 (late): it was started while the rest was being stopped",
    "send SIGKILL to everyone",
    "set survey to 20 ms",
  ]);
  deepEqual(run.tell(surveyed([process(12), process(13)]), 8040), [
    "send SIGKILL to everyone",
    "set survey to 20 ms",
  ]);
});

Deno.test("exits with main's status once those that were killed have been reaped", () => {
  const run = playKilling([process(12)]);
  run.tell(surveyed([process(12)]), 8000);
  deepEqual(run.tell(reaped(killed(12, "KILL")), 8001), ["count"]);
  deepEqual(run.tell(NOBODY_LEFT, 8001), ["exit with 3"]);
});

Deno.test("exits as soon as a survey after the grace finds nobody, and names nobody", () => {
  const run = playKilling([process(12)]);
  deepEqual(run.tell(surveyed([]), 8000), ["exit with 3"]);
});

Deno.test("surveys again soon after a death among those that were killed", () => {
  const run = playKilling([process(12)]);
  deepEqual(run.tell(SOMEBODY_LEFT, 8000), ["set survey to 20 ms"]);
  deepEqual(run.tell(SOMEBODY_LEFT, 8010), []); // it is due already
});

for (const [count, named] of [[31, 31], [32, 32], [33, 32], [1000, 32]] as const) {
  Deno.test(`of ${count} killed processes names ${named}`, () => {
    const many = Array.from({ length: count }, (_, i) => process(100 + i));
    const run = playKilling(many);
    const warnings = run.tell(surveyed(many), 8000).filter((order) => order.startsWith("warning"));
    deepEqual(
      warnings.slice(named),
      count > named ? ["warning: killed more processes, which are not named"] : [],
    );
    deepEqual(run.tell(surveyed(many), 8020), ["send SIGKILL to everyone", "set survey to 20 ms"]);
  });
}

Deno.test("says once that more were killed, also when they are found later", () => {
  const many = Array.from({ length: 40 }, (_, i) => process(100 + i));
  const run = playKilling(many);
  run.tell(surveyed(many.slice(0, 32)), 8000);
  deepEqual(run.tell(surveyed(many.slice(0, 36)), 8020), [
    "warning: killed more processes, which are not named",
    "send SIGKILL to everyone",
    "set survey to 20 ms",
  ]);
  deepEqual(run.tell(surveyed(many), 8040), ["send SIGKILL to everyone", "set survey to 20 ms"]);
});

Deno.test("gives up on processes that survive KILL, with one line and main's status", () => {
  const run = playKilling([process(12)]);
  run.tell(surveyed([process(12)]), 8000);
  deepEqual(run.tell(fired("give-up"), 10_000), [
    "error: Cannot end everything: some processes survived SIGKILL",
    "exit with 3",
  ]);
});

// No /proc to tell who is left

Deno.test("without /proc, as PID 1, asks everyone and then kills everyone", () => {
  const run = playStopping();
  deepEqual(run.tell(surveyed(null)), [
    "send SIGTERM to everyone",
    "send SIGCONT to everyone",
    "set grace to 8000 ms",
    "set survey to 20 ms",
  ]);
  equal(run.lines("info").at(-1), "sent SIGTERM to whatever still runs");
  deepEqual(run.tell(surveyed(null), 20), ["set survey to 40 ms"]); // nobody is asked twice
  run.tell(fired("grace"), 8000);
  deepEqual(run.tell(surveyed(null), 8000), [
    "warning: killed whatever still ran 8s after SIGTERM; there is no /proc to name it",
    "send SIGKILL to everyone",
    "set survey to 20 ms",
  ]);
  deepEqual(run.tell(surveyed(null), 8020), ["send SIGKILL to everyone", "set survey to 20 ms"]);
});

for (const role of ["subreaper", "neither"] as const) {
  Deno.test(`without /proc, as ${role}, asks and then kills main's process group`, () => {
    const run = playStopping({ role });
    deepEqual(run.tell(surveyed(null)), [
      "send SIGTERM to group 7",
      "send SIGCONT to group 7",
      "set grace to 8000 ms",
      "set survey to 20 ms",
    ]);
    deepEqual(run.tell(surveyed(null), 20), ["set survey to 40 ms"]);
    run.tell(fired("grace"), 8000);
    deepEqual(run.tell(surveyed(null), 8000), [
      "warning: killed whatever still ran 8s after SIGTERM; there is no /proc to name it",
      "send SIGKILL to group 7",
      "set survey to 20 ms",
    ]);
  });
}

Deno.test("without /proc, exits when the count says that nobody is left", () => {
  const run = playStopping({ role: "subreaper" });
  run.tell(surveyed(null));
  deepEqual(run.tell(NOBODY_LEFT, 10), ["exit with 3"]);
});

// Too late

Deno.test("late timers change nothing", () => {
  const stopping = playStopping({ killAfterMs: 5000 });
  const asked = stopping.tell(surveyed([process(12)]));
  equal(asked.length, 4);
  for (const timer of ["kill-after", "give-up"] as const) deepEqual(stopping.tell(fired(timer)), []);
  const killing = playKilling([process(12)], { killAfterMs: 5000 });
  for (const timer of ["kill-after", "grace"] as const) deepEqual(killing.tell(fired(timer)), []);
});

Deno.test("signals after KILL change nothing", () => {
  const run = playKilling([process(12)]);
  for (const name of ["TERM", "HUP", "CHLD"]) deepEqual(run.tell(signalled(name)), []);
});
