import { readFolder, readHead, readWhole } from "../../ffi/file.ts";
import { deepEqual, equal, match, ok } from "../assert.ts";
import { startProgram } from "../program.ts";
import { tempFolder } from "../temp_folder.ts";
import { until } from "../e2e/support/until.ts";

Deno.test("reads the first bytes of a file, and all where it is shorter", async () => {
  await using folder = await tempFolder();
  const path = await folder.write("file", new Uint8Array([1, 2, 0, 255]));
  deepEqual(readHead(path, 3), new Uint8Array([1, 2, 0]));
  deepEqual(readHead(path, 4), new Uint8Array([1, 2, 0, 255]));
  deepEqual(readHead(path, 100), new Uint8Array([1, 2, 0, 255]));
  deepEqual(readHead(new TextEncoder().encode(path), 1), new Uint8Array([1]));
});

Deno.test("reads a file that the kernel hands out in pieces", async () => {
  const path = "/proc/self/maps"; // never more than a page at a time
  const length = (): number => Math.min(20_000, Deno.readFileSync(path).length);
  await until(() => { // it may change between: the runtime has threads that ask for memory
    const before = length();
    const head = readHead(path, 20_000)!;
    ok(head.length > 4096, `${head.length} bytes`);
    return head.length === before && length() === before;
  }, "all of it to be read");
});

Deno.test("an empty file has no first bytes; a missing one has none that could be read", async () => {
  await using folder = await tempFolder();
  equal(readHead(await folder.write("empty", ""), 10)?.length, 0);
  equal(readHead(`${folder.path}/missing`, 10), null);
});

for (const size of [0, 1, 16_384, 16_385, 300_000]) {
  Deno.test(`reads a whole file of ${size} bytes, if it may have so many`, async () => {
    await using folder = await tempFolder();
    const content = new Uint8Array(size).map((_, i) => i % 251);
    const path = await folder.write("file", content);
    deepEqual(readWhole(path, 1_000_000), content);
    deepEqual(readWhole(path, size), content);
    if (size > 0) {
      const failure = `it is larger than ${size - 1} bytes`;
      deepEqual(readWhole(path, size - 1), { failure, missing: false });
    }
  });
}

Deno.test("reads a whole file that the kernel hands out in pieces", () => {
  const whole = readWhole("/proc/self/smaps", 10_000_000);
  ok(whole instanceof Uint8Array && whole.length > 20_000);
  match(new TextDecoder().decode(whole), /^VmFlags:.*\n$/m);
});

for (
  const [what, path, failure] of [
    ["a missing file", "missing", "no such file or directory"],
    ["a folder", "", "is a directory"],
    ["a file below a file", "plain/file", "not a directory"],
    ["a path with a NUL in it", "a\0b", "there is a NUL in its path"],
    ["a link that leads to itself", "loop", "too many levels of symbolic links"],
  ] as const
) {
  Deno.test(`tells why it cannot read ${what}: ${failure}`, async () => {
    await using folder = await tempFolder();
    await folder.write("plain", "");
    await Deno.symlink("loop", `${folder.path}/loop`);
    deepEqual(readWhole(`${folder.path}/${path}`, 100), { failure, missing: path === "missing" });
  });
}

Deno.test("reads a named pipe while there is somebody who writes, and waits for nobody for ever", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/pipe`;
  await new Deno.Command("mkfifo", { args: [path] }).output();
  deepEqual(readWhole(path, 100), new Uint8Array(0));
  const silent = await Deno.open(path, { read: true, write: true });
  deepEqual(readWhole(path, 100), { failure: "its end had not come after 1000 ms", missing: false });
  silent.close();
  await using writer = startProgram("sh", "-c", `exec 3<>"$1"; echo; printf hello >&3; read x`, "sh", path);
  await writer.nextLine();
  const read = readWhole(path, 5);
  deepEqual(read, { failure: "its end had not come after 1000 ms", missing: false }); // its end never came
});

Deno.test("lists the names in a folder, whatever their length", async () => {
  await using folder = await tempFolder();
  const names = Array.from({ length: 255 }, (_, i) => "x".repeat(i + 1));
  names.push(" ", "a\nb", "\u{fc}\u{1f600}");
  for (const name of names) await folder.write(name, "");
  deepEqual(readFolder(folder.path)!.sort(), [...names, ".", ".."].sort());
});

Deno.test("lists more names than one system call returns", async () => {
  await using folder = await tempFolder();
  const names = Array.from({ length: 500 }, (_, i) => `${"long-name-".repeat(20)}${i}`); // 100 KB
  await Promise.all(names.map((name) => folder.write(name, "")));
  deepEqual(readFolder(folder.path)!.sort(), [...names, ".", ".."].sort());
});

Deno.test("a missing folder has no names that could be read", async () => {
  await using folder = await tempFolder();
  equal(readFolder(`${folder.path}/missing`), null);
});

Deno.test("leaves no descriptor open", async () => {
  await using folder = await tempFolder();
  const path = await folder.write("file", "");
  const open = (): number => [...Deno.readDirSync("/proc/self/fd")].length;
  const before = open();
  for (let i = 0; i < 50; i++) {
    readHead(path, 1);
    readFolder(folder.path);
    readHead(`${path}/missing`, 1);
    readWhole(path, 0);
    readWhole(folder.path, 1);
  }
  ok(open() < before + 10);
});
