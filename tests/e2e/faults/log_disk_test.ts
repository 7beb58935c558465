/** A disk for logs that becomes full. */

import { equal, match, ok } from "../../assert.ts";
import type { Running } from "../support/bench.ts";
import { nsenter } from "../support/program.ts";
import { until } from "../support/until.ts";
import { sh, writeFile } from "../services/support.ts";
import { inEachModeMounted, mounted, stops } from "./support.ts";

for (const driver of ["json-file", "local"]) {
  inEachModeMounted(
    `${driver} on a full disk: told once, services go on, and then it is written again`,
    async (bench) => {
      const logging = { driver, options: { "max-size": "1m" } };
      const flood =
        'i=0; while [ $i -lt 4000 ]; do i=$((i + 1)); echo "a line of some length that fills the disk $i"; done';
      const script =
        `${flood}; : > $1-full; until test -e go; do sleep 0.02; done; echo kept; exec sleep 1000`;
      const loud = (name: string): ReturnType<typeof sh> => sh(script.replaceAll("$1", name), { logging });
      const cwd = writeFile(bench, {
        services: { web: loud("web"), db: loud("db"), plain: sh("echo plain; exec sleep 1000") },
      });
      await Deno.mkdir(`${cwd}/logs`);
      const inside = mounted(`mount -t tmpfs -o size=64k none ${cwd}/logs`);
      const denit = bench.denit(["up", "--log-folder", `${cwd}/logs`], { cwd, inside });
      for (const name of ["web", "db"]) await bench.file(`${cwd}/${name}-full`);
      for (const name of ["web", "db"]) await denit.stderr.shows(new RegExp(lostLine(name), "m"));
      await denit.stdout.shows(/^plain +\| plain$/);
      await within(denit, `mount -o remount,size=10m ${cwd}/logs`);
      await Deno.writeTextFile(`${cwd}/go`, "");
      for (const name of ["web", "db"]) {
        const [, lost] = await denit.stderr.shows(
          new RegExp(`Writing to .*/${name}.log again: (\\d+) lines of ${name} were lost$`),
        );
        ok(Number(lost) > 0 && Number(lost) <= 4000, lost);
        await until(
          async () =>
            /^(kept|\{"log":"kept\\n".*\})\n$/.test(await within(denit, `tail -n 1 ${cwd}/logs/${name}.log`)),
          "kept to be written",
        );
        const cut = await within(
          denit,
          `grep -cvE '^(kept|a line .* [0-9]+|\\{"log":.*\\})$' ${cwd}/logs/${name}.log || true`,
        );
        ok(Number(cut) <= 1, `${cut} lines are cut`);
      }
      const { code, stderr } = await stops(bench, denit);
      equal(code, 0);
      for (const name of ["web", "db"]) equal(stderr.match(new RegExp(lostLine(name), "gm"))?.length, 1);
      match(stderr, /^(denit: warning: (Cannot write to|Writing to) .*\n){4}(Terminated\n)*$/);
    },
  );
}

function lostLine(name: string): string {
  return `^denit: warning: Cannot write to .*/${name}\\.log: no space left on device; lines of ${name} are lost$`;
}

/** Runs a script of sh in denit's mount namespace; what it prints. */
async function within(denit: Running, script: string): Promise<string> {
  const [command, ...words] = nsenter(await denit.denitPid(), ["--mount"]);
  const { success, stdout, stderr } = await new Deno.Command(command!, {
    args: [...words, "sh", "-c", script],
  }).output();
  ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
