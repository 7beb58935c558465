import { deepEqual, equal } from "../assert.ts";
import { fixture } from "../fixture.ts";
import type { DispositionFixture } from "./disposition_fixture.ts";

const dispositions = fixture<DispositionFixture>(import.meta.resolve("./disposition_fixture.ts"));

Deno.test("nothing is ignored where the caller ignored nothing", async () => {
  const { result } = await dispositions.call("ignoredSignals", []);
  deepEqual(result, []);
});

Deno.test("knows what the caller ignored, as under nohup, real-time signals too", async () => {
  const ignore = `sigaction($_, POSIX::SigAction->new("IGNORE")) for 1, 10, 17, 34, 64; exec @ARGV`;
  const { result } = await dispositions.call("ignoredSignals", [], {
    through: ["perl", "-MPOSIX", "-e", ignore],
  });
  deepEqual(result, [1, 10, 17, 34, 64]);
});

Deno.test("ignores a signal, makes it default, and puts back what was in force", async () => {
  const { result } = await dispositions.call("ignoreAndRestore", []);
  deepEqual(result, [[12, 64], [64], [12, 64], [64]]);
});

Deno.test("puts a listener of the runtime back as it was", async () => {
  const { result } = await dispositions.call("listenerAfterIgnoring", []);
  equal(result, true);
});

Deno.test("a signal that is default again ends the process", async () => {
  await using running = dispositions.start("endByDefault", []);
  equal(await running.nextLine(), "still here");
  equal((await running.ended()).signal, "SIGUSR2");
});

Deno.test("blocks exactly these signals on the main thread, and none on the others", async () => {
  const { result } = await dispositions.call("blocked", []);
  deepEqual(result, { main: [13, 22, 64], others: [], then: [13] });
});

Deno.test("knows what the caller had blocked", async () => {
  const block = `POSIX::sigprocmask(SIG_BLOCK, POSIX::SigSet->new(1, 12, 40)); exec @ARGV`;
  const { result } = await dispositions.call("blockedSignals", [], {
    through: ["perl", "-MPOSIX", "-e", block],
  });
  deepEqual(result, [1, 12, 40]);
  const { result: none } = await dispositions.call("blockedSignals", []);
  deepEqual(none, []);
});

Deno.test("hears nothing of its own output to a closed pipe, but of what others send meanwhile", async () => {
  const { result } = await dispositions.call("outputSignals", []);
  deepEqual(result, {
    plain: [13],
    during: [2],
    without: [],
    blockedDuring: [13, 22, 25, 64],
    blockedAfter: [64],
    result: "the result",
  });
});

Deno.test("hears signals again also where what it did has thrown", async () => {
  const { result } = await dispositions.call("thrownThrough", []);
  deepEqual(result, { message: "Error: no", blocked: [] });
});

Deno.test("a handler runs with every signal blocked that can be", async () => {
  const { result } = await dispositions.call("handlerMask", []);
  equal(result, (2n ** 64n - 1n & ~(1n << 8n) & ~(1n << 18n)).toString(16)); // KILL and STOP cannot
});
