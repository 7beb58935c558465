import { deepEqual, equal, ok } from "./assert.ts";
import { fixture } from "./fixture.ts";
import type { WriterFixture } from "./writer_fixture.ts";

const writer = fixture<WriterFixture>(import.meta.resolve("./writer_fixture.ts"));

Deno.test("what is given comes out in its order, and nothing is cut into", async () => {
  const COUNT = 50;
  const { result } = await writer.call("mixed", [COUNT]);
  const expected = Array.from({ length: COUNT }, (_, i) => [`${i}`.padEnd(9_999, "."), `${i}`]).flat();
  deepEqual(result.trimEnd().split("\n"), expected);
});

Deno.test("lines of denit's own are dropped from 64 KiB on, or so much later as is shared", async () => {
  const LIMIT = 64 * 1024;
  const { result: alone } = await writer.call("room", [0, 0]);
  ok(alone > LIMIT - 2048 && alone <= LIMIT, `${alone} bytes`);
  const { result: beside } = await writer.call("room", [100_000, 100_000]);
  equal(beside, alone);
  equal((await writer.call("room", [0, 100_000])).result, 0);
});

Deno.test("where the reader has gone it fails and keeps nothing, until somebody reads again", async () => {
  const { result } = await writer.call("failing", []);
  deepEqual(result, [[false, 0], [true, 0], [false, 0]]);
});
