import { PATIENCE_MS } from "../../ffi/child.ts";
import { deepEqual, equal, ok } from "../assert.ts";
import { EMULATED, testOnKernel } from "../emulated.ts";
import { fixture } from "../fixture.ts";
import { tempFolder } from "../temp_folder.ts";
import type { ChildFixture } from "./child_fixture.ts";

const child = fixture<ChildFixture>(import.meta.resolve("./child_fixture.ts"));

const [EPERM, ENOENT, ESRCH, EBADF] = [1, 2, 3, 9] as const;
const EXITED_3 = { name: "exited", code: 3 } as const;

Deno.test("makes the calls one after the other, and then is the program", async () => {
  const { result: { outcome, ended } } = await child.call("run", [[{ call: "setsid", args: [] }]]);
  ok(outcome.name === "executed", JSON.stringify(outcome));
  deepEqual(outcome.errors, [0, 0]);
  deepEqual(ended, [{ pid: outcome.pid, status: EXITED_3 }]);
});

Deno.test("goes on with an error that it may go on with", async () => {
  const NOBODY = 2 ** 30;
  const { result: { outcome, ended } } = await child.call("run", [[
    { call: "setpriority", args: [0, NOBODY, 0] },
    { call: "setsid", args: [] },
  ]]);
  ok(outcome.name === "executed", JSON.stringify(outcome));
  deepEqual(outcome.errors, [ESRCH, 0, 0]);
  deepEqual(ended.map(({ status }) => status), [EXITED_3]);
});

Deno.test("makes no call behind one that failed, tells which that was, and leaves no child", async () => {
  const { result } = await child.call("run", [[
    { call: "setsid", args: [] },
    { call: "dup3", args: [1_000_000, 1, 0] },
    { call: "setsid", args: [] }, // it would fail with EPERM
  ]]);
  deepEqual(result, { outcome: { name: "failed", at: 1, errors: [0, EBADF, 0, 0] }, ended: [] });
  const { result: second } = await child.call("run", [[
    { call: "setsid", args: [] },
    { call: "setsid", args: [] },
  ]]);
  deepEqual(second, { outcome: { name: "failed", at: 1, errors: [0, EPERM, 0] }, ended: [] });
});

Deno.test("tells why a program was not executed, and leaves no child", async () => {
  const { result } = await child.call("missing", []);
  deepEqual(result, { outcome: { name: "failed", at: 0, errors: [ENOENT] }, left: "none" });
});

Deno.test("begins the next before the one before is waited for, and tells of each what has come of it", async () => {
  const { result: { outcomes, selves: [before, after], ended } } = await child.call("atOnce", []);
  const steps = Deno.uid() === 0 ? 1 : 0; // to become another user
  const none = new Array(steps).fill(0);
  const pids = outcomes.map((outcome) => "pid" in outcome ? outcome.pid : 0);
  deepEqual(outcomes, [
    { name: "executed", pid: pids[0], errors: [0] },
    { name: "failed", at: steps, errors: [...none, ENOENT] },
    { name: "executed", pid: pids[2], errors: [...none, 0] },
    { name: "executed", pid: pids[3], errors: [0] },
  ]);
  const expected = [pids[0]!, pids[2]!, pids[3]!].sort((a, b) => a - b);
  deepEqual(ended.map(({ pid }) => pid).sort((a, b) => a - b), expected);
  deepEqual(ended.map(({ status }) => status), [EXITED_3, EXITED_3, EXITED_3]);
  deepEqual(after, before);
});

testOnKernel(
  "starts a program also where no descriptor is left to wait by",
  "it makes nobody wait for who was started with CLONE_VFORK",
  async () => {
    const { result: { outcomes: [started, missing], ended } } = await child.call("withoutDescriptors", []);
    ok(started?.name === "executed", JSON.stringify(started));
    deepEqual(ended, [{ pid: started.pid, status: EXITED_3 }]);
    deepEqual(missing, { name: "failed", at: 1, errors: [0, ENOENT] });
  },
);

async function makeFifo(folder: string): Promise<string> {
  const path = `${folder}/fifo`;
  await new Deno.Command("mkfifo", { args: ["-m", "666", path] }).output();
  return path;
}

for (const uid of [null, ...Deno.uid() === 0 ? [1234] : []]) {
  const who = uid === null ? "" : ", as another user";
  Deno.test(`waits for a process that does not get on no longer than it may, starts others, and loses nothing${who}`, async () => {
    await using folder = await tempFolder();
    const fifo = await makeFifo(folder.path);
    await Deno.chmod(folder.path, 0o755);
    const { result: { tookMs, outcome, others, selves, ended } } = await child.call("late", [fifo, uid]);
    ok(tookMs >= PATIENCE_MS && tookMs < 20 * PATIENCE_MS, `${tookMs} ms`);
    ok(outcome.name === "late", JSON.stringify(outcome));
    deepEqual(others, ["executed", "failed"]);
    deepEqual(ended.find(({ pid }) => pid === outcome.pid)!.status, EXITED_3);
    const [before, during, after] = selves;
    equal(during!.descriptors, before!.descriptors + 1);
    deepEqual(after, before);
    // Nobody may read our memory as that of another user, and a core dump of one would end us; qemu-user makes a copy.
    if (!EMULATED) deepEqual([before!.dumpable, during!.dumpable], [1, 0]);
  });
}

Deno.test("waits for one that is slow as long as there is nothing else to do, and tells why it failed", async () => {
  await using folder = await tempFolder();
  const fifo = await makeFifo(folder.path);
  const { result: without } = await child.call("slow", [fifo, false]);
  deepEqual(without, { name: "failed", at: 1, errors: [0, ENOENT] });
  const { result: withNews } = await child.call("slow", [fifo, true]);
  equal(withNews.name, "late");
});

Deno.test("has many that do not get on not add up to a long wait", async () => {
  const COUNT = 40;
  await using folder = await tempFolder();
  const fifo = await makeFifo(folder.path);
  const { result: { tookMs, ended } } = await child.call("lateAll", [fifo, COUNT]);
  ok(tookMs < COUNT * PATIENCE_MS / 2, `${tookMs} ms`);
  deepEqual(ended.map(({ status }) => status), Array.from({ length: COUNT }, () => EXITED_3));
});
