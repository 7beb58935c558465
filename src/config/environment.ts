/** The variables of a service: what its files and its own keys set, and the secrets that they ask for. */

import { readRawVariables, readVariables } from "./env_file.ts";
import type { Lookup } from "./interpolate.ts";
import type { Environment, Service } from "./schema.ts";
import { resolvePath, type Unreadable } from "./system.ts";
import { type Path, shown } from "./tree.ts";

/** By name; `null`: not set, whatever denit's own environment has. */
export type Variables = Map<string, string | null>;

export interface EnvironmentSources {
  /** The folder that paths are relative to. */
  readonly folder: string;
  readonly variable: Lookup;
  readonly readText: (path: string) => string | Unreadable;
  /** Whether there is room for so many variables more; if not, that was reported. */
  readonly takeRoom: (variables: number) => boolean;
  /** Where a secret comes from; its file is an absolute path. */
  readonly secret: (name: string) => SecretSource | undefined;
  readonly report: (path: Path, message: string) => void;
  readonly warn: (path: Path, message: string) => void;
}

export type SecretSource =
  | { readonly name: "file"; readonly path: string }
  | { readonly name: "variable"; readonly variable: string }
  /** Somebody else brings it, to the path where the service looks for it. */
  | { readonly name: "external" };

type OwnSource = Exclude<SecretSource, { readonly name: "external" }>;

type EnvFile = NonNullable<Service["env_file"]>;

/** The entries of `env_file` in the one form that holds all. */
export function envFilesOf(files: EnvFile): { path: string; required: boolean; raw: boolean }[] {
  return (typeof files === "string" ? [files] : files).map((file) =>
    typeof file === "string"
      ? { path: file, required: true, raw: false }
      : { path: file.path, required: String(file.required) !== "false", raw: file.format === "raw" }
  );
}

/** What the files set, the later ones winning. */
export function variablesOfFiles(files: EnvFile, sources: EnvironmentSources): Variables {
  const all: Variables = new Map();
  for (const [i, { path, required, raw }] of envFilesOf(files).entries()) {
    const target = resolvePath(sources.folder, path);
    const refuse = (why: string) =>
      sources.report(
        typeof files === "string" ? ["env_file"] : ["env_file", i],
        `Cannot read ${target}: ${why}`,
      );
    const text = sources.readText(target);
    if (typeof text !== "string") {
      if (required || !text.missing) refuse(text.failure);
      continue;
    }
    if (text.includes("\0")) {
      refuse("it holds a NUL");
      continue;
    }
    // Files before this one win over denit's environment, as in Compose.
    const lookup: Lookup = (name) => all.get(name) ?? sources.variable(name);
    const unset = (name: string) =>
      sources.warn(["env_file"], `${name} of ${target} asks for a variable that is not set: taken as empty`);
    const values = raw ? readRawVariables(text, lookup) : readVariables(text, lookup, unset);
    if ("failure" in values) refuse(values.failure);
    else for (const [name, value] of values) all.set(name, value);
  }
  return all;
}

/** What the key itself sets; a name without a value takes denit's, if there is one. */
export function variablesOf(
  environment: Environment,
  variable: Lookup,
  report: (path: Path, message: string) => void,
): Variables {
  const all: Variables = new Map();
  const set = (step: string | number, name: string, value: string | null): void => {
    if (name === "" || name.includes("=")) report([step], "expected the name of a variable");
    else if (name !== name.trim()) {
      report([step], "the blank at an end of the name would be part of it: leave it out");
    } else all.set(name, value ?? variable(name) ?? null);
  };
  if (Array.isArray(environment)) {
    for (const [i, item] of (environment as readonly string[]).entries()) {
      const equals = item.indexOf("=");
      if (equals < 0) set(i, item, null);
      else set(i, item.slice(0, equals), item.slice(equals + 1));
    }
  } else {
    for (const [name, value] of Object.entries(environment)) {
      set(name, name, value === null ? null : String(value));
    }
  }
  return all;
}

/** The path that Docker would put a secret at. */
const SECRETS_FOLDER = "/run/secrets";

/** A line of `secrets`, in the one form that holds all. */
interface Grant {
  readonly name: string;
  /** Where Docker would put it. */
  readonly path: string;
}

function grantsOf(secrets: NonNullable<Service["secrets"]>): readonly Grant[] {
  return secrets.map((grant) => {
    const { source: name, target } = typeof grant === "string" ? { source: grant, target: grant } : grant;
    return { name, path: resolvePath(SECRETS_FOLDER, target ?? name) };
  });
}

/** Warns of each secret whose path no variable of the service or of a hook of it has: nobody would ever see it. */
export function warnOfUnusedSecrets(
  granted: NonNullable<Service["secrets"]>,
  all: () => readonly Variables[],
  { secret, warn }: EnvironmentSources,
): void {
  if (granted.length === 0) return;
  const asked = new Set(
    all().flatMap((variables) =>
      [...variables].filter(([name]) => name.endsWith("_FILE")).map(([, value]) => value)
    ),
  );
  for (const [i, { name, path }] of grantsOf(granted).entries()) {
    const kind = secret(name)?.name;
    if (kind === undefined || kind === "external" || asked.has(path)) continue;
    warn(["secrets", i], `no variable such as X_FILE=${path} asks for it, and there is no file there`);
  }
}

/**
 * Puts the secrets in: for each variable `X_FILE` that names the path of a secret of this service there is `X` with its
 * content, so that a program that wants the value gets it. `X_FILE` itself is then not set.
 *
 * `path` is the key that the variables stand under.
 */
export function withSecrets(
  variables: Variables,
  granted: NonNullable<Service["secrets"]>,
  sources: EnvironmentSources,
  path: Path,
): Variables {
  const sourceAt = new Map<string, { readonly name: string; readonly source: OwnSource }>();
  for (const [i, { name, path: target }] of grantsOf(granted).entries()) {
    const source = sources.secret(name);
    if (source === undefined) {
      sources.report(["secrets", i], `no secret ${shown(name)} at the top of the file`);
    } else if (source.name !== "external") sourceAt.set(target, { name, source });
  }
  const all: Variables = new Map(variables);
  for (const [name, value] of variables) {
    const secret = name.endsWith("_FILE") && value !== null ? sourceAt.get(value) : undefined;
    const plain = name.slice(0, -"_FILE".length);
    if (secret === undefined || plain === "") continue;
    if (typeof variables.get(plain) === "string") {
      sources.report([...path, name], `${plain} is set too: which of them holds?`);
      continue;
    }
    const content = readSecret(secret.source, sources);
    if (typeof content !== "string") {
      sources.report([...path, name], `Cannot read the secret ${shown(secret.name)}: ${content.failure}`);
      continue;
    }
    all.set(plain, content);
    all.set(name, null);
  }
  return all;
}

/** The content without the one line end that editors leave. */
function readSecret(
  source: OwnSource,
  sources: EnvironmentSources,
): string | { readonly failure: string } {
  switch (source.name) {
    case "variable":
      return sources.variable(source.variable) ?? { failure: `the variable ${source.variable} is not set` };
    case "file": {
      const content = sources.readText(source.path);
      if (typeof content !== "string") return { failure: `${source.path}: ${content.failure}` };
      if (content.includes("\0")) return { failure: `${source.path}: it holds a NUL, which no variable can` };
      return content.replace(/\r?\n$/, "");
    }
  }
}
