import { deepEqual, equal } from "../assert.ts";
import { fixture } from "../fixture.ts";
import type { ExecFixture } from "./exec_fixture.ts";

const exec = fixture<ExecFixture>(import.meta.resolve("./exec_fixture.ts"));

Deno.test("becomes the program, with its arguments and variables, and with the same process id", async () => {
  const script = 'echo "$$ $1 $LISTEN_PID $KEPT"';
  const words = ["sh", "-c", script, "sh", "a b"];
  await using running = exec.start("becomeProgram", [words, { LISTEN_PID: "12" }, [], []], {
    env: { LISTEN_PID: "1", KEPT: "kept" },
  });
  equal(await running.nextLine(), `${running.pid} a b 12 kept`);
  equal((await running.ended()).code, 0);
});

Deno.test("gives the program PIPE back, which the runtime ignores", async () => {
  const status = await statusOfProgram([], []);
  deepEqual({ pipe: status.ignored.includes(13), blocked: status.blocked }, { pipe: false, blocked: [] });
});

Deno.test("hands the signals on that are to be ignored and blocked, and no other mask", async () => {
  const { ignored, blocked } = await statusOfProgram([1, 34, 64], [2, 40]);
  deepEqual(ignored.filter((signal) => signal !== 32 && signal !== 33), [1, 34, 64]); // glibc keeps those two
  deepEqual(blocked, [2, 40]);
});

async function statusOfProgram(
  ignored: number[],
  blocked: number[],
): Promise<{ ignored: number[]; blocked: number[] }> {
  const block = `POSIX::sigprocmask(SIG_BLOCK, POSIX::SigSet->new(12)); exec @ARGV`; // not to be handed on
  await using running = exec.start("becomeProgram", [["cat", "/proc/self/status"], {}, ignored, blocked], {
    through: ["perl", "-MPOSIX", "-e", block],
  });
  const { output } = await running.ended();
  const set = (name: string): number[] => {
    const bits = BigInt(`0x${new RegExp(`^${name}:\\s*(\\w+)$`, "m").exec(output)![1]}`);
    return Array.from({ length: 64 }, (_, i) => i + 1).filter((signal) => bits >> BigInt(signal - 1) & 1n);
  };
  return { ignored: set("SigIgn"), blocked: set("SigBlk") };
}

Deno.test("tells in the system's words why it could not", async () => {
  const { result } = await exec.call("becomeProgram", [["no-such-command"], {}, [], []]);
  equal(result, "No such file or directory");
  const { result: folder } = await exec.call("becomeProgram", [["/"], {}, [], []]);
  equal(folder, "Permission denied");
});
