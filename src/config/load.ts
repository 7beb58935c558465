/** From the file of services to the project that is run, or to all that is wrong with it. */

import type { Dependency, Project, Service } from "../core/services/project.ts";
import { checkCircles, checkDependencies, checkGracePeriods, checkReplicas } from "./check.ts";
import type { SecretSource } from "./environment.ts";
import { interpolate } from "./interpolate.ts";
import { dependenciesOf, selectServices } from "./order.ts";
import { placeText, type Problem, problemLines, type Report } from "./problems.ts";
import type { Secret, Service as FileService } from "./schema.ts";
import { makeService, replicaNames } from "./service.ts";
import { type Defined, MOST_SERVICES, readSources, reporterOf, type Source } from "./sources.ts";
import { type ConfigSystem, type LoadRequest, resolvePath, type Unreadable } from "./system.ts";
import { hasKey, type Path, type Place, placeOf } from "./tree.ts";

export type Loaded =
  | { readonly name: "loaded"; readonly project: Project; readonly warnings: readonly string[] }
  | Refused;

export interface Refused {
  readonly name: "refused";
  /** A line each, in the order of the file. */
  readonly problems: readonly string[];
}

/** How much text there may be in all files with their variables filled in, and in all that services read. */
const MOST_TEXT = 16 * 1024 * 1024;
/** How many variables the services and their hooks may have, each with its own. */
const MOST_VARIABLES = 200_000;
/** How large a file of variables or a secret may be. */
const MOST_BYTES = 1024 * 1024;

/** Reads the file and all that it names. It never throws. */
export function loadProject(request: LoadRequest, system: ConfigSystem): Loaded {
  const read = readProject(request, system);
  return read.name === "refused" ? read : { name: "loaded", project: read.project, warnings: read.warnings };
}

export interface ReadProject {
  readonly name: "read";
  readonly project: Project;
  readonly warnings: readonly string[];
  /** What the file calls itself; `null`: nothing. */
  readonly projectName: string | null;
  /** What is run, as the files have it. */
  readonly services: ReadonlyMap<string, Defined<FileService>>;
  readonly secrets: ReadonlyMap<string, Defined<Secret>>;
}

/** As {@linkcode loadProject}, with what the project was made of. */
export function readProject(request: LoadRequest, system: ConfigSystem): ReadProject | Refused {
  try {
    return read(request, system);
  } catch (error) {
    // Ours or a library's fault; after the start it must not end PID 1, and a person can do nothing with a stack.
    const reason = error instanceof Error ? error.message : String(error);
    return { name: "refused", problems: [`${request.path}: Cannot load it: ${reason.split("\n", 1)[0]}`] };
  }
}

function read(request: LoadRequest, system: ConfigSystem): ReadProject | Refused {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  /** Values that could not be filled in: what they would be wrong for is not told on top of it. */
  const unfilled = new Set<string>();
  const report: Report = (at, path, message) => {
    if (!unfilled.has(placeText(at))) problems.push({ at, path, message });
  };
  const warn: Report = (at, path, message) => warnings.push({ at, path, message });
  const nowhere: Place = { file: request.path, line: 0, column: 0 };
  const refused = (): Refused => ({ name: "refused", problems: problemLines(problems) });

  const fill = filler(system, report, warn, unfilled);
  const sources = readSources(request.path, system, { report, warn, fill, compat: request.compat });
  if (sources === null) return refused();
  const services = gather(sources, "services", ({ form }) => form.services, report);
  const secrets = gather(sources, "secrets", ({ form }) => form.secrets, report);
  if (problems.length === 0 && services.size === 0) report(nowhere, [], "the file has no services");

  const files = new Map([...services].map(([name, { value }]) => [name, value] as const));
  const selection = selectServices(files, request);
  for (const message of selection.unknown) report(nowhere, [], message);
  for (const message of selection.idle) warn(nowhere, [], message);
  if (request.compat) passOverImages(services, request.select, selection.names, warn);
  const secretSources = new Map([...secrets].map(([name, secret]) => {
    const isExternal = request.compat && isExternalSecret(name, secret);
    return [
      name,
      isExternal ? passOverSecret(name, secret, warn) : secretSourceOf(name, secret, report),
    ] as const;
  }));
  const readText = textReader(system);
  let variables = 0;
  const takeRoom = (more: number): boolean => {
    variables += more;
    if (variables > MOST_VARIABLES) {
      report(
        nowhere,
        [],
        `more than ${MOST_VARIABLES} variables, those of all services and hooks taken together`,
      );
    }
    return variables <= MOST_VARIABLES;
  };
  const made = new Map([...services].map(([name, { value, source }]) => {
    // Of a service that is not run no file is read: it may not be there.
    const { env_file: _files, secrets: _secrets, ...alone } = value;
    const service = makeService(name, selection.names.has(name) ? value : alone, {
      folder: source.folder,
      workingDirectory: system.workingDirectory,
      variable: system.variable,
      readText,
      takeRoom,
      secret: (secret) => secretSources.get(secret),
      report: reporterOf(report, source, ["services", name]),
      warn: selection.names.has(name) ? reporterOf(warn, source, ["services", name]) : () => {},
    });
    return [name, service] as const;
  }));
  checkCircles(services, report);
  checkDependencies({ services, made, sources, ...selection }, report);
  checkReplicas(services, selection.names, report);
  checkGracePeriods(services, selection.names, request.timeoutMs, warn);

  const all = [...made.values()].filter(({ name }) => selection.names.has(name))
    .flatMap((service) => replicasOf(service, files, selection.names));
  if (all.length > MOST_SERVICES) {
    report(nowhere, [], `${all.length} replicas are more than denit runs (${MOST_SERVICES})`);
  } else if (problems.length === 0 && all.length === 0) {
    report(nowhere, [], "there is no service to run: each needs a profile, or has no replicas or no command");
  }
  if (problems.length > 0) return refused();
  return {
    name: "read",
    project: { services: all },
    warnings: problemLines(warnings),
    projectName: sources[0]?.form.name ?? null,
    services: new Map([...services].filter(([name]) => selection.names.has(name))),
    secrets,
  };
}

/** Puts variables into texts. Each that is not set is told once, and all that they come to is bounded. */
function filler(
  system: ConfigSystem,
  report: Report,
  warn: Report,
  unfilled: Set<string>,
): (text: string, at: Place, path: Path) => string {
  const told = new Set<string>();
  let length = 0;
  return (text, at, path) => {
    if (length > MOST_TEXT) return "?";
    const filled = interpolate(text, system.variable, (name) => {
      if (told.has(name)) return;
      told.add(name);
      const hint = isShells(name, path) ? `; write $$${name} to leave it to the shell` : "";
      warn(at, path, `the variable ${name} is not set: taken as empty${hint}`);
    });
    if ("failure" in filled) {
      report(at, path, filled.failure);
      unfilled.add(placeText(at));
      return "?";
    }
    length += filled.text.length;
    if (length > MOST_TEXT) report(at, [], "with its variables filled in the file is too large");
    return filled.text;
  };
}

/** In a command a name in small letters is as a rule one that its script has set. */
function isShells(name: string, path: Path): boolean {
  return name === name.toLowerCase() &&
    path.some((step) => step === "command" || step === "entrypoint" || step === "test");
}

/** All of one kind by name, in the order of the files; a name that is there twice is reported. */
function gather<Value>(
  sources: readonly Source[],
  key: "services" | "secrets",
  valuesOf: (source: Source) => Readonly<Record<string, Value>>,
  report: Report,
): Map<string, Defined<Value>> {
  const all = new Map<string, Defined<Value>>();
  for (const source of sources) {
    for (const [name, value] of Object.entries(valuesOf(source))) {
      const first = all.get(name);
      if (first === undefined) all.set(name, { value, source });
      else {
        const { file, line } = placeOf(first.source.tree, [key, name], "key");
        reporterOf(report, source, [key, name])([], `is there already, in ${file}, line ${line}`);
      }
    }
  }
  return all;
}

/**
 * Takes out who has an image in the place of a command: there is nothing that denit could start. Who would have been
 * run is told of; those that depend on it go without it.
 */
function passOverImages(
  services: Map<string, Defined<FileService>>,
  select: readonly string[],
  run: Set<string>,
  warn: Report,
): void {
  for (const [name, { value, source }] of services) {
    const isImage = ["image", "build"].some((key) => hasKey(source.whole, ["services", name, key]));
    if (!isImage || (value.command ?? value.entrypoint ?? null) !== null || select.includes(name)) continue;
    services.delete(name);
    if (!run.delete(name)) continue;
    const message = (): string => {
      const others = [...services].filter(([other, { value }]) =>
        run.has(other) && dependenciesOf(value).some(({ service }) => service === name)
      ).map(([other]) => other);
      const without = others.length === 0 ? "" : `; ${others.join(", ")} will not wait for it`;
      return `has an image but no command: passed over${without}`;
    };
    reporterOf(warn, source, ["services", name])([], message);
  }
}

function isExternalSecret(name: string, { value, source }: Defined<Secret>): boolean {
  return value.file === undefined && value.environment === undefined &&
    hasKey(source.whole, ["secrets", name, "external"]);
}

function passOverSecret(name: string, { source }: Defined<Secret>, warn: Report): SecretSource {
  const message = "is external: passed over, a service finds it where it looks for it, or not";
  reporterOf(warn, source, ["secrets", name])([], message);
  return { name: "external" };
}

function secretSourceOf(name: string, { value, source }: Defined<Secret>, report: Report): SecretSource {
  const { file, environment } = value;
  if ((file === undefined) === (environment === undefined)) {
    reporterOf(report, source, ["secrets", name])([], "expected one of file and environment");
  }
  return environment === undefined
    ? { name: "file", path: resolvePath(source.folder, file ?? "") }
    : { name: "variable", variable: environment };
}

/** Reads each file of variables and each secret once, however many services name it. */
function textReader(system: ConfigSystem): (path: string) => string | Unreadable {
  const met = new Map<string, string | Unreadable>();
  let length = 0;
  return (path) => {
    let text = met.get(path);
    if (text === undefined) {
      const content = system.readFile(path);
      text = "failure" in content ? content : textOf(content);
      met.set(path, text);
    }
    if (typeof text !== "string") return text;
    length += text.length;
    return length <= MOST_TEXT
      ? text
      : { failure: "with all that services read it is too much", missing: false };
  };
}

function textOf(content: Uint8Array): string | Unreadable {
  if (content.length > MOST_BYTES) return { failure: `larger than ${MOST_BYTES / 1024} KiB`, missing: false };
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    return { failure: "not UTF-8", missing: false };
  }
}

const CONDITIONS = {
  service_started: "started",
  service_healthy: "healthy",
  service_completed_successfully: "completed successfully",
} as const;

/** The replicas of a service; each waits for all of those that the service waits for. */
function replicasOf(
  service: Service,
  files: ReadonlyMap<string, FileService>,
  run: ReadonlySet<string>,
): Service[] {
  const file = files.get(service.name)!;
  // Who has no replicas is waited for by no one, as in Compose.
  const dependsOn = dependenciesOf(file).filter(({ service }) => run.has(service)).flatMap((key) =>
    replicaNames(key.service, files.get(key.service)!).map((replica): Dependency => ({
      service: replica,
      condition: CONDITIONS[key.condition],
      required: key.required,
      restart: key.restart,
    }))
  );
  return replicaNames(service.name, file).map((name) => ({ ...service, name, dependsOn }));
}
