import { deepEqual, ok } from "../assert.ts";
import { testOnKernel } from "../emulated.ts";
import { fixture } from "../fixture.ts";
import type { MemoryFixture } from "./memory_fixture.ts";

const memory = fixture<MemoryFixture>(import.meta.resolve("./memory_fixture.ts"));

testOnKernel(
  "what the stack once needed is given back, and had again",
  "its figures of memory are its own",
  async () => {
    const CALLS = 5000;
    const { result: { used, given, again, came } } = await memory.call("stack", [CALLS]);
    deepEqual(came, [CALLS, CALLS]);
    ok(used > 400, `${used} KiB`);
    ok(given < used - 200 && given < 300, `${used} KiB, then ${given}`);
    ok(again > given + 50, `${given} KiB, then ${again}`);
  },
);
