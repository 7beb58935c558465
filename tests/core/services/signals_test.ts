/** What becomes of signals that do not shut down: by themselves they go to no one. */

import { deepEqual } from "../../assert.ts";
import { process } from "../play.ts";
import { ALWAYS, exited, found, health, program, serve, service, signal } from "./play.ts";

const HUP = 1;
const USR1 = 10;

for (const name of ["USR1", "USR2", "CONT", "WINCH", "ALRM", "PIPE", "RTMIN+3"]) {
  Deno.test(`${name} goes to no one`, () => {
    const run = serve([service("web")]);
    run.up("web", 20);
    deepEqual(run.tell(signal(name)), []);
  });
}

Deno.test("a signal goes to the process group of each service that asks for it", () => {
  const run = serve([
    service("a", { forwardSignals: [USR1] }),
    service("b"),
    service("c", { forwardSignals: [HUP, USR1] }),
  ]);
  ["a", "b", "c"].forEach((name, i) => run.up(name, 20 + i));
  deepEqual(run.tell(signal("USR1")), ["SIGUSR1 to group 20", "SIGUSR1 to group 22"]);
});

Deno.test("HUP rereads the file, and goes to who asks for it", () => {
  const run = serve([service("a", { forwardSignals: [HUP] }), service("b")]);
  ["a", "b"].forEach((name, i) => run.up(name, 20 + i));
  deepEqual(run.tell(signal("HUP")), ["reload", "SIGHUP to group 20"]);
});

Deno.test("HUP in the middle of a shutdown does not reread the file", () => {
  const run = serve([service("a", { forwardSignals: [HUP] })]);
  run.up("a", 20);
  run.tell(signal("TERM"));
  deepEqual(run.tell(signal("HUP")), ["SIGHUP to group 20"]);
  run.end(exited(20, 0));
  deepEqual(run.tell(signal("HUP")), [], "nor when only the rest runs");
});

Deno.test("CHLD is news of our own children, and goes to no one", () => {
  const run = serve([service("web", { forwardSignals: [17] })]);
  run.up("web", 20);
  deepEqual(run.tell(signal("CHLD")), []);
});

Deno.test("a signal goes to nobody who does not run", () => {
  const run = serve([service("other"), service("web", { forwardSignals: [USR1], restart: ALWAYS })]);
  run.up("other", 19);
  deepEqual(run.tell(signal("USR1")), [], "starting");
  run.up("web", 20);
  run.tell({ type: "reaped", children: [exited(20, 0)] });
  deepEqual(run.tell(signal("USR1")), [], "reaped: its number may be anybody's");
  run.tell(found("web", process(30)));
  deepEqual(run.tell(signal("USR1")), [], "being cleared up");
  run.wait();
  run.tell(found("web"));
  deepEqual(run.tell(signal("USR1")), [], "backing off");
});

Deno.test("a service that was stopped from outside goes on being one that runs", () => {
  const run = serve([service("web")]);
  run.up("web", 20);
  deepEqual(run.tell({ type: "stopped", pid: 20, signal: 19 }), []);
  deepEqual(run.tell(signal("TERM")), ["SIGTERM to group 20", "SIGCONT to group 20"]);
});

Deno.test("reaped strangers are told of where somebody wants to know who leaks zombies", () => {
  const run = serve([service("web")], { warnReaped: true });
  run.up("web", 20);
  deepEqual(run.tell({ type: "reaped", children: [exited(30, 0, "sleep")] }), [
    "warning: reaped 30 (sleep), which ended with 0",
  ]);
});

Deno.test("the programs of services are no strangers: not main, hook or probe, nor one that nobody waits for", () => {
  const plan = { health: health(), postStart: [program("hook")], preStop: [program("bye")] };
  const run = serve([service("other"), service("web", plan)], { warnReaped: true });
  const end = (...pids: number[]) =>
    run.tell({ type: "reaped", children: pids.map((pid) => exited(pid, 0)) });
  run.up("other", 19);
  run.up("web", 20);
  run.up("web", 30, 0, "post_start");
  deepEqual(end(30), []);
  run.wait();
  run.up("web", 31, run.nowMs, "probe");
  deepEqual(end(31), ["kill leftovers of the probe of web"]);
  run.wait();
  run.up("web", 32, run.nowMs, "probe");
  run.tell(signal("TERM"));
  deepEqual(end(32), []);
  run.up("web", 33, run.nowMs, "pre_stop");
  deepEqual(end(33), ["SIGTERM to group 20", "SIGCONT to group 20"]);
  deepEqual(end(20, 19), ["find leftovers of web, other"]);
});
