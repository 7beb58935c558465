import { readFolder, readHead } from "../../ffi/file.ts";
import { deepEqual, equal, ok } from "../assert.ts";
import { tempFolder } from "../temp_folder.ts";

Deno.test("reads the first bytes of a file, and all where it is shorter", async () => {
  await using folder = await tempFolder();
  const path = await folder.write("file", new Uint8Array([1, 2, 0, 255]));
  deepEqual(readHead(path, 3), new Uint8Array([1, 2, 0]));
  deepEqual(readHead(path, 4), new Uint8Array([1, 2, 0, 255]));
  deepEqual(readHead(path, 100), new Uint8Array([1, 2, 0, 255]));
  deepEqual(readHead(new TextEncoder().encode(path), 1), new Uint8Array([1]));
});

Deno.test("reads a file that the kernel hands out in pieces", () => {
  const path = "/proc/self/maps"; // never more than a page at a time
  const head = readHead(path, 20_000)!;
  equal(head.length, Math.min(20_000, Deno.readFileSync(path).length));
});

Deno.test("an empty file has no first bytes; a missing one has none that could be read", async () => {
  await using folder = await tempFolder();
  equal(readHead(await folder.write("empty", ""), 10)?.length, 0);
  equal(readHead(`${folder.path}/missing`, 10), null);
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
  }
  ok(open() < before + 10);
});
