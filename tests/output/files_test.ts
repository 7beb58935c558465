import { LogFiles } from "../../src/output/files.ts";
import { deepEqual, equal, match } from "../assert.ts";
import { fixture } from "../fixture.ts";
import { type TempFolder, tempFolder } from "../temp_folder.ts";
import type { FilesFixture } from "./files_fixture.ts";

const full = fixture<FilesFixture>(import.meta.resolve("./files_fixture.ts"));

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function open(
  folder: string,
  maxBytes: number | null,
  maxFiles: number,
): { files: LogFiles; reports: string[] } {
  const reports: string[] = [];
  return {
    files: new LogFiles("web", folder, { maxBytes, maxFiles }, (text) => reports.push(text)),
    reports,
  };
}

/** What stands in the files of a folder, by name. */
function contents({ path }: TempFolder, below = ""): Record<string, string> {
  const names = [...Deno.readDirSync(`${path}${below}`)].map(({ name }) => name).sort();
  return Object.fromEntries(names.map((name) => [name, Deno.readTextFileSync(`${path}${below}/${name}`)]));
}

Deno.test("makes the folder and the file, and goes on behind what is there", async () => {
  await using folder = await tempFolder();
  for (const text of ["one\n", "two\nthree\n"]) {
    const { files, reports } = open(`${folder.path}/a/b`, null, 1);
    files.write(bytes(text));
    files.write(bytes("-\n"));
    files.close();
    deepEqual(reports, []);
  }
  deepEqual(contents(folder, "/a/b"), { "web.log": "one\n-\ntwo\nthree\n-\n" });
});

Deno.test("a closed one is opened again when there is something to write", async () => {
  await using folder = await tempFolder();
  const { files } = open(folder.path, null, 1);
  files.write(bytes("one\n"));
  files.close();
  files.close();
  files.write(bytes("two\n"));
  files.close();
  deepEqual(contents(folder), { "web.log": "one\ntwo\n" });
});

const ROTATIONS: readonly [
  title: string,
  maxBytes: number,
  maxFiles: number,
  writes: string[],
  Record<string, string>,
][] = [
  ["a file may be just full", 8, 3, ["aaa\n", "bbb\n"], { "web.log": "aaa\nbbb\n" }],
  ["before a line for which there is no place", 8, 3, ["aaa\nbbb\nccc\n"], {
    "web.log": "ccc\n",
    "web.log.1": "aaa\nbbb\n",
  }],
  ["lines stay whole", 7, 3, ["aaa\nbbb\n"], { "web.log": "bbb\n", "web.log.1": "aaa\n" }],
  [
    "only so many files are kept, the oldest goes",
    ...[4, 3] as const,
    ["a\nb\nc\n", "d\ne\nf\ng\nh\n"],
    { "web.log": "g\nh\n", "web.log.1": "e\nf\n", "web.log.2": "c\nd\n" },
  ],
  ["of one file the old part goes", 4, 1, ["aa\nb\n", "c\n"], { "web.log": "b\nc\n" }],
  [
    "a line that is longer than a file has one of its own",
    ...[4, 4] as const,
    ["a\n", "too long\n", "b\n"],
    { "web.log": "b\n", "web.log.1": "too long\n", "web.log.2": "a\n" },
  ],
];

for (const [title, maxBytes, maxFiles, writes, expected] of ROTATIONS) {
  Deno.test(`rotates: ${title}`, async () => {
    await using folder = await tempFolder();
    const { files, reports } = open(folder.path, maxBytes, maxFiles);
    for (const text of writes) files.write(bytes(text));
    files.close();
    deepEqual(contents(folder), expected);
    deepEqual(reports, []);
  });
}

Deno.test("rotates a file that was full when it was opened, and by limits that were set later", async () => {
  await using folder = await tempFolder();
  await folder.write("web.log", "before\n");
  const { files } = open(folder.path, null, 3);
  files.write(bytes("a\n"));
  files.setLimits({ maxBytes: 4, maxFiles: 2 });
  files.write(bytes("b\n"));
  files.close();
  deepEqual(contents(folder), { "web.log": "b\n", "web.log.1": "before\na\n" });
});

Deno.test("a file that cannot be renamed grows on, which is told once", async () => {
  await using folder = await tempFolder();
  await Deno.mkdir(`${folder.path}/web.log.1`);
  const { files, reports } = open(folder.path, 4, 2);
  for (const text of ["a\nb\n", "c\nd\n", "e\n"]) files.write(bytes(text));
  equal(await Deno.readTextFile(`${folder.path}/web.log`), "a\nb\nc\nd\ne\n");
  equal(reports.length, 1);
  match(reports[0]!, /^Cannot rotate .*\/web\.log, which grows on: is a directory$/);
  await Deno.remove(`${folder.path}/web.log.1`);
  files.write(bytes("f\n"));
  files.close();
  deepEqual(contents(folder), { "web.log": "f\n", "web.log.1": "a\nb\nc\nd\ne\n" });
});

Deno.test("a full file that somebody has removed, or its folder, is made anew, and the older ones stay", async () => {
  await using folder = await tempFolder();
  const { files, reports } = open(`${folder.path}/logs`, 4, 3);
  for (const text of ["a\nb\n", "c\nd\n", "e\nf\n"]) files.write(bytes(text));
  await Deno.remove(`${folder.path}/logs/web.log`);
  files.write(bytes("g\nh\n"));
  deepEqual(contents(folder, "/logs"), { "web.log": "g\nh\n", "web.log.1": "c\nd\n", "web.log.2": "a\nb\n" });
  await Deno.remove(`${folder.path}/logs`, { recursive: true });
  files.write(bytes("i\nj\n"));
  files.close();
  deepEqual(contents(folder, "/logs"), { "web.log": "i\nj\n" });
  deepEqual(reports, []);
});

Deno.test("a link to nowhere in the place of a full file is renamed as one, and a new file is begun", async () => {
  await using folder = await tempFolder();
  const { files, reports } = open(folder.path, 4, 2);
  files.write(bytes("a\nb\n"));
  await Deno.remove(`${folder.path}/web.log`);
  await Deno.symlink("nowhere", `${folder.path}/web.log`);
  files.write(bytes("c\nd\n"));
  files.close();
  equal(await Deno.readTextFile(`${folder.path}/web.log`), "c\nd\n");
  equal(await Deno.readLink(`${folder.path}/web.log.1`), "nowhere");
  deepEqual(reports, []);
});

Deno.test("where it cannot write lines are lost: told once, and how many once it can", async () => {
  await using folder = await tempFolder();
  const inTheWay = await folder.write("logs", "");
  const { files, reports } = open(inTheWay, null, 1);
  files.write(bytes("lost\nlost\n"));
  files.write(bytes("lost\n"));
  equal(reports.length, 1);
  match(reports[0]!, /^Cannot write to .*\/logs\/web\.log: not a directory; lines of web are lost$/);
  await Deno.remove(inTheWay);
  files.write(bytes("kept\n"));
  files.write(bytes("kept\n"));
  files.close();
  deepEqual(contents(folder, "/logs"), { "web.log": "kept\nkept\n" });
  deepEqual(reports.slice(1), [`Writing to ${inTheWay}/web.log again: 3 lines of web were lost`]);
});

Deno.test("on a full disk lines are lost, and one that was cut has its end before the next", async () => {
  await using folder = await tempFolder();
  const { result: reports } = await full.call("fill", [folder.path]);
  const lines = Array.from({ length: 73 }, () => "line of a log\n").join(""); // 1022 bytes of 1024
  deepEqual(contents(folder), { "web.log": `${lines}li\nnext\nthe last\n` });
  deepEqual(reports, [
    `Cannot write to ${folder.path}/web.log: file too large; lines of web are lost`,
    `Writing to ${folder.path}/web.log again: 28 lines of web were lost`,
  ]);
});
