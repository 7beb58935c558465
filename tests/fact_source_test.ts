import type { Fact } from "../src/core/model.ts";
import { deepEqual, equal, ok } from "./assert.ts";
import type { FactSourceFixture } from "./fact_source_fixture.ts";
import { fixture } from "./fixture.ts";
import { ON_TERMINAL } from "./terminal.ts";

const facts = fixture<FactSourceFixture>(import.meta.resolve("./fact_source_fixture.ts"));

/** A fact without its time. */
const withoutTime = ({ atMs, ...rest }: Fact): unknown => (equal(typeof atMs, "number"), rest);

Deno.test("reports all that have ended as one fact, with what became of each", async () => {
  const { result } = await facts.call("ended", [[["true"], ["sh", "-c", "exit 3"], [
    "sh",
    "-c",
    "kill -KILL $$",
  ]], false]);
  const { pids, left } = result;
  deepEqual(result.facts.map(withoutTime), [{
    type: "reaped",
    children: [
      { pid: pids[0], status: { name: "exited", code: 0 } },
      { pid: pids[1], status: { name: "exited", code: 3 } },
      { pid: pids[2], status: { name: "killed", signal: 9, coreDumped: false } },
    ],
  }]);
  equal(left, "none");
});

Deno.test("reports the name of each one's program where it is asked for", async () => {
  const { result } = await facts.call("ended", [[["true"], ["false"], ["true"]], true]);
  const { pids } = result;
  deepEqual(result.facts.map(withoutTime), [{
    type: "reaped",
    children: [
      { pid: pids[0], status: { name: "exited", code: 0 }, program: "true" },
      { pid: pids[1], status: { name: "exited", code: 1 }, program: "false" },
      { pid: pids[2], status: { name: "exited", code: 0 }, program: "true" },
    ],
  }]);
});

Deno.test("reports a hundred that end together as one fact", async () => {
  const { result } = await facts.call("ended", [Array(100).fill(["true"]), true]);
  const [fact, ...more] = result.facts;
  deepEqual(more, []);
  deepEqual(fact?.type === "reaped" && fact.children.map(({ pid }) => pid).sort(), result.pids.sort());
  equal(result.left, "none");
});

for (const named of [false, true]) {
  const how = named ? ", with names" : "";
  Deno.test(`reports nothing where nothing has happened${how}`, async () => {
    const { result } = await facts.call("nobody", [named]);
    deepEqual(result, []);
  });

  Deno.test(`reports one that was stopped as a fact of its own, beside those that have ended${how}`, async () => {
    const { result: { pid, others, first, then } } = await facts.call("stopped", [named]);
    const [stop, ended, ...more] = first;
    deepEqual(more, []);
    deepEqual(withoutTime(stop!), { type: "stopped", pid, signal: 20 });
    deepEqual(ended?.type === "reaped" && ended.children.map(({ pid }) => pid).sort(), others.sort());
    deepEqual(then.map(withoutTime), [
      {
        type: "reaped",
        children: [{ pid, status: { name: "exited", code: 5 }, ...named && { program: "sh" } }],
      },
    ]);
  });
}

Deno.test("reports what has happened without a wait: signals but CHLD, then the ended, then timers, the first due first", async () => {
  const { result: { pid, facts: came } } = await facts.call("together", []);
  deepEqual(came.map(withoutTime), [
    { type: "signalled", signal: 1 },
    { type: "signalled", signal: 34 },
    { type: "signalled", signal: 34 },
    { type: "reaped", children: [{ pid, status: { name: "exited", code: 0 } }] },
    { type: "timer-fired", timer: "grace" },
    { type: "timer-fired", timer: "survey" },
  ]);
});

Deno.test("reports all of a storm of real-time signals, though not all at once", async () => {
  const { result } = await facts.call("storm", [700]);
  equal(result, 700);
});

for (
  const [where, through, typed] of [
    ["with the terminal's foreground it counts as typed", ON_TERMINAL, { typed: true }],
    ["without a terminal it does not", [], {}],
  ] as const
) {
  Deno.test(`a terminal's stop signal, and no other: ${where}`, async () => {
    const { result } = await facts.call("signals", [[1, 20, 21, 22]], { through });
    deepEqual(result.map(withoutTime), [
      { type: "signalled", signal: 1 },
      ...[20, 21, 22].map((signal) => ({ type: "signalled", signal, ...typed })),
    ]);
  });
}

Deno.test("who has ended before a timer was due comes before it, also where children have had their turn", async () => {
  const { result: { pid, facts: [first, second, ...more] } } = await facts.call("endedBeforeDue", []);
  deepEqual(first?.type === "reaped" && first.children.map((child) => child.pid), [pid]);
  deepEqual(second && withoutTime(second), { type: "timer-fired", timer: "kill-after" });
  deepEqual(more, []);
});

Deno.test("waits for timers, signals and children, and hardly wakes up in between", async () => {
  const { result: { facts: came, wakeUps } } = await facts.call("waits", []);
  const [timer, signal, child] = came;
  equal(came.length, 3);
  deepEqual(withoutTime(timer!), { type: "timer-fired", timer: "kill-after" });
  deepEqual(withoutTime(signal!), { type: "signalled", signal: 10 });
  ok(child?.type === "reaped");
  deepEqual(child.children.map(({ status, program }) => [status, program]), [[
    { name: "exited", code: 7 },
    "sh",
  ]]);
  ok(wakeUps <= 8, `${wakeUps} wake-ups`);
});

Deno.test("writes lines that wait as soon as somebody takes them, while it waits for what happens", async () => {
  const { result: { facts: came, asked } } = await facts.call("drains", []);
  deepEqual(came.map(withoutTime), [{ type: "timer-fired", timer: "survey" }]);
  ok(asked.length >= 2);
});
