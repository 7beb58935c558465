/** Standard output and standard error that take nothing: closed, on a full disk, stuck, without a reader. */

import { inEachMode } from "../support/bench.ts";
import { program } from "../support/program.ts";
import { runWhole, serveWhole } from "./support.ts";

for (const kind of ["closed", "full", "stuck", "broken"]) {
  const outside = program("outputs", kind);
  inEachMode(`both streams ${kind}: one program is cared for and ends as usual`, async (bench) => {
    await runWhole(bench, { words: ["-vw"], outside });
  });

  for (const form of [[], ["--log-format", "json"], ["--no-log-prefix"]]) {
    const name = ["both streams", kind, ...form].join(" ");
    inEachMode(`${name}: services are cared for and end as usual`, async (bench) => {
      await serveWhole(bench, { words: ["-vw", ...form], outside, loud: true });
    });
  }
}
