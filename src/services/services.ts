/** `denit up` and `denit config`, wired together. */

import { readVariable, restoreEnvironment } from "../../ffi/environment.ts";
import { isTerminal } from "../../ffi/terminal.ts";
import { PollSet } from "../../ffi/poll.ts";
import { changeDirectory, closeInherited } from "../../ffi/process.ts";
import { LEVELS, type Option } from "../cli/option.ts";
import {
  CONFIG_OPTIONS,
  configHelpText,
  defaultConfigSettings,
  defaultUpSettings,
  UP_OPTIONS,
  upHelpText,
  type UpSettings,
} from "../cli/services.ts";
import { type Problem, readSettings } from "../cli/settings.ts";
import { suggest } from "../cli/suggest.ts";
import { schemaText } from "../config/json_schema.ts";
import { loadProject } from "../config/load.ts";
import { projectText } from "../config/print.ts";
import type { ConfigSystem, LoadRequest } from "../config/system.ts";
import { DENIT_FAILED } from "../core/exit_code.ts";
import type { TimerName } from "../core/model.ts";
import type { Project } from "../core/services/project.ts";
import { beginServices, reduceServices } from "../core/services/reduce.ts";
import { type Log, makeLog } from "../log.ts";
import { runLoop } from "../loop.ts";
import { makeOutput } from "../output/output.ts";
import { Timers } from "../timers.ts";
import { VERSION } from "../version.ts";
import { type Line, makeVoice, type Voice } from "../voice.ts";
import { makeWriters } from "../writer.ts";
import { servicesFactSource } from "./fact_source.ts";
import { configSystem, loadRequest } from "./file.ts";
import type { Host } from "./host.ts";
import { makeJobs } from "./jobs.ts";
import { makeLiving } from "./living.ts";
import { servicesPerformer } from "./perform.ts";

/** Runs the services of a file. */
export function up(words: readonly string[], host: Host): never {
  const settings = defaultUpSettings();
  const select = readWords(UP_OPTIONS, settings, words, host, "up", upHelpText, () => voiceOf(settings));
  const system = configSystem();
  const request = loadRequest(settings, select, system);
  if (typeof request === "string") return refuse([request], voiceOf(settings), host);
  const loaded = loadProject(request, system);
  if (loaded.name === "refused") return refuse(loaded.problems, voiceOf(settings), host);
  return serve(loaded.project, loaded.warnings, { settings, request, system, host });
}

/** Checks a file of services and prints it as it would be run. */
export function config(words: readonly string[], host: Host): never {
  const settings = defaultConfigSettings();
  const voice = makeVoice("warning", "text");
  const select = readWords(CONFIG_OPTIONS, settings, words, host, "config", configHelpText, () => voice);
  if (settings.schema) return host.say(linesOf(schemaText()), 0);
  const system = configSystem();
  const request = loadRequest(settings, select, system);
  if (typeof request === "string") return refuse([request], voice, host);
  const printed = projectText(request, system);
  if (printed.name === "refused") return refuse(printed.problems, voice, host);
  const warnings = printed.warnings.flatMap((message) => voice("warning", { type: "problem", message }));
  return host.say([...warnings, ...settings.verbosity === "quiet" ? [] : linesOf(printed.text)], 0);
}

/** Reads options into the settings; returns the names behind them, or does what else is asked for. */
function readWords<Settings>(
  options: readonly Option<Settings>[],
  settings: Settings,
  words: readonly string[],
  host: Host,
  command: string,
  helpText: () => string,
  voice: () => Voice,
): readonly string[] {
  const given = readSettings(options, settings, words, readVariable, `denit ${command} --help`);
  switch (given.name) {
    case "operands":
      return given.words;
    case "help":
      return host.say(linesOf(helpText()), 0);
    case "version":
      return host.say(linesOf(`denit ${VERSION}`), 0);
    case "problem":
      return refuse([withSuggestion(given.problem)], voice(), host);
  }
}

function withSuggestion({ message, wrong, known }: Problem): string {
  const meant = wrong === undefined ? null : suggest(wrong, known ?? []);
  return meant === null ? message : `${message}; did you mean ${JSON.stringify(meant)}?`;
}

function refuse(problems: readonly string[], voice: Voice, host: Host): never {
  return host.say(problems.flatMap((message) => voice("error", { type: "problem", message })), DENIT_FAILED);
}

function linesOf(text: string): Line[] {
  return [{ stream: "stdout", text: text.replace(/\n$/, "") }];
}

function voiceOf({ verbosity, logFormat }: UpSettings): Voice {
  return makeVoice(LEVELS[verbosity], logFormat);
}

interface Setting {
  readonly settings: UpSettings;
  readonly request: LoadRequest;
  readonly system: ConfigSystem;
  readonly host: Host;
}

function serve(
  project: Project,
  warnings: readonly string[],
  { settings, request, system, host }: Setting,
): never {
  const writers = makeWriters();
  const log = makeLog(voiceOf(settings), writers);
  const warn = (message: string): void => log.write("warning", { type: "problem", message });
  for (const warning of warnings) warn(warning);
  restoreEnvironment();
  closeInherited();
  changeDirectory("/"); // so that we pin no mount; programs are started where we were
  const role = host.takeRole(true, log);
  if (settings.parentDeathSignal !== null) host.dieWithParent(settings.parentDeathSignal);

  const poller = new PollSet();
  const timers = new Timers<TimerName>();
  const living = makeLiving();
  let names = project.services.map(({ name }) => name);
  const output = makeOutput({
    poller,
    writers,
    format: settings.logPrefix ? settings.logFormat : "raw",
    color: settings.color && readVariable("NO_COLOR") === undefined && isTerminal(1),
    width: () => Math.max(0, ...names.map(({ length }) => length)),
    folder: settings.logFolder,
    report: warn,
    now: () => new Date(),
  });
  const verbose = settings.verbosity === "verbose";
  const { warnReaped, timeoutMs } = settings;
  const { signals } = host;
  const facts = servicesFactSource({
    signals,
    timers,
    poller,
    output,
    living,
    log,
    named: verbose || warnReaped,
  });
  const jobs = makeJobs(
    poller,
    (service) => facts.add({ type: "job-due", service, atMs: performance.now() }),
    warn,
  );
  const perform = servicesPerformer({
    ownPid: Deno.pid,
    role,
    log,
    groups: () => living.programs.keys(),
    timers,
    exit: (code) => host.exit(code, log, 0), // the output has waited for the log's readers too
    workingDirectory: system.workingDirectory,
    ignored: signals.ignored,
    poller,
    output,
    living,
    jobs,
    later: facts.add,
    wakeAt: facts.wakeAt,
    reload(): Project | null {
      const project = reload(request, system, log);
      names = project?.services.map(({ name }) => name) ?? names;
      return project;
    },
  });
  return runLoop({
    first: beginServices({ role, verbose, warnReaped, timeoutMs }, project, performance.now()),
    reduce: reduceServices,
    perform,
    nextFacts: facts.nextFacts,
    report: (error) => {
      log.write("error", { type: "problem", message: `Cannot go on as meant: ${String(error)}` });
    },
  });
}

/** The file as it is now; what is wrong with it is told, and then nothing is changed. */
function reload(request: LoadRequest, system: ConfigSystem, log: Log): Project | null {
  const loaded = loadProject(request, system);
  if (loaded.name === "loaded") {
    for (const message of loaded.warnings) log.write("warning", { type: "problem", message });
    return loaded.project;
  }
  for (const message of loaded.problems) log.write("error", { type: "problem", message });
  log.write("error", { type: "problem", message: `Cannot reread ${request.path}: nothing was changed` });
  return null;
}
