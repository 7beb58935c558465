/** Plays a schedule with denit as it is and processes that are real. */

import type { Part } from "../../../src/core/services/model.ts";
import { NAMES, SIGHUP } from "../../core/services/script.ts";
import type { Bench } from "../support/bench.ts";
import { kill } from "../support/processes.ts";
import { nsenter, REPOSITORY } from "../support/program.ts";
import { pause, until } from "../support/until.ts";
import { type FileOfServices, writeFile } from "../services/support.ts";
import { fatesOf, PROGRAMS, type Schedule } from "./schedule.ts";
import { type Story, storyOf } from "./story.ts";

const PARTS: readonly Part[] = ["main", "probe", "post_start", "pre_stop"];
const SIGTERM = 15;
/** What is no file of services. */
const WRONG = { services: 5 };

/** Plays it; returns what is told of it, once nothing of it is left. */
export async function playReal(bench: Bench, schedule: Schedule): Promise<Story> {
  const { script } = schedule;
  const folder = bench.folder();
  const write = (i: number): void => {
    const file = schedule.files[i % schedule.files.length] ?? WRONG;
    writeFile(bench, inFolder(file, folder), folder);
  };
  makePrograms(schedule, folder);
  write(0);
  const denit = bench.denit(["up", "--verbose", "--timeout", `${script.timeoutMs}ms`], { cwd: folder });
  const pid = await denit.denitPid();
  await until(
    () => /^denit: (?!warning: \.\/denit\.yaml:)/m.test(denit.stderr.text) || denit.stdout.text !== "",
    "denit to tell of its first service",
  );
  const startMs = performance.now();
  let reloads = 0;
  const events: [number, () => void][] = [
    ...[...script.signals, { atMs: script.stopAtMs, signal: SIGTERM }].map((
      { atMs, signal },
    ): [number, () => void] => [atMs, () => {
      if (signal === SIGHUP) write(++reloads);
      kill(pid, signal);
    }]),
    ...script.visitors.map(({ atMs }, i): [number, () => void] => [atMs, () => {
      bench.start([...nsenter(pid), `${folder}/any.visitor`, String(i + 1)]);
    }]),
  ];
  for (const [atMs, happen] of events.toSorted(([one], [other]) => one - other)) {
    await Promise.race([pause(startMs + atMs - performance.now()), denit.exited]);
    if (denit.over) break;
    happen();
  }
  const { code, stdout, stderr } = await denit.ended();
  await until(() => bench.left().length === 0, () => `nobody to be left: ${JSON.stringify(bench.left())}`);
  const lines = `${stdout}${stderr}`.matchAll(/^denit: (?:(info|warning|error): )?(.*)$/gm);
  const deeds = (await Deno.readTextFile(`${folder}/deeds`)).trimEnd();
  return storyOf({
    lines: Array.from(lines, ([, level, line]) => `${level}: ${line}`),
    deeds: deeds === "" ? [] : deeds.split("\n"),
    exitCode: code,
  }, script.files);
}

/** A program for each part of each service that it has to be, and what is to become of them. */
function makePrograms({ script }: Schedule, folder: string): void {
  Deno.copyFileSync(`${REPOSITORY}tests/e2e/programs/actor.pl`, `${folder}/actor.pl`);
  Deno.chmodSync(`${folder}/actor.pl`, 0o755);
  const all = new Map<string, unknown>([["any.visitor", script.visitors.map(({ fate }) => fate)]]);
  for (const name of NAMES) {
    for (const part of PARTS) all.set(`${name}.${part}`, fatesOf(script, name, part));
  }
  for (const [name, fates] of all) {
    const isThere = (fates as readonly { readonly starts: boolean }[])[0]?.starts;
    if (isThere) Deno.symlinkSync("actor.pl", `${folder}/${name}`);
  }
  Deno.writeTextFileSync(`${folder}/fates.pl`, perlOf(Object.fromEntries(all)));
  Deno.writeTextFileSync(`${folder}/deeds`, "");
}

function inFolder(file: FileOfServices, folder: string): string {
  return JSON.stringify(file).replaceAll(PROGRAMS, folder);
}

/** Data as Perl writes it; of texts there are only simple ones. */
function perlOf(data: unknown): string {
  const WORDS: Readonly<Record<string, string>> = { ":": "=>", true: "1", false: "0", null: "undef" };
  return JSON.stringify(data).replace(/"[^"]*"|:|true|false|null/g, (word) => WORDS[word] ?? word);
}
