import { signalSet, signalSetWithout, signalsIn } from "../../ffi/signal_set.ts";
import { deepEqual, equal } from "../assert.ts";

Deno.test("a set has one bit for each signal, and the size of a sigset_t", () => {
  for (let signal = 1; signal <= 64; signal++) {
    const set = signalSet([signal]);
    equal(set.length, 128);
    equal(new DataView(set.buffer).getBigUint64(0, true), 1n << BigInt(signal - 1));
    deepEqual(set.subarray(8).findIndex((byte) => byte !== 0), -1);
  }
});

Deno.test("a set of several signals has all their bits, 32 and 33 too", () => {
  const bits = new DataView(signalSet([1, 9, 32, 33, 64, 9]).buffer).getBigUint64(0, true);
  equal(bits, 1n | 1n << 8n | 1n << 31n | 1n << 32n | 1n << 63n);
  equal(new DataView(signalSet([]).buffer).getBigUint64(0, true), 0n);
});

Deno.test("the signals in a set are those that were put in, in order", () => {
  deepEqual(signalsIn(signalSet([64, 1, 33, 32, 9])), [1, 9, 32, 33, 64]);
  deepEqual(signalsIn(signalSet([])), []);
  const all = Array.from({ length: 64 }, (_, i) => i + 1);
  deepEqual(signalsIn(signalSet(all)), all);
});

Deno.test("a set without some holds all others, and nothing beyond the last signal", () => {
  const all = Array.from({ length: 64 }, (_, i) => i + 1);
  for (const left of [[], [1], [64, 9, 33]]) {
    const set = signalSetWithout(left);
    deepEqual(signalsIn(set), all.filter((signal) => !left.includes(signal)));
    deepEqual([set.length, set.subarray(8).findIndex((byte) => byte !== 0)], [128, -1]);
  }
});
