/** Which services are run, and whether they can wait for each other as they say. */

import { didYouMean } from "./problems.ts";
import type { Service as FileService } from "./schema.ts";
import type { Path } from "./tree.ts";

/** One line of `depends_on`, in the one form that holds all. */
export interface DependencyKey {
  readonly service: string;
  readonly condition: "service_started" | "service_healthy" | "service_completed_successfully";
  readonly required: boolean;
  readonly restart: boolean;
  /** Where it stands in its service. */
  readonly path: Path;
}

/** A list is a mapping in which each has only to be started. */
export function dependenciesOf(service: FileService): readonly DependencyKey[] {
  const { depends_on: dependsOn = [] } = service;
  if (Array.isArray(dependsOn)) {
    return (dependsOn as readonly string[]).map((name, i) => ({
      service: name,
      condition: "service_started",
      required: true,
      restart: false,
      path: ["depends_on", i],
    }));
  }
  return Object.entries(dependsOn as Exclude<typeof dependsOn, string[]>).map(([name, key]) => ({
    service: name,
    condition: key.condition,
    required: key.required ?? true,
    restart: String(key.restart) === "true",
    path: ["depends_on", name],
  }));
}

/** What was asked for on the command line. */
export interface Selection {
  readonly select: readonly string[];
  readonly profiles: readonly string[];
}

/** All profiles, as in Compose. */
const ALL = "*";

/** The services that are run, and words of the command line that are no service or no one's profile. */
export function selectServices(
  services: ReadonlyMap<string, FileService>,
  { select, profiles }: Selection,
): {
  readonly names: Set<string>;
  readonly enabled: ReadonlySet<string>;
  readonly unknown: string[];
  readonly idle: string[];
} {
  const known = [...services.keys()];
  const unknown = select.filter((name) => !services.has(name))
    .map((name) => `no service ${JSON.stringify(name)} in the file${didYouMean(name, known)}`);
  const all = new Set([...services.values()].flatMap(({ profiles = [] }) => profiles));
  const idle = profiles.filter((profile) => profile !== ALL && !all.has(profile))
    .map((profile) =>
      `no service has the profile ${JSON.stringify(profile)}${didYouMean(profile, [...all])}`
    );
  // Who is named turns its profiles on, for what it depends on (Compose specification, profiles).
  const on = new Set([...profiles, ...select.flatMap((name) => services.get(name)?.profiles ?? [])]);
  const enabled = new Set(known.filter((name) => {
    const own = services.get(name)!.profiles ?? [];
    return own.length === 0 || profiles.includes(ALL) || own.some((profile) => on.has(profile));
  }));
  if (select.length === 0) return { names: new Set(enabled), enabled, unknown, idle };
  const names = new Set(select.filter((name) => services.has(name)));
  for (const name of names) { // grows while it is walked
    for (const { service } of dependenciesOf(services.get(name)!)) {
      if (enabled.has(service)) names.add(service);
    }
  }
  return { names, enabled, unknown, idle };
}

/** `web`, `db`, `web`: a circle each; of circles that share a service not each one. */
export function circlesOf(services: ReadonlyMap<string, FileService>): readonly (readonly string[])[] {
  const circles: string[][] = [];
  const done = new Set<string>();
  const open: string[] = [];
  const visit = (name: string): void => {
    if (done.has(name)) return;
    const at = open.indexOf(name);
    if (at >= 0) {
      circles.push([...open.slice(at), name]);
      return;
    }
    const service = services.get(name);
    if (service === undefined) return;
    open.push(name);
    for (const { service: next } of dependenciesOf(service)) visit(next);
    open.pop();
    done.add(name);
  };
  for (const name of services.keys()) visit(name);
  return circles;
}
