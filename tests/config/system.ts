/** A system that is made of texts, and what a file comes to on it. */

import type { Project, Service } from "../../src/core/services/project.ts";
import { loadProject } from "../../src/config/load.ts";
import type { ConfigSystem, LoadRequest } from "../../src/config/system.ts";
import { equal, fail } from "../assert.ts";

export interface Given {
  /** Files beside `/srv/denit.yaml`, by absolute path. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly variables?: Readonly<Record<string, string>>;
  readonly request?: Partial<LoadRequest>;
}

export function requestOf(request: Partial<LoadRequest> = {}): LoadRequest {
  return { path: "denit.yaml", select: [], profiles: [], compat: false, timeoutMs: 9000, ...request };
}

export function systemOf(
  file: string | Uint8Array,
  { files = {}, variables = {} }: Given = {},
): ConfigSystem {
  const all: Given["files"] = { "/srv/denit.yaml": file, ...files };
  return {
    readFile(path) {
      const content = all[path];
      if (content === undefined) return { failure: "no such file", missing: true };
      return typeof content === "string" ? new TextEncoder().encode(content) : content;
    },
    variable: (name) => Object.hasOwn(variables, name) ? variables[name] : undefined,
    workingDirectory: "/srv",
  };
}

/** What the file comes to, with the warnings; it must not be refused. */
export function load(file: string, given: Given = {}): Project & { readonly warnings: readonly string[] } {
  const loaded = loadProject(requestOf(given.request), systemOf(file, given));
  if (loaded.name === "refused") fail(loaded.problems.join("\n"));
  return { ...loaded.project, warnings: loaded.warnings };
}

/** The one service `web` with these keys, as lines. */
export function loadWeb(keys: string, given: Given = {}): Service {
  const { services } = load(webFile(keys), given);
  equal(services.length, 1);
  return services[0]!;
}

/** A file with the one service `web`, whose keys begin in line 3, column 5. */
export function webFile(keys: string): string {
  const lines = /^(?:command|entrypoint):/m.test(keys) ? keys : `${keys}\ncommand: run`;
  return `services:\n  web:\n${lines.replace(/^(?=.)/gm, "    ")}\n`;
}

/** Why the file is refused; it must be. */
export function problemsOf(file: string | Uint8Array, given: Given = {}): readonly string[] {
  const loaded = loadProject(requestOf(given.request), systemOf(file, given));
  if (loaded.name === "loaded") fail("the file was loaded");
  return loaded.problems;
}
