import { Timers } from "../src/timers.ts";
import { deepEqual, equal } from "./assert.ts";

Deno.test("where no timer is set there is nothing to wait for", () => {
  const timers = new Timers<"a">();
  equal(timers.waitMs(5), null);
  deepEqual(timers.takeDue(5), []);
});

Deno.test("tells how long it is until the next one is due, and 0 when one is", () => {
  const timers = new Timers<"a" | "b">();
  timers.set("a", 100);
  timers.set("b", 30);
  equal(timers.waitMs(10), 20);
  equal(timers.waitMs(30), 0);
  equal(timers.waitMs(1000), 0);
});

Deno.test("a timer fires when it is due, not before, and once", () => {
  const timers = new Timers<"a">();
  timers.set("a", 100);
  deepEqual(timers.takeDue(99.9), []);
  deepEqual(timers.takeDue(100), ["a"]);
  deepEqual(timers.takeDue(101), []);
  equal(timers.waitMs(101), null);
});

Deno.test("of several that are due the earliest is first, and the others go on", () => {
  const timers = new Timers<"a" | "b" | "c">();
  timers.set("a", 30);
  timers.set("b", 10);
  timers.set("c", 50);
  deepEqual(timers.takeDue(40), ["b", "a"]);
  equal(timers.waitMs(40), 10);
  deepEqual(timers.takeDue(60), ["c"]);
});

Deno.test("a timer that is set again forgets the first time, sooner or later", () => {
  const timers = new Timers<"a" | "b">();
  timers.set("a", 10);
  timers.set("a", 100);
  timers.set("b", 100);
  timers.set("b", 20);
  deepEqual(timers.takeDue(50), ["b"]);
  equal(timers.waitMs(50), 50);
});

Deno.test("a timer that has fired can be set again", () => {
  const timers = new Timers<"a">();
  for (const dueMs of [10, 20]) {
    timers.set("a", dueMs);
    deepEqual(timers.takeDue(dueMs), ["a"]);
  }
});

Deno.test("a delay of a year is one: it is not due at once", () => {
  const YEAR_MS = 365 * 24 * 3_600_000; // more than 2^31
  const timers = new Timers<"a">();
  timers.set("a", YEAR_MS);
  equal(timers.waitMs(0), YEAR_MS);
  deepEqual(timers.takeDue(YEAR_MS - 1), []);
});
