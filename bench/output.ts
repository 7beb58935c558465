/** The figures of what a service writes, on its way through an init. */

import type { Figure, Metric } from "./figure.ts";
import { type Contender, DENIT, supervisord, TO_STDOUT } from "./inits.ts";
import type { Workshop } from "./workshop.ts";

const LINE = 100;
const LINES = 5_000_000;
/** Of those that are written one by one, which takes longer for all. */
const SINGLE_LINES = 1_000_000;
const BLOCK = 4096;
const ROTATED_AT = 10_000_000;

/** denit with a file of its own making. */
function denitWith(name: string, keys: object, ...options: string[]): Contender {
  return {
    ...DENIT,
    name,
    command(commands, folder): readonly string[] {
      const path = `${folder}/denit.yaml`;
      const services = { writer: { command: commands[0]!, essential: true, ...keys } };
      Deno.writeTextFileSync(path, JSON.stringify({ services }));
      const program = DENIT.command([[]], folder).slice(0, -1);
      return [...program, "up", "-f", path, "--log-folder", `${folder}/logs`, ...options];
    },
  };
}

/** A program that reads a pipe; a shell makes the pipe. */
function piped(name: string, needs: string, words: (folder: string) => string): Contender {
  return {
    name,
    needs,
    lacks: [],
    stop: "SIGKILL",
    command: ([command], folder) => ["sh", "-c", `${command!.join(" ")} | ${words(folder)}`],
  };
}

function svlogd(folder: string): string {
  Deno.mkdirSync(`${folder}/logs`);
  Deno.writeTextFileSync(`${folder}/logs/config`, `s${ROTATED_AT}\nn4\n`);
  return `svlogd ${folder}/logs`;
}

const CAT = piped("cat", "cat", () => "cat");
const PREFIX = denitWith("denit, with prefix", {});
const SUPERVISORD = supervisord(TO_STDOUT);
const S6_LOG = piped("s6-log", "s6-log", () => "s6-log 1");

const TO_PIPE: readonly Contender[] = [
  PREFIX,
  denitWith("denit, as JSON", {}, "--log-format", "json"),
  denitWith("denit, passed on untouched", {}, "--no-log-prefix"),
  CAT,
  SUPERVISORD,
  S6_LOG,
];

const options = { "max-size": "10m", "max-file": "4" };
const TO_FILES: readonly Contender[] = [
  denitWith("denit, local", { logging: { driver: "local", options } }),
  denitWith("denit, json-file", { logging: { driver: "json-file", options } }),
  {
    ...supervisord(""),
    command: (commands, folder) =>
      supervisord(
        `stdout_logfile=${folder}/log\nstdout_logfile_maxbytes=${ROTATED_AT}\nstdout_logfile_backups=3\n`,
      ).command(commands, folder),
  },
  piped("s6-log", "s6-log", (folder) => `s6-log n4 s${ROTATED_AT} ${folder}/logs`),
  piped("svlogd", "svlogd", svlogd),
];

export function output(rounds: number): Figure[] {
  return [
    figure("output", "4 KiB writes of 100-byte lines", TO_PIPE, rounds, LINES, BLOCK),
    figure(
      "single lines",
      "one write for each line",
      [PREFIX, CAT, SUPERVISORD, S6_LOG],
      rounds,
      SINGLE_LINES,
      LINE,
    ),
    figure("files", "4 KiB writes, to rotating files", TO_FILES, rounds, LINES, BLOCK),
  ];
}

function figure(
  key: string,
  title: string,
  contenders: readonly Contender[],
  rounds: number,
  lines: number,
  size: number,
): Figure {
  const rate: Metric = { key: `${key} rate`, title: `output, ${title}`, unit: "MB/s", better: "more" };
  const cpu: Metric = { key: `${key} CPU`, title: `the same: CPU for each MB`, unit: "us", better: "less" };
  return {
    key,
    metrics: [rate, cpu],
    contenders,
    rounds,
    measure: (workshop, contender) => measure(workshop, contender, lines, size, [rate.key, cpu.key]),
  };
}

async function measure(
  workshop: Workshop,
  contender: Contender,
  lines: number,
  size: number,
  [rate, cpu]: readonly [string, string],
): Promise<Record<string, number>> {
  await using run = workshop.start(contender, ["lines", lines, size], { output: ["drain"] });
  await run.until("all to be written", () => run.stamps.get("cpuChild") > 0);
  if (contender.lacks.includes("ends with it")) await run.stop();
  else await run.end();
  const megabytes = lines * LINE / 1e6;
  return {
    [rate]: megabytes / run.stamps.ms("begin", "end") * 1000,
    [cpu]: (run.stamps.get("cpuAll") - run.stamps.get("cpuChild")) / 1000 / megabytes,
  };
}
