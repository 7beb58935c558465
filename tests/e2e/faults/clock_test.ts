/** The clock of the machine, set forward and back by an hour: all of denit's times but those of jobs are by another. */

import { deepEqual, equal, match } from "../../assert.ts";
import { type Bench, inEachMode, type Running } from "../support/bench.ts";
import { MODES, program } from "../support/program.ts";
import { until } from "../support/until.ts";
import { perl, sh, writeFile } from "../services/support.ts";
import { endsInTime, SIGTERM } from "./support.ts";

const HOUR_S = 3600;

/** There is no other clock to be had: a time namespace has none of its own, and whoever works here wants his. */
const whyNot = Deno.env.get("DENIT_SET_CLOCK") !== "1"
  ? "sets this machine's clock: only with DENIT_SET_CLOCK=1"
  : maySetClock()
  ? null
  : "this machine's clock may not be set";

const test: typeof inEachMode = whyNot === null ? inEachMode : (name) =>
  MODES.forEach((mode) => {
    Deno.test({
      name: `as ${mode}: ${name} (${whyNot})`,
      ignore: true,
      fn() {},
    });
  });

test("services: back-off and grace do not feel it, and a job is due once", async (bench) => {
  const cwd = writeFile(bench, {
    services: {
      failing: sh("echo >> runs; exit 3", { restart: "always" }),
      stubborn: perl("stubborn", ["1"], { stop_grace_period: "1s" }),
      hourly: sh("echo it is time", { schedule: "0 * * * *" }),
    },
  });
  const runs = (): number => Deno.readTextFileSync(`${cwd}/runs`).length;
  const denit = bench.denit(["up"], { cwd });
  await denit.stdout.shows(/^stubborn +\| ready/);
  await bench.file(`${cwd}/runs`);

  const clock = await setForward(bench);
  await denit.stdout.shows(/^hourly +\| it is time$/);
  const before = runs();
  await until(() => runs() > before, "another run while it is an hour later");
  await setBack(clock);
  const then = runs();
  await until(() => runs() > then, "another run while it is an hour sooner");

  const again = await setForward(bench);
  await denit.signal(SIGTERM);
  await setBack(again);
  const { code, stdout, stderr } = await endsInTime(bench, denit);
  equal(code, 0);
  match(stderr, /^denit: warning: killed stubborn .* 1(\.\d)?s after SIGTERM$/m);
  deepEqual(stdout.match(/^hourly .*/gm)?.slice(2), [], "twice set forward, twice due at most");
});

test("one program: its times do not feel it", async (bench) => {
  const denit = bench.denit(["--kill-after", "1s", "--", ...program("stubborn", "1")]);
  await denit.stdout.shows(/^ready/);
  const clock = await setForward(bench);
  await denit.signal(SIGTERM);
  await setBack(clock);
  const { code, stderr } = await endsInTime(bench, denit);
  equal(code, 128 + 9);
  match(stderr, /1(\.\d)?s after SIGTERM/);
});

function maySetClock(): boolean {
  const [command, ...args] = program("clock", "0");
  return new Deno.Command(command!, { args, stdin: "null" }).outputSync().success;
}

async function setForward(bench: Bench): Promise<Running> {
  const clock = bench.start(program("clock", `${HOUR_S}`), { input: true });
  await clock.stdout.shows(/^set$/);
  return clock;
}

async function setBack(clock: Running): Promise<void> {
  await clock.closeInput();
  equal((await clock.ended()).stdout, "set\nback\n");
}
