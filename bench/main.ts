/**
 * Measures denit beside what people would use instead, in one run.
 *
 *     deno task bench [--only FIGURE,...] [--rounds N] [--json] [--svg FILE] [--denit EXECUTABLE]
 *
 * Needs root (namespaces, a memory control group), gcc, and from Debian's packages whoever is to be compared; who is
 * not there is left out, and that is told. Quote ratios of one run: milliseconds are this machine's alone.
 */

import { parseArgs } from "node:util";
import { chart } from "./chart.ts";
import { type Figure, measureAll, type Measured } from "./figure.ts";
import { BUNDLE, type Contender, DENIT, executable } from "./inits.ts";
import { manyServices } from "./many.ts";
import { oneCommand } from "./one.ts";
import { output } from "./output.ts";
import { resultsJson, resultsText, type Surroundings, verdictsText } from "./report.ts";
import { judge } from "./targets.ts";
import { runToEnd, Workshop } from "./workshop.ts";

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    rounds: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
    svg: { type: "string" },
    denit: { type: "string" },
  },
});

const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 1) fail("--rounds takes a whole number from 1 on");
if (Deno.uid() !== 0) fail("The bench needs root, for namespaces and a control group");
if (!exists(BUNDLE)) fail("There is no bundle to measure: run deno task bundle");

/** The start is quick to measure, and noisy. */
const QUICK_FOR_EACH = 6;

const denits = [DENIT, ...options.denit === undefined ? [] : [executable(Deno.realPathSync(options.denit))]];
const all = [
  ...oneCommand(denits, { quick: rounds * QUICK_FOR_EACH + 1, slow: rounds }),
  ...manyServices(denits, rounds),
  ...output(rounds),
];
const chosen = options.only === undefined ? all : options.only.split(",").map(figureNamed);
const missing = new Set<string>();
const figures = chosen.map((figure) => ({ ...figure, contenders: figure.contenders.filter(isThere) }));

const workshop = new Workshop();
const measured: Measured[] = [];
try {
  for (const figure of figures) measured.push(...await measureAll(figure, workshop, tell));
} finally {
  workshop.remove();
  tell("");
}

const verdicts = judge(measured, DENIT.name);
const around = surroundings();
if (options.svg !== undefined) Deno.writeTextFileSync(options.svg, chart(verdicts, around));
if (options.json) write(resultsJson(measured, verdicts, around));
else {
  const versions = Object.entries(around.versions).map(([name, version]) => `${name} ${version}`).join(", ");
  write(`${around.machine}\n${versions}\n${around.missing.map((line) => `${line}\n`).join("")}`);
  write(resultsText(measured, DENIT.name));
  write(verdictsText(verdicts));
}

function figureNamed(key: string): Figure {
  const known = all.map((figure) => figure.key);
  return all[known.indexOf(key)] ??
    fail(`--only takes ${known.join(", ")}; there is no ${JSON.stringify(key)}`);
}

function isThere({ name, needs }: Contender): boolean {
  const there = needs.includes("/") ? exists(needs) : pathOf(needs) !== null;
  if (!there) missing.add(`${name} is left out: there is no ${needs} here`);
  return there;
}

function pathOf(program: string): string | null {
  return (Deno.env.get("PATH") ?? "").split(":").map((folder) => `${folder}/${program}`).find(exists) ?? null;
}

/** What a number depends on. */
function surroundings(): Surroundings {
  const cpu = /^model name\s*: (.*)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1] ?? Deno.build.arch;
  const programs = new Set(figures.flatMap(({ contenders }) => contenders.map(({ needs }) => needs)));
  const versions: Record<string, string> = { Deno: Deno.version.deno };
  for (const program of programs) {
    const version = program.includes("/") ? null : packageVersion(program);
    if (version !== null) versions[program] = version;
  }
  return {
    machine: `${navigator.hardwareConcurrency} cores, ${cpu}, Linux ${Deno.osRelease()}`,
    versions,
    missing: [...missing],
  };
}

/** The version of the Debian package that a program is of; `null` where there is none. */
function packageVersion(program: string): string | null {
  try {
    const [name] = runToEnd(["dpkg-query", "--search", Deno.realPathSync(pathOf(program)!)]).split(":");
    return runToEnd(["dpkg-query", "--show", "--showformat", "${Version}", name!]);
  } catch {
    return null;
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

function tell(progress: string): void {
  if (!Deno.stderr.isTerminal()) return;
  Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${progress}`));
}

function write(text: string): void {
  const bytes = new TextEncoder().encode(`${text}\n`);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

function fail(message: string): never {
  Deno.stderr.writeSync(new TextEncoder().encode(`${message}\n`));
  Deno.exit(2);
}
