/** What `denit config` prints: the file as it will be run. */

import { envFilesOf } from "./environment.ts";
import { type ReadProject, readProject, type Refused } from "./load.ts";
import type { Service } from "./schema.ts";
import { type ConfigSystem, type LoadRequest, resolvePath } from "./system.ts";
import type { Plain } from "./tree.ts";
import { writeYaml } from "./yaml.ts";

/**
 * One file that comes to the same project: what was included is in it, variables are filled in, and what is not run, or
 * means nothing to denit, is left out.
 *
 * Nothing is in it that was read from a file of variables or from a secret.
 */
export function projectText(
  request: LoadRequest,
  system: ConfigSystem,
): { readonly name: "text"; readonly text: string; readonly warnings: readonly string[] } | Refused {
  const read = readProject(request, system);
  if (read.name === "refused") return read;
  return { name: "text", text: writeYaml(escaped(plainProject(read))), warnings: read.warnings };
}

function plainProject({ projectName, services, secrets }: ReadProject): Plain {
  const granted = new Set([...services.values()].flatMap(({ value }) => (value.secrets ?? []).map(nameOf)));
  const own = [...secrets].filter(([, { value }]) => (value.file ?? value.environment) !== undefined);
  const shownSecrets = own.filter(([name]) => granted.has(name));
  const there = { services: new Set(services.keys()), secrets: new Set(own.map(([name]) => name)) };
  return {
    ...projectName === null ? {} : { name: projectName },
    services: Object.fromEntries(
      [...services].map(([name, { value, source }]) =>
        [name, plainService(withoutOthers(value, there), source.folder)] as const
      ),
    ),
    ...shownSecrets.length === 0 ? {} : {
      secrets: Object.fromEntries(shownSecrets.map(([name, { value: { file, environment }, source }]) =>
        [
          name,
          file === undefined
            ? { environment: environment ?? "" }
            : { file: resolvePath(source.folder, file) },
        ] as const
      )),
    },
  };
}

type Grant = NonNullable<Service["secrets"]>[number];

function nameOf(grant: Grant): string {
  return typeof grant === "string" ? grant : grant.source;
}

/** What is run; dependencies on others and secrets that are not denit's mean nothing then. */
interface There {
  readonly services: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
}

/** The service without what is not there. It is run: the profile that it is run for must not withhold it once more. */
function withoutOthers({ profiles: _, ...service }: Service, there: There): Service {
  const { depends_on: dependsOn, secrets } = service;
  return {
    ...service,
    ...dependsOn === undefined ? {} : {
      depends_on: Array.isArray(dependsOn)
        ? (dependsOn as readonly string[]).filter((name) => there.services.has(name))
        : Object.fromEntries(Object.entries(dependsOn).filter(([name]) => there.services.has(name))),
    },
    ...secrets === undefined ? {} : { secrets: secrets.filter((each) => there.secrets.has(nameOf(each))) },
  };
}

/** Paths that were relative to a file are absolute: the text may be put anywhere. */
function plainService(service: Service, folder: string): Plain {
  const plain = withoutExtensions(service as Plain, false) as { readonly [key: string]: Plain };
  if (service.env_file === undefined) return plain;
  const files = envFilesOf(service.env_file).map(({ path, required, raw }): Plain => ({
    path: resolvePath(folder, path),
    ...required ? {} : { required },
    ...raw ? { format: "raw" } : {},
  }));
  return { ...plain, env_file: files };
}

/** Mappings whose keys are names: there `x-` is no extension. */
const NAMES: readonly string[] = ["environment", "depends_on"];

function withoutExtensions(plain: Plain, ofNames: boolean): Plain {
  if (typeof plain !== "object" || plain === null) return plain;
  if (isList(plain)) return plain.map((item) => withoutExtensions(item, false));
  return Object.fromEntries(
    Object.entries(plain).filter(([key]) => ofNames || !key.startsWith("x-"))
      .map(([key, value]) => [key, withoutExtensions(value, NAMES.includes(key))] as const),
  );
}

/** Variables are filled in already: what looks like one is text. */
function escaped(plain: Plain): Plain {
  if (typeof plain === "string") return plain.replaceAll("$", "$$$$");
  if (typeof plain !== "object" || plain === null) return plain;
  if (isList(plain)) return plain.map(escaped);
  return Object.fromEntries(Object.entries(plain).map(([key, value]) => [key, escaped(value)] as const));
}

function isList(plain: Plain): plain is readonly Plain[] {
  return Array.isArray(plain);
}
