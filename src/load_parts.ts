/**
 * Loads what a run of one program does not need, when it is needed, and without waiting for it.
 *
 * Not by `import()`: while the runtime's event loop turns for it, the runtime's own signal handlers take the place of
 * ours, and as PID 1 a signal that came then would end in a crash. In the bundle tools/bundle.ts puts another file in
 * this one's place, which has the same code as text. From source the extras, which are small, are simply there: so what
 * needs them needs no permission to read.
 */

import type * as Suggest from "./cli/suggest.ts";
import * as extras from "./extras.ts";
import type * as Config from "./services/config.ts";
import type * as Services from "./services/services.ts";

export function loadExtras(): typeof extras {
  return extras;
}

/** To wait for it harms nobody: denit only leaves. */
export function loadSuggest(): Promise<typeof Suggest> | typeof Suggest {
  return import("./cli/suggest.ts");
}

export function loadServices(): typeof Services {
  return load("./services/services.ts");
}

export function loadConfig(): typeof Config {
  return load("./services/config.ts");
}

function load<Module>(path: string): Module {
  const { createRequire } = process.getBuiltinModule("node:module");
  return createRequire(import.meta.url)(path);
}
