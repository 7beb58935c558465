/** The files that a project is made of: the one that was asked for, and all that are included. */

import { withoutForeignKeys } from "./foreign_keys.ts";
import type { Message, Report } from "./problems.ts";
import { checkForm, type Form } from "./schema.ts";
import { type ConfigSystem, folderOf, resolvePath } from "./system.ts";
import { type Path, type Place, placeOf, type Tree } from "./tree.ts";
import { readYaml } from "./yaml.ts";

/** One file. */
export interface Source {
  /** As a person calls it. */
  readonly name: string;
  /** The folder that its paths are relative to, an absolute path. */
  readonly folder: string;
  readonly tree: Tree;
  /** The same with the keys that belong to Docker. */
  readonly whole: Tree;
  readonly form: Form;
}

/** What has a name at the top of a file, and the file that it stands in. */
export interface Defined<Value> {
  readonly value: Value;
  readonly source: Source;
}

/** Reports about what is at this path of the file: a path that goes on from there, or none for the whole. */
export function reporterOf(
  report: Report,
  source: Source,
  from: Path,
): (path: Path, message: Message) => void {
  return (path, message) => {
    const here = [...from, ...path];
    report(placeOf(source.tree, here, path.length === 0 ? "key" : "value"), here, message);
  };
}

/** What reading one file needs beside the system. */
export interface Reading {
  readonly report: Report;
  /** Puts the values of variables into a text. */
  readonly fill: (text: string, at: Place, path: Path) => string;
  readonly warn: Report;
  readonly compat: boolean;
}

/** A file that is being read, and on whose behalf: to tell a circle. */
interface Open {
  readonly name: string;
  readonly path: string;
  readonly by: Open | null;
}

/** More would be a tree that no one oversees, or one that grows by itself. */
const MOST_FILES = 100;
/** More is more than one machine has use for, and a slip. */
export const MOST_SERVICES = 1000;

/**
 * Reads the file and, after each, what it includes; each once. What cannot be read was reported; `null`: there were too
 * many services to look at them.
 */
export function readSources(path: string, system: ConfigSystem, reading: Reading): Source[] | null {
  const sources: Source[] = [];
  const met = new Set<string>();
  let services = 0;
  read({ name: path, path: resolvePath(system.workingDirectory, path), by: null }, null, {
    at: { file: path, line: 0, column: 0 },
    path: [],
  });
  if (services <= MOST_SERVICES) return sources;
  const message = `${services} services are more than denit runs (${MOST_SERVICES})`;
  reading.report({ file: path, line: 0, column: 0 }, ["services"], message);
  return null;

  function read(open: Open, projectFolder: string | null, asked: { at: Place; path: Path }): void {
    if (services > MOST_SERVICES) return;
    for (let each = open.by; each !== null; each = each.by) {
      if (each.path === open.path) {
        reading.report(asked.at, asked.path, `a circle of files: ${circle(open, each)}`);
        return;
      }
    }
    if (met.has(open.path)) return;
    met.add(open.path);
    if (met.size > MOST_FILES) {
      if (met.size === MOST_FILES + 1) reading.report(asked.at, asked.path, `more than ${MOST_FILES} files`);
      return;
    }
    const bytes = system.readFile(open.path);
    if ("failure" in bytes) {
      reading.report(asked.at, asked.path, `Cannot read ${open.path}: ${bytes.failure}`);
      return;
    }
    const whole = readYaml(bytes, open.name, reading.report, reading.fill);
    if (whole === null) return;
    services += namesIn(whole).length;
    if (services > MOST_SERVICES) return;
    const tree = withoutForeignKeys(whole, reading.compat, reading.report, reading.warn);
    const form = checkForm(tree, reading.report);
    const folder = projectFolder ?? folderOf(open.path);
    if (tree.kind === "mapping" && tree.entries.has("version")) {
      reading.warn(placeOf(tree, ["version"], "key"), ["version"], "means nothing, to Compose neither");
    }
    sources.push({ name: open.name, folder, tree, whole, form });

    for (const [i, include] of form.include.entries()) {
      const plain = typeof include === "string" ? { path: include } : include;
      const paths = typeof plain.path === "string" ? [plain.path] : plain.path;
      // All files of a list have the folder of the first (Compose specification, include).
      const first = resolvePath(folder, paths[0] ?? "");
      const theirFolder = plain.project_directory === undefined
        ? folderOf(first)
        : resolvePath(folder, plain.project_directory);
      for (const [k, path] of paths.entries()) {
        const here = typeof include === "string"
          ? ["include", i]
          : ["include", i, "path", ...typeof plain.path === "string" ? [] : [k]];
        const at = placeOf(tree, here);
        const target = resolvePath(folder, path);
        read({ name: nameOf(target), path: target, by: open }, theirFolder, { at, path: here });
      }
    }
  }

  /** As a person would call it who called the first one so. */
  function nameOf(target: string): string {
    const here = `${system.workingDirectory}/`;
    return !path.startsWith("/") && target.startsWith(here) ? target.slice(here.length) : target;
  }
}

/** The names of a file's services, whether they are sound or not. */
export function namesIn(tree: Tree): readonly string[] {
  const all = tree.kind === "mapping" ? tree.entries.get("services")?.value : undefined;
  return all?.kind === "mapping" ? [...all.entries.keys()] : [];
}

/** `a.yaml -> b.yaml -> a.yaml`. */
function circle(last: Open, first: Open): string {
  const names = [first.name]; // which is the last one too, under the name that it had then
  for (let each = last.by; each !== null && each !== first; each = each.by) names.unshift(each.name);
  return [first.name, ...names].join(" -> ");
}
