/** 32 MB of memory for all, denit among it. */

import { equal, ok } from "../../assert.ts";
import { pause } from "../support/until.ts";
import { lasting, sh, writeFile } from "../services/support.ts";
import { Cgroup, fromSource, inEachModeWith, noCgroup, runWhole, stops } from "./support.ts";

const MEGABYTE = 1024 * 1024;
/** From source Deno reads and compiles what the other forms have ready. */
const LIMIT = (fromSource ? 128 : 32) * MEGABYTE;
const LOUD_MS = 3000;

const noMemory = noCgroup("memory");

inEachModeWith(
  noMemory,
  `in ${LIMIT / MEGABYTE} MB: one program is cared for and ends as usual`,
  async (bench) => {
    await using group = limited();
    await runWhole(bench, { inside: group.words });
    equal(kills(group), 0);
  },
);

inEachModeWith(
  noMemory,
  `in ${LIMIT / MEGABYTE} MB: five loud services are cared for and end as usual`,
  async (bench) => {
    await using group = limited();
    const services = {
      loud: sh("exec yes 'a line that is not short, and not long either'", { scale: 5 }),
      other: lasting(),
    };
    const cwd = writeFile(bench, { services });
    const denit = bench.denit(["up"], {
      cwd,
      inside: [...group.words, "sh", "-c", 'exec "$@" > /dev/null', "sh"],
    });
    await denit.denitPid();
    await pause(LOUD_MS); // a time is what is measured here
    ok(!denit.over, denit.stderr.text);
    equal((await stops(bench, denit)).code, 0);
    equal(kills(group), 0);
  },
);

function limited(): Cgroup {
  const group = new Cgroup("memory");
  group.set(group.version === 1 ? "memory.limit_in_bytes" : "memory.max", LIMIT);
  return group;
}

/** How often the kernel has ended somebody for want of memory. */
function kills(group: Cgroup): number {
  const events = group.get(group.version === 1 ? "memory.oom_control" : "memory.events");
  return Number(/^oom_kill (\d+)$/m.exec(events)?.[1]);
}
