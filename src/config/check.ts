/** Whether the services of a project go together: what needs more than one of them to be seen. */

import { parseDuration } from "../cli/duration.ts";
import type { Service } from "../core/services/project.ts";
import { circlesOf, dependenciesOf, type DependencyKey } from "./order.ts";
import { didYouMean, type Message, type Report } from "./problems.ts";
import type { Service as FileService } from "./schema.ts";
import { replicaNames } from "./service.ts";
import { type Defined, namesIn, reporterOf, type Source } from "./sources.ts";
import { placeOf, shown } from "./tree.ts";

type Services = ReadonlyMap<string, Defined<FileService>>;

/** No service may wait for itself, by way of others or not. */
export function checkCircles(services: Services, report: Report): void {
  const files = new Map([...services].map(([name, { value }]) => [name, value] as const));
  for (const circle of circlesOf(files)) {
    const [first = "", next = ""] = circle;
    const key = dependenciesOf(files.get(first)!).find(({ service }) => service === next)!;
    reportKey(services, first, key, `a circle: ${circleText(circle)}`, report);
  }
}

/** Of a long circle both ends, which are the same service. */
function circleText(circle: readonly string[]): string {
  const left = circle.length - 10;
  const names = left < 2 ? circle : [...circle.slice(0, 6), `(${left} more)`, ...circle.slice(-4)];
  return names.join(" -> ");
}

export interface Checked {
  readonly services: Services;
  /** The same services, with their defaults. */
  readonly made: ReadonlyMap<string, Service>;
  readonly sources: readonly Source[];
  /** Those that are run. */
  readonly names: ReadonlySet<string>;
  /** Those that no profile withholds. */
  readonly enabled: ReadonlySet<string>;
}

/** Who is waited for must be there and be able to come to what is waited for. */
export function checkDependencies(
  { services, made, sources, names, enabled }: Checked,
  report: Report,
): void {
  /** Also those that are not sound, and were reported for that. */
  const written = new Set(sources.flatMap(({ tree }) => namesIn(tree)));
  for (const [name, { value }] of services) {
    for (const key of dependenciesOf(value)) {
      const refuse = (message: Message): void => reportKey(services, name, key, message, report);
      const target = made.get(key.service);
      if (target === undefined) {
        if (written.has(key.service)) continue;
        const others = [...written].filter((each) => each !== name);
        refuse(() => `no service ${shown(key.service)} in the file${didYouMean(key.service, others)}`);
        continue;
      }
      if (target.schedule !== null) refuse(`${key.service} has a schedule: it is not run at the start`);
      if (key.condition === "service_healthy" && target.health === null) {
        refuse(`${key.service} has no healthcheck, so it never gets healthy`);
      }
      if (key.condition === "service_completed_successfully" && target.restart.when === "always") {
        refuse(`${key.service} is always restarted, so it never completes`);
      }
      if (names.has(name) && key.required && !enabled.has(key.service)) {
        const profiles = services.get(key.service)!.value.profiles!.join(", ");
        refuse(`${key.service} is off without one of its profiles (${profiles})`);
      }
    }
  }
}

/** Where the dependency stands: its key in a mapping, its name in a list. */
function reportKey(
  services: Services,
  name: string,
  { path }: DependencyKey,
  message: Message,
  report: Report,
): void {
  const here = ["services", name, ...path];
  report(placeOf(services.get(name)!.source.tree, here, "key"), here, message);
}

/** `web-1` may be a replica of `web` or a service, but not both. */
export function checkReplicas(services: Services, run: ReadonlySet<string>, report: Report): void {
  const owners = new Map<string, string>();
  for (const [name, { value, source }] of services) {
    if (!run.has(name)) continue;
    for (const replica of replicaNames(name, value)) {
      const owner = owners.get(replica);
      if (owner !== undefined) {
        reporterOf(report, source, ["services", name])([], `${replica} is one of ${owner} too`);
      }
      owners.set(replica, name);
    }
  }
}

/** The deadline of the shutdown is one for all: whoever has asked for more time than that does not get it. */
export function checkGracePeriods(
  services: Services,
  run: ReadonlySet<string>,
  timeoutMs: number,
  warn: Report,
): void {
  for (const [name, { value, source }] of services) {
    const { stop_grace_period: grace } = value;
    if (!run.has(name) || grace === undefined || parseDuration(grace)! <= timeoutMs) continue;
    const message = `${grace} is more than the ${
      timeoutMs / 1000
    }s of the whole shutdown, which ends by KILL`;
    reporterOf(warn, source, ["services", name])(
      ["stop_grace_period"],
      `${message}: raise --timeout, and what docker stop waits`,
    );
  }
}
