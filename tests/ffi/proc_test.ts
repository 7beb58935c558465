import {
  listProcesses,
  parseStat,
  type ProcessEntry,
  readCommand,
  readLocksLimit,
  readProgram,
  readVariableOf,
} from "../../ffi/proc.ts";
import { deepEqual, equal, ok } from "../assert.ts";
import { fixture, until } from "../fixture.ts";
import { namespaces } from "../namespaces.ts";
import { startProgram } from "../program.ts";
import { tempFolder } from "../temp_folder.ts";
import type { ProcFixture } from "./proc_fixture.ts";

const proc = fixture<ProcFixture>(import.meta.resolve("./proc_fixture.ts"));

/** A line of `/proc/PID/stat`, shortened behind what is read. */
const stat = (name: string, state = "S", threads = 1): string =>
  `12 (${name}) ${state} 7 5 3 34816 -1 4194304 1 2 3 4 5 6 7 8 20 0 ${threads} 0 98765 1000 20 18446744073709551615\n`;

const ENTRY: ProcessEntry = {
  pid: 12,
  parent: 7,
  group: 5,
  session: 3,
  startTicks: "98765",
  zombie: false,
  stuck: false,
  name: "web",
};

Deno.test("understands a line of /proc/PID/stat", () => deepEqual(parseStat(stat("web")), ENTRY));

for (const name of ["a b", ")", "(", ") S 1 1 (", "a)b(c", "", "a\nb", "12 (x) Z 1", "\u{fc}"]) {
  Deno.test(`understands it for a program that is called ${JSON.stringify(name)}`, () => {
    deepEqual(parseStat(stat(name)), { ...ENTRY, name });
  });
}

for (
  const [state, threads, zombie] of [
    ["R", 1, false],
    ["D", 1, false],
    ["T", 1, false],
    ["t", 1, false],
    ["Z", 1, true],
    ["Z", 0, true],
    ["X", 1, true],
    ["Z", 2, false],
    ["Z", 7, false],
  ] as const
) {
  Deno.test(`state ${state} with ${threads} threads ${zombie ? "has ended" : "is alive"}`, () => {
    equal(parseStat(stat("web", state, threads))!.zombie, zombie);
  });
}

for (const line of ["", "12", "12 (web", "web) S 1", "12 (web) S 1 2", "12 (web)", ")("]) {
  Deno.test(`${JSON.stringify(line)} is no such line`, () => equal(parseStat(line), null));
}

Deno.test("lists the processes, ourselves among them, each once", () => {
  const all = listProcesses()!;
  const own = all.find(({ pid }) => pid === Deno.pid)!;
  equal(own.parent, Deno.ppid);
  equal(own.zombie, false);
  equal(own.name, readProgram(Deno.pid));
  equal(new Set(all.map(({ pid }) => pid)).size, all.length);
  ok(all.every(({ pid, startTicks }) => pid > 0 && /^\d+$/.test(startTicks)));
});

Deno.test("finds a real program, whatever its name is", async () => {
  await using folder = await tempFolder();
  for (const name of ["a) (b c", "x\ny) Z 1 1", "(("]) {
    await Deno.symlink("/bin/sleep", `${folder.path}/${name}`);
    await using program = startProgram(`${folder.path}/${name}`, "30");
    const entry = await program.until((entry) => entry.name === name);
    deepEqual(entry, { ...entry, parent: Deno.pid, zombie: false });
    equal(readProgram(program.pid), name);
  }
});

Deno.test("tells a command with its arguments, and its first 256 bytes where it is longer", async () => {
  await using program = startProgram("/bin/sh", "-c", "sleep 30; exit", "a b", "");
  await program.until(({ name }) => name === "sh");
  equal(readCommand(program.pid), "/bin/sh -c sleep 30; exit a b");
  const words = ["/bin/sh", "-c", "sleep 30; exit", "x".repeat(1000)];
  await using long = startProgram(words[0]!, ...words.slice(1));
  await long.until(({ name }) => name === "sh");
  equal(readCommand(long.pid), words.join(" ").slice(0, 256));
});

Deno.test({
  name: "is told of processes also where it has as many groups as there may be",
  ignore: Deno.uid() !== 0,
  async fn() {
    const grouped = ["perl", "-e", '$) = "0 " . join(" ", 2000000001 .. 2000065536); exec @ARGV'];
    const { result } = await proc.call("look", [], { through: grouped });
    equal(result.own?.pid, result.pid);
  },
});

Deno.test("a zombie has its name, and no command", async () => {
  const script = "$| = 1; if (my $pid = fork) { print qq($pid\\n); <STDIN>; waitpid($pid, 0) } else { exit }";
  await using parent = startProgram("perl", "-e", script);
  const pid = Number(await parent.nextLine());
  const entry = await parent.until((entry) => entry.zombie, pid);
  deepEqual(entry, { ...entry, pid, parent: parent.pid, name: "perl" });
  equal(readProgram(pid), "perl");
  equal(readCommand(pid), null);
});

Deno.test("a process whose first thread has ended is alive while others go on", async () => {
  await using running = proc.start("endFirstThread", []);
  equal(await running.nextLine(), "ending");
  const state = (): string => Deno.readTextFileSync(`/proc/${running.pid}/stat`).split(") ")[1]!.charAt(0);
  while (state() !== "Z") await new Promise((resolve) => setTimeout(resolve, 1));
  equal(listProcesses()!.find(({ pid }) => pid === running.pid)!.zombie, false);
});

/** Without what lets a root see into other users' processes, as Docker's is. */
const NOT_OF_OTHERS = "-sys_ptrace,-sys_admin,-perfmon";

for (
  const [whose, user] of [
    ["another user's", { uid: 1234, gid: 2345, groups: [] }],
    ["another user's with our group", { uid: 1234, gid: 0, groups: [] }],
    ["our own", { uid: 0, gid: 0, groups: [] }],
  ] as const
) {
  for (const bounding of ["+all", NOT_OF_OTHERS, `${NOT_OF_OTHERS},-dac_override,-dac_read_search`]) {
    Deno.test({
      name: `reads the mark of a program of ${whose}, as root with ${bounding}`,
      ignore: Deno.uid() !== 0,
      async fn() {
        const { result } = await proc.call("marks", [user, ["DENIT_TEST_MARK", "DENIT_TEST"]], {
          through: ["setpriv", "--clear-groups", "--bounding-set", bounding],
          env: { DENIT_TEST_MARK: "web=1" },
        });
        deepEqual(result, ["web=1", null]);
      },
    });
  }
}

Deno.test("knows its own children, dead or alive", async () => {
  const { result: { pids, children } } = await proc.call("children", []);
  if (children[0] === null) return deepEqual(children, [null, null, null]); // a kernel that does not tell
  deepEqual(children.map((list) => list!.toSorted((a, b) => a - b)), [[], pids, []]);
});

Deno.test("tells the limit of file locks of a process that has one", async () => {
  equal(readLocksLimit(Deno.pid), null);
  await using program = startProgram("/usr/bin/prlimit", "--locks=12345:", "sleep", "30");
  await until(() => readCommand(program.pid) === "sleep 30");
  equal(readLocksLimit(program.pid), 12345);
});

Deno.test("of what is gone there is no name, no command and no mark", async () => {
  const program = startProgram("true");
  await program[Symbol.asyncDispose]();
  equal(readProgram(program.pid), null);
  equal(readCommand(program.pid), null);
  equal(readVariableOf(program.pid, "PATH"), null);
});

Deno.test("the words that it was started with, as bytes", async () => {
  const { result } = await proc.call("ownWords", [], {
    through: ["perl", "-e", 'exec @ARGV, "", "\\xc3\\xbc b"'],
  });
  const words = result!.map((word) => new TextDecoder().decode(new Uint8Array(word)));
  deepEqual(words.slice(0, 2), [Deno.execPath(), "run"]);
  deepEqual(result!.slice(-2), [[], [0xc3, 0xbc, 0x20, 0x62]]);
});

Deno.test({
  name: "in a PID namespace it tells of that namespace alone",
  ignore: namespaces === null,
  async fn() {
    const { result } = await proc.call("look", [], { through: [...namespaces!, "--mount-proc"] });
    deepEqual(result, { ...result, pid: 1, own: { ...result.own, pid: 1 }, program: "deno", pids: [1] });
  },
});

Deno.test({
  name: "in a PID namespace that sees its parent's /proc it tells nothing, since ids would be others'",
  ignore: namespaces === null,
  async fn() {
    const { result } = await proc.call("look", [], { through: [...namespaces!] });
    deepEqual(result, { pid: 1, own: null, program: null, pids: null });
  },
});
