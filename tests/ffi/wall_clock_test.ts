import { closeDescriptor } from "../../ffi/pipe.ts";
import { PollSet } from "../../ffi/poll.ts";
import { makeWallClock, type WallClock } from "../../ffi/wall_clock.ts";
import { deepEqual, equal, ok } from "../assert.ts";
import { isInherited, isNonblocking, stepWallClock } from "./posix.ts";

const LONGEST_MS = 5000;

/** Whether the clock tells something within a time. */
function tells(clock: WallClock, withinMs: number): boolean {
  const poller = new PollSet();
  let told = false;
  poller.watch(clock.descriptor, "read", () => told = true);
  const until = performance.now() + withinMs;
  do poller.wait(Math.max(0, until - performance.now())); while (!told && performance.now() < until);
  return told;
}

function withClock(use: (clock: WallClock) => void): void {
  const clock = makeWallClock()!;
  try {
    use(clock);
  } finally {
    closeDescriptor(clock.descriptor);
  }
}

Deno.test("fires at its time, not before, and once", () => {
  withClock((clock) => {
    const at = Date.now() + 60;
    let early = 0;
    do {
      clock.set(at);
      equal(clock.take(), false);
      ok(tells(clock, LONGEST_MS));
      deepEqual([clock.take(), clock.take()], [true, false]);
    } while (Date.now() < at && ++early < 3); // others may set the clock of this machine
    ok(Date.now() >= at, `${Date.now() - at} ms`);
  });
});

for (
  const [what, at] of [
    ["before the epoch", -5],
    ["at the epoch", 0],
    ["a millisecond later", 1],
    ["yesterday", Date.now() - 86_400_000],
  ] as const
) {
  Deno.test(`fires at once where its time has been: ${what}`, () => {
    withClock((clock) => {
      clock.set(at);
      ok(tells(clock, LONGEST_MS));
      equal(clock.take(), true);
    });
  });
}

Deno.test("does not fire before it is set, nor when it is no longer", () => {
  withClock((clock) => {
    equal(tells(clock, 0), false);
    clock.set(1);
    clock.set(null);
    equal(tells(clock, 0), false);
    equal(clock.take(), false);
  });
});

Deno.test("the last time that was set holds, however far off", () => {
  withClock((clock) => {
    clock.set(1);
    clock.set(Date.UTC(2200, 0));
    equal(tells(clock, 0), false);
    clock.set(Date.now() + 1.5);
    ok(tells(clock, LONGEST_MS));
  });
});

Deno.test({
  name: "tells that somebody has set the clock",
  ignore: !stepWallClock(),
  fn() {
    withClock((clock) => {
      clock.set(Date.now() + 3_600_000);
      equal(tells(clock, 0), false);
      stepWallClock();
      ok(tells(clock, LONGEST_MS));
      deepEqual([clock.take(), clock.take()], [true, false]);
      stepWallClock();
      clock.set(Date.now() + 30); // what the kernel refuses with ECANCELED is set all the same
      ok(tells(clock, LONGEST_MS));
      equal(clock.take(), true);
    });
  },
});

Deno.test("no program inherits it, and nobody waits for it", () => {
  withClock(({ descriptor }) =>
    deepEqual([isInherited(descriptor), isNonblocking(descriptor)], [false, true])
  );
});
