import { deepEqual, equal, match, ok } from "../assert.ts";
import { fixture } from "../fixture.ts";
import { ON_TERMINAL } from "../terminal.ts";
import { tempFolder } from "../temp_folder.ts";
import type { OutputFixture } from "./output_fixture.ts";

const output = fixture<OutputFixture>(import.meta.resolve("./output_fixture.ts"));

Deno.test("writes to a pipe", async () => {
  const { result, errors } = await output.call("write", [2, "hello\n"]);
  equal(result, 6);
  equal(errors, "hello\n");
});

Deno.test("writes to standard output too", async () => {
  const { result, output: written } = await output.call("write", [1, "hello\n"]);
  equal(result, 6);
  equal(written, "hello\n");
});

Deno.test("waits until one of them can be written, or its time is over", async () => {
  const { result: { counts, fullMs } } = await output.call("waits", []);
  deepEqual(counts, [1, 2, 0, 1, 1]);
  ok(fullMs >= 50, `${fullMs} ms`);
});

Deno.test("writes to a file, behind what is there", async () => {
  await using folder = await tempFolder();
  const path = await folder.write("log", "before\n");
  const { result } = await output.call("file", [path, 10_000]);
  deepEqual(result, [10_000]);
  const written = (await Deno.readFile(path)).subarray("before\n".length);
  equal(written.length, 10_000);
  ok(written.every((byte, i) => byte === i % 251));
});

Deno.test("a full pipe takes nothing at the moment, blocks nobody, and takes more once it was read", async () => {
  const { result } = await output.call("fullPipe", []);
  const { taken, again, more, came, nonblocking } = result;
  deepEqual({ again, more, came, nonblocking }, {
    again: "again",
    more: 1000,
    came: true,
    nonblocking: false,
  });
  ok(taken >= 60_000, `${taken} bytes`);
});

Deno.test("a terminal that nobody looks at blocks nobody either, and takes more once it was looked at", async () => {
  const { result: { taken, seen, ...rest } } = await output.call("fullTerminal", []);
  ok(taken >= 4096, `${taken} bytes`);
  equal(seen, taken);
  deepEqual(rest, { again: "again", more: 100, nonblocking: false });
});

Deno.test("where the reader has gone a write has failed for good, and nobody hears a PIPE", async () => {
  const { result } = await output.call("noReader", []);
  deepEqual(result, { results: ["failed", "failed"], heard: [] });
});

Deno.test("where standard error is closed a write has failed for good", async () => {
  const { result } = await output.call("closed", []);
  equal(result, "failed");
});

Deno.test("writes to /dev/null", async () => {
  const { result } = await output.call("write", [2, "hello\n"], {
    through: ["sh", "-c", 'exec "$@" 2>/dev/null', "sh"],
  });
  equal(result, 6);
});

Deno.test("writes to a terminal", async () => {
  const { result, errors } = await output.call("write", [2, "hello\n"], { through: ON_TERMINAL });
  equal(result, 6);
  match(errors, /hello\r\n$/); // the runtime may have said before that its cache is broken, which tests of faults do
});

Deno.test("knows whether standard output and error are one", async () => {
  equal((await output.call("isOne", [])).result, false);
  equal((await output.call("isOne", [], { through: ["sh", "-c", 'exec "$@" 2>&1', "sh"] })).result, true);
  equal((await output.call("isOne", [], { through: ["sh", "-c", 'exec "$@" 2>&-', "sh"] })).result, false);
});
