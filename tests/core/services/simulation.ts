/** Plays a script: the heart of a run of services in a small world, watched by the rules. */

import fc from "fast-check";
import type { ServicesFact, ServicesOrder, ServicesPolicy } from "../../../src/core/services/model.ts";
import { beginServices, reduceServices } from "../../../src/core/services/reduce.ts";
import { POLICY, showOrder } from "./play.ts";
import { Rules } from "./rules.ts";
import { type Script, script } from "./script.ts";
import { World } from "./world.ts";

/** More facts than any of these runs has: whoever needs them turns in a circle. */
const FACTS_AT_MOST = 20_000;

/** Plays one script to its end; throws the rule that was broken, with the story up to there. */
export function simulate(script: Script): void {
  const story: string[] = [];
  try {
    play(script, new World(script), (line) => void story.push(line));
  } catch (error) {
    const SHOWN = 120;
    const shown = story.length > SHOWN ? ["...", ...story.slice(-SHOWN)] : story;
    throw new Error(`${(error as Error).message}\n${shown.join("\n")}`, { cause: error });
  }
}

/** Plays one script to its end in this world; throws the rule that was broken. */
export function play(
  script: Script,
  world: World,
  tell: (line: string) => void,
  hear: (order: ServicesOrder) => void = () => {},
): void {
  const { files: [project], role, timeoutMs } = script;
  const rules = new Rules(world, project.services, timeoutMs);
  const policy: ServicesPolicy = { ...POLICY, role, timeoutMs };
  let [state, orders] = beginServices(policy, project, world.nowMs);
  const facts: ServicesFact[] = [];
  for (let count = 0; count < FACTS_AT_MOST; count++) {
    for (const order of orders) {
      tell(`${world.nowMs}:   ${showOrder(order)}`);
      hear(order);
      rules.order(order);
      facts.push(...world.perform(order));
    }
    if (rules.hasExited) return;
    if (facts.length === 0) {
      rules.quiet();
      const next = world.nextFacts();
      if (next === null) throw new Error("Broken rule: denit exits");
      facts.push(...next);
    }
    const fact = facts.shift()!;
    tell(`${world.nowMs}: ${showFact(fact)}`);
    rules.fact(fact);
    [state, orders] = reduceServices(state, fact);
  }
  throw new Error("Broken rule: nothing turns in a circle");
}

function showFact({ atMs: _, ...fact }: ServicesFact): string {
  if (fact.type === "reloaded") return `reloaded ${fact.project.services.map(({ name }) => name).join(" ")}`;
  if (fact.type !== "leftovers-found") return JSON.stringify(fact);
  const found = [...fact.found].map(([name, all]) =>
    `${name}: [${all?.map(({ pid }) => pid).join(" ") ?? "in its group"}]`
  );
  return `leftovers-found ${found.join(" ")}`;
}

/** Plays so many random scripts; throws the smallest that breaks a rule, with what plays it again. */
export function simulateMany(runs: number, seed: number): void {
  fc.assert(fc.property(script, simulate), { numRuns: runs, seed });
}
