import type { ProcessEntry } from "../ffi/proc.ts";
import { below } from "../src/processes.ts";
import { deepEqual, equal } from "./assert.ts";

function entry(pid: number, parent: number): ProcessEntry {
  return {
    pid,
    parent,
    group: pid,
    session: pid,
    startTicks: "100",
    zombie: false,
    stuck: false,
    name: "program",
  };
}

Deno.test("all that are below a process, parents before their children", () => {
  const all = [entry(9, 7), entry(7, 5), entry(8, 5), entry(5, 1), entry(6, 1)];
  deepEqual(below(5, all).map(({ pid }) => pid), [7, 8, 9]);
});

Deno.test("of a process below there may be more children than a function takes arguments", () => {
  const COUNT = 300_000;
  const children = Array.from({ length: COUNT }, (_, i) => entry(10 + i, 2));
  equal(below(1, [entry(2, 1), ...children]).length, COUNT + 1);
});
