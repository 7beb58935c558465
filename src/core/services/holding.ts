/**
 * How long a service that is to end may hold up those that it depends on, once all is shut down.
 *
 * They are asked to end when it has ended. Whoever is deaf must not use up their time, so a third of all the time is
 * kept for them: an equal part for each step of the longest chain, but for no service more than its own grace.
 */

import type { ServiceState } from "./model.ts";
import type { Service } from "./project.ts";

/** Until when each service that runs may hold others up. */
export function holdingTimes(
  services: ReadonlyMap<string, ServiceState>,
  deadlineMs: number,
  timeoutMs: number,
): Map<string, number> {
  const names = [...services.values()].filter(isRunning).map(({ service }) => service.name);
  const steps = longestChain(services, () => 1);
  const partMs = timeoutMs / 3 / Math.max(...names.map(steps), 1);
  const keptMs = longestChain(services, ({ stopGraceMs }) => Math.min(stopGraceMs, partMs));
  return new Map(names.map((name) => [name, deadlineMs - keptMs(name)]));
}

/** Whether there is, or is about to be, something of it that has to end. */
export function isRunning({ phase }: Pick<ServiceState, "phase">): boolean {
  return isToBeAsked({ phase }) || phase.name === "stopping" || phase.name === "clearing";
}

/** Makes the function that adds up what the services below one weigh, on the heaviest way down. */
function longestChain(
  services: ReadonlyMap<string, ServiceState>,
  weightOf: (service: Service) => number,
): (name: string) => number {
  const known = new Map<string, number>();
  return function below(name: string): number {
    const before = known.get(name);
    if (before !== undefined) return before;
    let longest = 0;
    known.set(name, longest); // a circle, which services of different versions of the file can make, ends here
    for (const on of services.get(name)?.service.dependsOn ?? []) {
      const dependency = services.get(on.service);
      if (dependency === undefined || !isToBeAsked(dependency)) continue;
      longest = Math.max(longest, weightOf(dependency.service) + below(on.service));
    }
    known.set(name, longest);
    return longest;
  };
}

function isToBeAsked({ phase }: Pick<ServiceState, "phase">): boolean {
  return phase.name === "up" || phase.name === "starting";
}
