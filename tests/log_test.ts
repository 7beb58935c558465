import { deepEqual, equal, match, ok } from "./assert.ts";
import { fixture } from "./fixture.ts";
import type { LogFixture } from "./log_fixture.ts";

const log = fixture<LogFixture>(import.meta.resolve("./log_fixture.ts"));

Deno.test("writes each line of a note to its stream, at once", async () => {
  const { result, output, errors } = await log.call("streams", []);
  equal(output, "error\n");
  equal(errors, "of interest\n");
  deepEqual(result, []);
});

Deno.test("keeps lines while nobody reads, without waiting, and writes them whole and in order once somebody does", async () => {
  const { result } = await log.call("unread", [1000]); // 100 KB: more than a pipe holds, less than pipe and log together
  deepEqual(result.before, [2]);
  deepEqual(result.after, []);
  equal(result.lines.length, 1001);
  result.lines.slice(0, -1).forEach((line, i) => equal(line, `${i}`.padEnd(99, ".")));
  equal(result.lines.at(-1), "the last");
});

Deno.test("drops lines when too many are kept, and tells how many", async () => {
  const COUNT = 5000; // 500 KB
  const { result } = await log.call("unread", [COUNT]);
  const kept = result.lines.filter((line) => /^\d+\.+$/.test(line));
  kept.forEach((line, i) => equal(line, `${i}`.padEnd(99, ".")));
  ok(kept.length >= 655 && kept.length <= 2 * 656, `${kept.length} lines`); // the log's 64 KiB, and at most a pipe's
  deepEqual(result.lines.slice(kept.length), [
    `${COUNT - kept.length} lines of denit's own were dropped: nobody read them`,
    "the last",
  ]);
});

Deno.test("tells once how many were dropped, when all others are written", async () => {
  const COUNT = 3000;
  const { result } = await log.call("trickle", [COUNT]);
  const kept = result.filter((line) => line === "x".repeat(99)).length;
  deepEqual(result.slice(kept), [
    `${2 * COUNT - kept} lines of denit's own were dropped: nobody read them`,
  ]);
});

Deno.test("does not wait for whoever does not read", async () => {
  const { result } = await log.call("drainUnread", []);
  deepEqual(result, [2]);
});

Deno.test("where the reader has gone it forgets everything", async () => {
  const { result } = await log.call("readerGone", []);
  deepEqual(result, []);
});

Deno.test("shows also a line that is longer than all it would keep", async () => {
  const { errors } = await log.call("write", ["x".repeat(60_000)]);
  equal(errors.length, 60_001);
  const { errors: longer } = await log.call("write", ["x".repeat(100_000)]);
  match(longer, /^x{4096}/);
});
