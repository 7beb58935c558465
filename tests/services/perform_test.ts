import { sendSignal } from "../../ffi/process.ts";
import type { Note } from "../../src/core/model.ts";
import type { ServicesFact } from "../../src/core/services/model.ts";
import { describe } from "../../src/core/words.ts";
import { servicesPerformer, type ServicesSurroundings } from "../../src/services/perform.ts";
import { deepEqual } from "../assert.ts";
import { until } from "../e2e/support/until.ts";

Deno.test("find-leftovers: an error of denit's own is told once, and answered by what is left in process groups", async () => {
  const child = new Deno.Command("setsid", { args: ["sleep", "1000"] }).spawn();
  const lines: string[] = [];
  const facts: ServicesFact[] = [];
  const { perform } = servicesPerformer(
    {
      living: {
        has(): boolean {
          throw new RangeError("too many");
        },
      },
      log: { write: (level: string, note: Note) => void lines.push(`${level}: ${describe(note)}`) },
    } as unknown as ServicesSurroundings,
  );
  const nobody = child.pid + 1;
  const of = [{ service: "web", session: child.pid }, { service: "db", session: nobody }];
  try {
    await until(() => sendSignal(-child.pid, 0) === "sent", "the child to lead its group");
    for (let i = 0; i < 2; i++) {
      perform({ type: "find-leftovers", of }, (fact) => void facts.push(fact));
    }
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
  const found = new Map([["web", null], ["db", []]]);
  deepEqual(facts, facts.map(({ atMs }) => ({ type: "leftovers-found", found, atMs })));
  deepEqual(lines, [
    "warning: Cannot find all that services leave behind: RangeError: too many; " +
    "who is not in their process group runs on",
  ]);
});
