import { decodeStatus, type WaitStatus } from "../../ffi/wait.ts";
import { deepEqual, equal } from "../assert.ts";
import { fixture } from "../fixture.ts";
import type { WaitFixture } from "./wait_fixture.ts";

const waiting = fixture<WaitFixture>(import.meta.resolve("./wait_fixture.ts"));

for (
  const [word, status] of [
    [0x0000, { name: "exited", code: 0 }],
    [0x0100, { name: "exited", code: 1 }],
    [0xff00, { name: "exited", code: 255 }],
    [0x000f, { name: "killed", signal: 15, coreDumped: false }],
    [0x008b, { name: "killed", signal: 11, coreDumped: true }],
    [0x0040, { name: "killed", signal: 64, coreDumped: false }],
    [0x00c0, { name: "killed", signal: 64, coreDumped: true }],
    [0x137f, { name: "stopped", signal: 19 }],
    [0x147f, { name: "stopped", signal: 20 }],
  ] as const satisfies readonly (readonly [number, WaitStatus])[]
) {
  Deno.test(`the status word 0x${word.toString(16)} means ${JSON.stringify(status)}`, () => {
    deepEqual(decodeStatus(word), status);
  });
}

Deno.test("tells how real children ended", async () => {
  const codes = [0, 1, 42, 127, 255];
  const signals = [1, 9, 15, 34, 64];
  const { result } = await waiting.call("endings", [[
    ...codes.map((code) => `exit ${code}`),
    ...signals.map((signal) => `ulimit -c 0; kill -${signal} $$`),
  ]]);
  deepEqual(result, [
    ...codes.map((code) => ({ name: "exited", code })),
    ...signals.map((signal) => ({ name: "killed", signal, coreDumped: false })),
  ]);
});

Deno.test("waits for the end of one child, but not for ever, and a stop is no end", async () => {
  const { result } = await waiting.call("ends", []);
  deepEqual(result, {
    early: { name: "exited", code: 3 },
    stopped: null,
    end: { name: "killed", signal: 9, coreDumped: false },
  });
});

Deno.test("tells that a child has stopped, once, and how it ended later", async () => {
  const { result: { pid, news, again, end } } = await waiting.call("stopped", []);
  deepEqual(news, { pid, status: { name: "stopped", signal: 19 } });
  equal(again, null);
  deepEqual(end, { pid, status: { name: "killed", signal: 9, coreDumped: false } });
});

Deno.test("a peek leaves the zombie, and a stopped child is no zombie", async () => {
  const { result: { pid, peeks, zombie, taken } } = await waiting.call("peeks", []);
  deepEqual(peeks, ["none", "running", pid, pid, "none"]);
  equal(zombie, true);
  deepEqual(taken, { pid, status: { name: "exited", code: 3 } });
});

Deno.test("takes exactly the child that was asked for, and no other", async () => {
  const { result: { pids, taken, left, running } } = await waiting.call("takeOne", []);
  deepEqual(taken, { pid: pids[1], status: { name: "exited", code: 2 } });
  equal(left, pids[0]);
  equal(running, null);
});

Deno.test("takes a stopped child, once, and leaves one that has ended", async () => {
  const { result: { ended, pid, news, again, left } } = await waiting.call("takeStopped", []);
  deepEqual(news, { pid, status: { name: "stopped", signal: 20 } });
  equal(again, null);
  equal(left, ended);
});

Deno.test("tells of no stopped child where there is none", async () => {
  const { result } = await waiting.call("stoppedOfNobody", []);
  equal(result, null);
});

Deno.test("takes each of many children that end together", async () => {
  const { result } = await waiting.call("takeMany", [100]);
  deepEqual(result, { taken: 100, left: "none", more: null });
});
