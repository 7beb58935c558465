import { sendSignal } from "../../ffi/process.ts";
import { signalName } from "../../src/core/signals.ts";
import { deepEqual, equal, match, ok } from "../assert.ts";
import { EMULATED, testOnKernel } from "../emulated.ts";
import { fixture } from "../fixture.ts";
import type { SignalHandlerFixture } from "./signal_handler_fixture.ts";

const handler = fixture<SignalHandlerFixture>(import.meta.resolve("./signal_handler_fixture.ts"));

const FAULTS = [4, 5, 7, 8, 11, 31];
const FIRST_REAL_TIME = 34;
const REAL_TIME = Array.from({ length: 31 }, (_, i) => FIRST_REAL_TIME + i);
/** Some of them it keeps for itself, and then not each has a number of its own. */
const NOT_UNDER_QEMU = "it has other real-time signals";
/** All but KILL and STOP, and the two that glibc keeps for itself. */
const SIGNALS = Array.from({ length: EMULATED ? 31 : 64 }, (_, i) => i + 1).filter((signal) =>
  ![9, 19, 32, 33].includes(signal)
);
const [STOP, CONT] = [19, 18] as const;

Deno.test("each signal that somebody sends arrives, and again", async () => {
  await using running = handler.start("show", [SIGNALS]);
  equal(await running.nextLine(), "ready");
  for (const signal of [...SIGNALS, ...SIGNALS]) {
    send([signal], running.pid);
    equal(await running.nextLine(), String(signal));
  }
});

Deno.test("signals are counted until they are taken, and taken once, standard ones in the order in which they were named", async () => {
  const { result: { taken, then } } = await handler.call("sendSelf", [SIGNALS.toReversed(), 1]);
  const isStandard = (signal: number): boolean => signal < FIRST_REAL_TIME;
  deepEqual(taken.filter(isStandard), SIGNALS.toReversed().filter(isStandard));
  deepEqual(taken.toSorted((a, b) => a - b), SIGNALS);
  deepEqual(then, []);
});

testOnKernel(
  "real-time signals arrive as often as they were sent, however many come while nobody takes them",
  NOT_UNDER_QEMU,
  async () => {
    const EACH = 700; // 21,700 in all
    const { result } = await handler.call("sendSelf", [REAL_TIME, EACH]);
    deepEqual(
      REAL_TIME.map((signal) => result.taken.filter((other) => other === signal).length),
      REAL_TIME.map(() => EACH),
    );
  },
);

testOnKernel(
  "a storm of a real-time signal keeps no other waiting, nor who takes them: about 64 are taken in one go",
  NOT_UNDER_QEMU,
  async () => {
    const { result } = await handler.call("takes", [[40, 15], 1500]);
    ok(result[0]!.includes(15), JSON.stringify(result[0]));
    ok(result.every(({ length }) => length < 100), JSON.stringify(result.map(({ length }) => length)));
    deepEqual(result.flat().filter((signal) => signal === 40).length, 1500);
  },
);

for (const signal of FAULTS) {
  Deno.test(`signal ${signal} can be sent twice in a row: it is no fault, and one`, async () => {
    const { result } = await handler.call("sendSelf", [[signal], 2]);
    deepEqual(result.taken, [signal]);
  });
}

testOnKernel(
  "survives bursts of different signals from outside, and loses no real-time one",
  NOT_UNDER_QEMU,
  async () => {
    await using running = handler.start("show", [SIGNALS]);
    equal(await running.nextLine(), "ready");
    for (let round = 0; round < 20; round++) {
      send(REAL_TIME, running.pid);
      deepEqual(await nextSignals(running, REAL_TIME.length), REAL_TIME);
    }
  },
);

Deno.test("survives many signals that come at once, after it was stopped", async () => {
  await using running = handler.start("show", [SIGNALS]);
  equal(await running.nextLine(), "ready");
  // CONT takes pending stops back; and qemu does not survive faults in the handler of a fault.
  const left = [CONT, 20, 21, 22, ...EMULATED ? FAULTS : []];
  const others = SIGNALS.filter((signal) => !left.includes(signal));
  for (let round = 0; round < 5; round++) {
    send([STOP, ...others, CONT], running.pid);
    const expected = [...others, CONT].toSorted((a, b) => a - b);
    deepEqual(await nextSignals(running, expected.length), expected);
  }
});

Deno.test("waits for a signal, for room to write, or for its time, and not where there is something already", async () => {
  const { result } = await handler.call("waits", []);
  const { cameBefore, nothing, afterTake, room, noRoom } = result;
  const story = JSON.stringify(result);
  for (const waited of [nothing, afterTake, noRoom]) ok(waited >= 30, story);
  for (const waited of [cameBefore, room]) ok(waited < 10_000, story);
});

Deno.test("waits also for a time that is longer than poll(2) takes, and a signal ends the wait", async () => {
  await using running = handler.start("longWait", []);
  equal(await running.nextLine(), "ready");
  await running.untilAsleep();
  send([15], running.pid);
  equal(await running.nextLine(), "15");
});

Deno.test("signals that the kernel sends arrive too, again and again: only those of a fault can be one", async () => {
  const { result } = await handler.call("fromKernel", []);
  deepEqual(result, [[17], [17]]);
});

Deno.test("tells which signals were ignored before", async () => {
  const ignore = `sigaction($_, POSIX::SigAction->new("IGNORE")) for 64, 1, 11, 17; exec @ARGV`;
  const through = ["perl", "-MPOSIX", "-e", ignore];
  const { result } = await handler.call("ignored", [[2, 1, 11, 17, 34, 64]], { through });
  deepEqual(result, [1, 11, 17, 64]);
});

Deno.test("catches a signal again that was ignored for a while", async () => {
  const { result } = await handler.call("ignoredForAWhile", []);
  deepEqual(result, [1]);
});

Deno.test("does not touch the error number of what it interrupts", async () => {
  const EBADF = 9;
  const { result } = await handler.call("errnoSurvives", []);
  equal(result, EBADF);
});

Deno.test("a fault of our own still ends the process, also after such a signal was sent", async () => {
  await using running = handler.start("fault", [], { through: NO_CORE });
  equal(await running.nextLine(), "took 11");
  const { signal, output } = await running.ended();
  equal(signal, "SIGSEGV");
  equal(output, "");
});

for (const signal of FAULTS) {
  testOnKernel(
    `signal ${signal} of a fault ends the process when it recurs`,
    "it makes such signals itself",
    async () => {
      await using running = handler.start("faultTwice", [signal], { through: NO_CORE });
      equal(await running.nextLine(), "took 0");
      const ended = await running.ended();
      deepEqual([ended.signal, ended.output], [signalName(signal), ""]);
    },
  );
}

Deno.test("tells whether one of some signals has come and was not taken, and takes none", async () => {
  const { result } = await handler.call("has", []);
  deepEqual(result, [[false, false, false, false], [false, false, true, true], [false, false, false, false]]);
});

/** Words in front of a command that shall leave no core file. */
const NO_CORE = ["sh", "-c", 'ulimit -c 0; exec "$@"', "sh"];

Deno.test("no descriptor of the handler's is inherited", async () => {
  const { result } = await handler.call("inherited", []);
  deepEqual(result, []);
});

Deno.test("the handler's page may be executed and not be written, and its counters the other way round", async () => {
  await using running = handler.start("show", [SIGNALS]);
  equal(await running.nextLine(), "ready");
  const maps = await Deno.readTextFile(`/proc/${running.pid}/maps`);
  match(maps, /^[0-9a-f]+-([0-9a-f]+) r-xp 00000000 00:00 0 *\n\1-[0-9a-f]+ rw-p 00000000 00:00 0/m);
});

/** Sends the signals one straight after the other. */
function send(signals: readonly number[], pid: number): void {
  for (const signal of signals) equal(sendSignal(pid, signal), "sent");
}

/** The next so many signals that a fixture shows, sorted. */
async function nextSignals(running: { nextLine(): Promise<string> }, count: number): Promise<number[]> {
  const arrived: number[] = [];
  while (arrived.length < count) arrived.push(Number(await running.nextLine()));
  return arrived.toSorted((a, b) => a - b);
}
