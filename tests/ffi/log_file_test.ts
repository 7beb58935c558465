import { readFolder } from "../../ffi/file.ts";
import {
  append,
  type FileFailure,
  type LogFile,
  makeFolder,
  openForAppend,
  removeFile,
  renameFile,
} from "../../ffi/log_file.ts";
import { closeDescriptor } from "../../ffi/pipe.ts";
import { deepEqual, equal, ok } from "../assert.ts";
import { fixture } from "../fixture.ts";
import { tempFolder } from "../temp_folder.ts";
import type { LogFileFixture } from "./log_file_fixture.ts";
import { isInherited } from "./posix.ts";

const logFile = fixture<LogFileFixture>(import.meta.resolve("./log_file_fixture.ts"));

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** What is asked of a file that can be opened. */
function withFile<Result>(path: string, use: (file: LogFile) => Result): Result {
  const file = openForAppend(path);
  ok("descriptor" in file, JSON.stringify(file));
  try {
    return use(file);
  } finally {
    closeDescriptor(file.descriptor);
  }
}

Deno.test("makes a file that its owner writes and its group reads, and no program inherits", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/web.log`;
  withFile(path, ({ descriptor, size }) => {
    equal(size, 0);
    equal(isInherited(descriptor), false);
    equal(append(descriptor, bytes("one\n")), 4);
  });
  equal(await Deno.readTextFile(path), "one\n");
  equal((await Deno.stat(path)).mode! & 0o777 & ~0o640, 0);
});

Deno.test("writes at the end of what is there, also of what others add", async () => {
  await using folder = await tempFolder();
  const path = await folder.write("web.log", "one\n");
  withFile(path, ({ descriptor, size }) => {
    equal(size, 4);
    Deno.writeTextFileSync(path, "two\n", { append: true });
    append(descriptor, bytes("three\n"));
  });
  equal(await Deno.readTextFile(path), "one\ntwo\nthree\n");
});

Deno.test("writes many bytes at once", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/web.log`;
  const many = new Uint8Array(3_000_000).map((_, i) => i % 251);
  equal(withFile(path, ({ descriptor }) => append(descriptor, many)), many.length);
  deepEqual(await Deno.readFile(path), many);
  equal(withFile(path, ({ size }) => size), many.length);
});

Deno.test("tells that the disk is full", () => {
  withFile("/dev/full", ({ descriptor }) => {
    deepEqual(append(descriptor, bytes("one\n")), { failure: "no space left on device" });
  });
});

Deno.test({
  name: "tells how much was written before the disk was full, and then that it is full",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using folder = await tempFolder();
    const mount = await new Deno.Command("mount", {
      args: ["-t", "tmpfs", "-o", "size=16k", "none", folder.path],
    }).output();
    ok(mount.success, new TextDecoder().decode(mount.stderr));
    try {
      withFile(`${folder.path}/web.log`, ({ descriptor }) => {
        equal(append(descriptor, new Uint8Array(20_000)), 16_384);
        deepEqual(append(descriptor, bytes("more")), { failure: "no space left on device" });
      });
    } finally {
      await new Deno.Command("umount", { args: [folder.path] }).output();
    }
  },
});

Deno.test("tells that a file may not grow further, and hears no XFSZ", async () => {
  await using folder = await tempFolder();
  const { result } = await logFile.call("fill", [`${folder.path}/web.log`]);
  deepEqual(result, { results: [10, { failure: "file too large" }], heard: [] });
});

for (
  const [what, path, failure] of [
    ["a folder", "folder", "is a directory"],
    ["a symbolic link", "link", "it is a symbolic link, or its path leads through too many"],
    ["a named pipe that nobody reads", "pipe", "it is not a file"],
    ["a file in a folder that is missing", "missing/web.log", "no such file or directory"],
    ["a file below a file", "plain/web.log", "not a directory"],
  ] as const
) {
  Deno.test(`does not open ${what}: ${failure}`, async () => {
    await using folder = await tempFolder();
    await folder.write("plain", "");
    await Deno.mkdir(`${folder.path}/folder`);
    await Deno.symlink("plain", `${folder.path}/link`);
    await new Deno.Command("mkfifo", { args: [`${folder.path}/pipe`] }).output();
    deepEqual<LogFile | FileFailure>(openForAppend(`${folder.path}/${path}`), { failure });
  });
}

Deno.test("does not open a named pipe that somebody reads, and leaves nothing open", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/pipe`;
  await new Deno.Command("mkfifo", { args: [path] }).output();
  using _reader = await Deno.open(path, { read: true, write: true });
  const before = readFolder("/proc/self/fd")!.length;
  deepEqual(openForAppend(path), { failure: "it is not a file" });
  equal(readFolder("/proc/self/fd")!.length, before);
});

Deno.test("gives a file another name, in the place of what had it", async () => {
  await using folder = await tempFolder();
  const [from, to] = [await folder.write("web.log", "new"), await folder.write("web.log.1", "old")];
  equal(renameFile(from, to), null);
  equal(await Deno.readTextFile(to), "new");
  equal(renameFile(from, to), "no such file or directory");
});

Deno.test("removes a file, or finds that there is none", async () => {
  await using folder = await tempFolder();
  const path = await folder.write("web.log", "");
  equal(removeFile(path), null);
  equal(renameFile(path, path), "no such file or directory");
  equal(removeFile(path), null);
  equal(removeFile(folder.path), "is a directory");
});

Deno.test("makes a folder with those that it stands in, or finds that it is there", async () => {
  await using folder = await tempFolder();
  for (const path of ["a/b/c", "a/b/c", "a//d///e/", "a"]) {
    equal(makeFolder(`${folder.path}/${path}`), null);
    ok((await Deno.stat(`${folder.path}/${path}`)).isDirectory);
  }
  await folder.write("plain", "");
  equal(makeFolder(`${folder.path}/plain`), "not a directory");
  equal(makeFolder(`${folder.path}/plain/a/b`), "not a directory");
  equal(makeFolder("/proc/denit"), "no such file or directory");
  equal(makeFolder("/"), null);
});

Deno.test("makes a folder below the working directory", async () => {
  await using folder = await tempFolder();
  const before = Deno.cwd();
  Deno.chdir(folder.path);
  try {
    equal(makeFolder("a/b"), null);
    ok((await Deno.stat(`${folder.path}/a/b`)).isDirectory);
  } finally {
    Deno.chdir(before);
  }
});
