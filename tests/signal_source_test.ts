import { sendSignal } from "../ffi/process.ts";
import { deepEqual, equal } from "./assert.ts";
import { fixture } from "./fixture.ts";
import type { SignalSourceFixture } from "./signal_source_fixture.ts";

const source = fixture<SignalSourceFixture>(import.meta.resolve("./signal_source_fixture.ts"));

/** All but KILL and STOP, which nobody can catch, and the two that glibc keeps for itself. */
const SIGNALS = Array.from({ length: 64 }, (_, i) => i + 1).filter((signal) =>
  ![9, 19, 32, 33].includes(signal)
);

Deno.test("every signal that can be caught is delivered, once each time that it is sent", async () => {
  await using running = source.start("show", []);
  deepEqual(JSON.parse(await running.nextLine()), { ignored: [], blocked: [] });
  for (const signal of [...SIGNALS, ...SIGNALS]) {
    send([signal], running.pid);
    equal(await running.nextLine(), String(signal));
  }
});

Deno.test("survives all signals at once", async () => {
  await using running = source.start("show", []);
  await running.nextLine();
  const SIGTERM = 15;
  const [STOP, CONT] = [19, 18];
  const others = SIGNALS.filter((signal) => ![SIGTERM, 20, 21, 22].includes(signal)); // CONT takes pending stops back
  for (let round = 0; round < 5; round++) {
    send([STOP, ...others, CONT], running.pid);
    const missing = new Set(others.map(String));
    while (missing.size > 0) missing.delete(await running.nextLine());
  }
});

Deno.test("tells what the caller had ignored, but PIPE, which the runtime ignores, and CHLD, which would hide how main ended", async () => {
  const ignore = `sigaction($_, POSIX::SigAction->new("IGNORE")) for 64, 20, 17, 13, 2; exec @ARGV`;
  await using running = source.start("show", [], { through: ["perl", "-MPOSIX", "-e", ignore] });
  deepEqual(sorted(JSON.parse(await running.nextLine())), { ignored: [2, 20, 64], blocked: [] });
});

Deno.test("tells what the caller had blocked, without its own, and hears it all the same", async () => {
  const block = `POSIX::sigprocmask(SIG_BLOCK, POSIX::SigSet->new(1, 40)); exec @ARGV`;
  await using running = source.start("show", [], { through: ["perl", "-MPOSIX", "-e", block] });
  deepEqual(JSON.parse(await running.nextLine()), { ignored: [], blocked: [1, 40] });
  for (const signal of [40, 1]) {
    send([signal], running.pid);
    equal(await running.nextLine(), String(signal));
  }
});

Deno.test("real-time signals that come while it begins are none that the caller had blocked", async () => {
  const flood = `sigaction(40, POSIX::SigAction->new("IGNORE")); my $us = $$; my $end = time + 2; ` +
    `unless (fork) { 1 while kill(40, $us) && getppid == $us && time < $end; exit } exec @ARGV`;
  for (let i = 0; i < 3; i++) {
    await using running = source.start("show", [], { through: ["perl", "-MPOSIX", "-e", flood] });
    deepEqual(JSON.parse(await running.nextLine()), { ignored: [40], blocked: [] });
  }
});

function sorted({ ignored, blocked }: { ignored: number[]; blocked: number[] }): unknown {
  return { ignored: ignored.toSorted((a, b) => a - b), blocked };
}

Deno.test("does not deliver a PIPE of denit's own making", async () => {
  const { result } = await source.call("ownPipe", []);
  deepEqual(result, [1]);
});

/** Sends the signals one straight after the other. */
function send(signals: readonly number[], pid: number): void {
  for (const signal of signals) equal(sendSignal(pid, signal), "sent");
}
