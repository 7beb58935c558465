import { equal } from "../assert.ts";
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
  await using running = exec.start("becomeProgram", [["cat", "/proc/self/status"], {}, [], []]);
  const { output } = await running.ended();
  const SIGPIPE = 13n;
  equal(BigInt(`0x${/^SigIgn:\s*(\w+)$/m.exec(output)![1]}`) >> (SIGPIPE - 1n) & 1n, 0n);
});

Deno.test("tells in the system's words why it could not", async () => {
  const { result } = await exec.call("becomeProgram", [["no-such-command"], {}, [], []]);
  equal(result, "No such file or directory");
  const { result: folder } = await exec.call("becomeProgram", [["/"], {}, [], []]);
  equal(folder, "Permission denied");
});
