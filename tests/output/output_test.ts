import { deepEqual, equal, match, ok } from "../assert.ts";
import { fixture } from "../fixture.ts";
import { tempFolder } from "../temp_folder.ts";
import type { OutputFixture } from "./output_fixture.ts";

const output = fixture<OutputFixture>(import.meta.resolve("./output_fixture.ts"));

Deno.test("standard output goes to standard output, error to error, behind aligned names", async () => {
  const { result, output: out, errors } = await output.call("write", [{ width: 6 }, [
    ["web", "stdout", "one\n"],
    ["worker", "stdout", "two\nthree\n"],
    ["web", "stderr", "four\n"],
  ]]);
  equal(out, "web     | one\nworker  | two\nworker  | three\n");
  equal(errors, "web     | four\n");
  deepEqual(result, []);
});

Deno.test("the lines of services stay whole, and an open one is written out at the end of its pipe", async () => {
  const { output: out } = await output.call("write", [{}, [
    ["a", "stdout", "be"],
    ["b", "stdout", "one\ntw"],
    ["a", "stdout", "gin\nopen"],
    ["b", "stdout", "o\n"],
  ]]);
  equal(out, "b  | one\na  | begin\nb  | two\na  | open\n");
});

Deno.test("on a terminal each name has a colour of its own, the text has none", async () => {
  const { output: out } = await output.call("write", [{ color: true }, [
    ["a", "stdout", "one\n"],
    ["b", "stdout", "two\n"],
    ["a", "stdout", "three\n"],
  ]]);
  const lines = out.replaceAll("\x1b", "\u241b").trimEnd().split("\n").map((line) =>
    /^\u241b\[(\d\d)m([ab] {2}\| )\u241b\[0m(\w+)$/.exec(line)!.slice(1)
  );
  deepEqual(lines.map(([, name, text]) => [name, text]), [["a  | ", "one"], ["b  | ", "two"], [
    "a  | ",
    "three",
  ]]);
  equal(lines[0]![0], lines[2]![0]);
  ok(lines[0]![0] !== lines[1]![0]);
});

Deno.test("as JSON, an object a line with who wrote it", async () => {
  const { output: out, errors } = await output.call("write", [{ format: "json", color: true, width: 9 }, [
    ["web", "stdout", "hello\n"],
    ["worker", "stderr", '{"a":1}\n'],
  ]]);
  const time = "1970-01-01T00:00:00.000Z";
  equal(out, `{"time":"${time}","service":"web","stream":"stdout","pid":1,"message":"hello"}\n`);
  equal(errors, `{"time":"${time}","service":"worker","stream":"stderr","pid":2,"message":{"a":1}}\n`);
});

Deno.test("with the bytes as they are there is no pipe, and nothing is kept of what goes nowhere", async () => {
  deepEqual((await output.call("given", ["raw", { name: "denit" }])).result, ["inherit", "inherit"]);
  for (const format of ["raw", "text", "json"] as const) {
    deepEqual((await output.call("given", [format, { name: "none" }])).result, ["null", "null"]);
  }
});

Deno.test("both streams go into the file of the service, as lines or as Docker's objects", async () => {
  for (const format of ["raw", "text", "json"] as const) {
    await using folder = await tempFolder();
    const writes = [["web", "stdout", "one\n"], ["web", "stderr", "two"], [
      "b",
      "stdout",
      "three\n",
    ]] as const;
    const { output: out, errors } = await output.call("write", [
      { folder: folder.path, format },
      writes,
      { name: "files", format: "lines", maxBytes: null, maxFiles: 1 },
    ]);
    equal(out + errors, "");
    equal(await Deno.readTextFile(`${folder.path}/web.log`), "one\ntwo\n");
    equal(await Deno.readTextFile(`${folder.path}/b.log`), "three\n");
  }
  await using folder = await tempFolder();
  await output.call("write", [
    { folder: folder.path },
    [["web", "stderr", "one\n"]],
    { name: "files", format: "json", maxBytes: null, maxFiles: 1 },
  ]);
  equal(
    await Deno.readTextFile(`${folder.path}/web.log`),
    '{"log":"one\\n","stream":"stderr","time":"1970-01-01T00:00:00.000000000Z"}\n',
  );
});

Deno.test("files that cannot be written are reported, and the service goes on", async () => {
  await using folder = await tempFolder();
  const { result } = await output.call("write", [
    { folder: await folder.write("file", "") },
    [["web", "stdout", "lost\n"], ["web", "stdout", "lost\n"]],
    { name: "files", format: "lines", maxBytes: null, maxFiles: 1 },
  ]);
  equal(result.length, 1);
  match(result[0]!, /^Cannot write to .*\/file\/web\.log: /);
});

Deno.test("no descriptor is left of a service that could not be started, or that has ended", async () => {
  await using folder = await tempFolder();
  const { result: [first, starting, failed, ended] } = await output.call("descriptors", [folder.path]);
  deepEqual([starting, failed, ended], [first! + 4, first, first]);
});

Deno.test("where there are too few descriptors nothing is opened", async () => {
  for (const [more, opened] of [[0, false], [1, false], [2, false], [3, false], [4, true]] as const) {
    const { result } = await output.call("noDescriptors", [more]);
    deepEqual(result, { opened, left: opened ? 4 : 0 });
  }
});

Deno.test("what a service has left behind is read on, beside its next generation", async () => {
  const { output: out } = await output.call("generations", []);
  equal(out, "web  | second\nweb  | first, later\n");
});

Deno.test("with a slow reader nothing is lost, all is in order, and no line is cut into", async () => {
  const LINES = 100_000;
  const { result } = await output.call("slowReader", [LINES]);
  const lines = result.trimEnd().split("\n");
  for (const name of ["a", "b"]) {
    const numbers = lines.filter((line) => line.startsWith(`${name}  | `)).map((line) => line.slice(5));
    deepEqual([numbers.length, numbers.findIndex((number, i) => number !== String(i + 1))], [LINES, -1]);
  }
  const own = lines.filter((line) => /^\{"type":"problem","message":"\d+"\}$/.test(line));
  ok(own.length > 10, `${own.length} lines of denit's own`);
  equal(own.length, lines.length - 2 * LINES);
});

Deno.test("with a stuck reader the writers wait, not denit; once it reads each has its share", async () => {
  const { result } = await output.call("stuckReader", [5]);
  const { kept, waits, otherPassed, perService, quietAt, read } = result;
  ok(kept > 64 * 1024 && kept < 512 * 1024, `${kept} bytes are kept`);
  deepEqual({ waits, otherPassed }, { waits: true, otherPassed: true });
  ok(quietAt >= 0 && quietAt < read / 2, `the quiet one's line came at ${quietAt}`);
  const average = perService.reduce((sum, count) => sum + count) / perService.length;
  ok(perService.every((count) => count > average / 2 && count < average * 2), perService.join(" "));
});

Deno.test("at the end all that is left is written, open lines too", async () => {
  const { output: out, result } = await output.call("drain", [["one\ntwo", "x".repeat(60_000), ""]]);
  deepEqual(result, { left: [], moved: true });
  const lines = out.trimEnd().split("\n");
  deepEqual(lines.slice(0, 1), ["web  | one"]);
  ok(lines.includes("web  | two"));
  equal(
    lines.filter((line) => /^web {2}\| x+$/.test(line)).join("").replaceAll("web  | ", ""),
    "x".repeat(60_000),
  );
});

Deno.test("at the end it waits for a stuck reader only so long, and writes to files meanwhile", async () => {
  await using folder = await tempFolder();
  const { result: { ms, first, then } } = await output.call("drainFiles", [folder.path, 60_000]);
  ok(ms >= 99 && ms < 5000, `${ms} ms`);
  deepEqual([first, then], [{ left: ["stderr"], moved: true }, { left: ["stderr"], moved: false }]);
  equal((await Deno.stat(`${folder.path}/web.log`)).size, 60_000 + 3); // in four parts
});

Deno.test("where the reader has gone services go on, and that is told once", async () => {
  const { result } = await output.call("readerGone", []);
  deepEqual(result, ["Cannot write to stderr: what services write is lost"]);
});

Deno.test("a pause is asked for where lines come one by one, on the heels of each other", async () => {
  const line = `${"x".repeat(99)}\n`;
  const more = line.repeat(400); // more than is waited for
  const { result } = await output.call("pauses", [[
    [line, 1000], // alone
    [line, 1000.2],
    [line, 1000.4],
    ["", 1000.5],
    [line.repeat(300), 1000.6],
    [more, 1000.8],
    [line.repeat(1024).slice(0, 8192), 1001], // whole blocks
    [line, 1003], // a good while later
  ]]);
  deepEqual(result, [false, true, true, false, true, false, false, false]);
});
