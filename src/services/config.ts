/** `denit config`, and the loading of a file of services: all that needs a parser. */

import { restoreEnvironment } from "../../ffi/environment.ts";
import {
  CONFIG_OPTIONS,
  configHelpText,
  type ConfigSettings,
  defaultConfigSettings,
} from "../cli/services.ts";
import { nextTime } from "../config/cron.ts";
import { schemaText } from "../config/json_schema.ts";
import { loadProject } from "../config/load.ts";
import { projectText } from "../config/print.ts";
import { makeVoice } from "../voice.ts";
import { linesOf, readWords, refuse, type Subcommand } from "./command_line.ts";
import { configSystem, loadRequest } from "./file.ts";
import type { Host } from "./host.ts";

export { loadProject, nextTime };

const voice = makeVoice("warning", "text");
const SUBCOMMAND: Subcommand<ConfigSettings> = {
  name: "config",
  options: CONFIG_OPTIONS,
  helpText: configHelpText,
  voice: () => voice,
};

/** Checks a file of services and prints it as it would be run. */
export function config(words: readonly string[], host: Host): never {
  const settings = defaultConfigSettings();
  const select = readWords(SUBCOMMAND, settings, words, host);
  if (settings.schema) return host.say(linesOf(schemaText()), 0);
  restoreEnvironment();
  const system = configSystem();
  const request = loadRequest(settings, select, system);
  if (typeof request === "string") return refuse([request], voice, host);
  const printed = projectText(request, system);
  if (printed.name === "refused") return refuse(printed.problems, voice, host);
  const warnings = printed.warnings.flatMap((message) => voice("warning", { type: "problem", message }));
  return host.say([...warnings, ...settings.verbosity === "quiet" ? [] : linesOf(printed.text)], 0);
}

/** Answers src/services/reader.ts: what the file comes to, as JSON on standard output. */
export function printProject([word]: readonly string[], host: Host): never {
  restoreEnvironment();
  let request;
  try {
    request = JSON.parse(word ?? "");
  } catch {
    return refuse(["Cannot print a project: only denit itself asks for that"], voice, host);
  }
  const text = JSON.stringify(loadProject(request, configSystem()));
  for (let rest = new TextEncoder().encode(text); rest.length > 0;) {
    rest = rest.subarray(Deno.stdout.writeSync(rest)); // who asked reads it, and is waited for
  }
  Deno.stdout.close(); // who asked goes on, and does not wait for the runtime's own end
  return host.say([], 0);
}
