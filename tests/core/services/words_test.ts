import type { Remaining } from "../../../src/core/model.ts";
import { describeServiceNote } from "../../../src/core/services/words.ts";
import { equal } from "../../assert.ts";
import { process } from "../play.ts";

for (
  const [count, shown] of [
    [1, "30"],
    [5, "30, 31, 32, 33, 34"],
    [6, "30, 31, 32, 33, 34 and 1 more"],
    [1000, "30, 31, 32, 33, 34 and 995 more"],
  ] as const
) {
  Deno.test(`of ${count} that were left behind five at most are named`, () => {
    const processes: Remaining[] = Array.from({ length: count }, (_, i) => process(30 + i));
    equal(
      describeServiceNote({ type: "leftovers-asked", service: "web", processes }),
      `web has ended and left ${shown} behind: sent SIGTERM`,
    );
  });
}

Deno.test("only who was told as unhealthy is healthy again", () => {
  equal(describeServiceNote({ type: "healthy", service: "web", again: false }), "web is healthy");
  equal(describeServiceNote({ type: "healthy", service: "web", again: true }), "web is healthy again");
});

Deno.test("failures in a row are counted from two on", () => {
  const note = { type: "unhealthy", service: "web", failure: "answered 500" } as const;
  equal(describeServiceNote({ ...note, failures: 1 }), "web is unhealthy: answered 500");
  equal(
    describeServiceNote({ ...note, failures: 2 }),
    "web is unhealthy: answered 500 (2 failures in a row)",
  );
});
