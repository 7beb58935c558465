/** `denit up`, wired together. */

import { ownVariables, readVariable, restoreEnvironment } from "../../ffi/environment.ts";
import { giveHeapBackEarly } from "../../ffi/memory.ts";
import { isTerminal } from "../../ffi/terminal.ts";
import { PollSet } from "../../ffi/poll.ts";
import { changeDirectory, closeInherited } from "../../ffi/process.ts";
import { LEVELS } from "../cli/option.ts";
import { defaultUpSettings, UP_OPTIONS, upHelpText, type UpSettings } from "../cli/services.ts";
import type { Loaded } from "../config/load.ts";
import type { ConfigSystem, LoadRequest } from "../config/system.ts";
import type { TimerName } from "../core/model.ts";
import type { ServicesFact } from "../core/services/model.ts";
import type { Project } from "../core/services/project.ts";
import { beginServices, reduceServices } from "../core/services/reduce.ts";
import { type Log, makeLog } from "../log.ts";
import { runLoop } from "../loop.ts";
import { makeOutput } from "../output/output.ts";
import { Timers } from "../timers.ts";
import { makeVoice, type Voice } from "../voice.ts";
import { makeWriters } from "../writer.ts";
import { readWords, refuse } from "./command_line.ts";
import { servicesFactSource } from "./fact_source.ts";
import { configSystem, loadRequest } from "./file.ts";
import type { Host } from "./host.ts";
import { makeJobs } from "./jobs.ts";
import type { LaunchSurroundings } from "./launch.ts";
import { makeLastWords } from "./last_words.ts";
import { makeLiving } from "./living.ts";
import { servicesPerformer } from "./perform.ts";
import { loadElsewhere, makeRereading } from "./reader.ts";

/** Runs the services of a file. */
export function up(words: readonly string[], host: Host): never {
  giveHeapBackEarly();
  const settings = defaultUpSettings();
  const voice = (): Voice => voiceOf(settings);
  const subcommand = { name: "up", options: UP_OPTIONS, helpText: upHelpText, voice } as const;
  const select = readWords(subcommand, settings, words, host);
  restoreEnvironment();
  const system = configSystem();
  const request = loadRequest(settings, select, system);
  if (typeof request === "string") return refuse([request], voice(), host);
  const surroundings = {
    environment: ownVariables(),
    workingDirectory: system.workingDirectory,
    ignored: host.signals.ignored,
  };
  const loaded = loadElsewhere(request, surroundings, host.signals) ?? loadHere(request, system, host);
  if (loaded === "stopped") {
    const message = `asked to stop while ${request.path} was read: nothing was started`;
    return host.say(voice()("info", { type: "problem", message }), 0);
  }
  if (loaded.name === "refused") return refuse(loaded.problems, voice(), host);
  return serve(loaded.project, loaded.warnings, { settings, request, system, surroundings, host });
}

/** It needs what may be scarce just then, since there was no process for it: from source, descriptors. */
function loadHere(request: LoadRequest, system: ConfigSystem, host: Host): Loaded {
  try {
    return host.loadConfig().loadProject(request, system);
  } catch (error) {
    return {
      name: "refused",
      problems: [`${request.path}: Cannot load it: ${String(error).split("\n", 1)[0]}`],
    };
  }
}

function voiceOf({ verbosity, logFormat }: UpSettings): Voice {
  return makeVoice(LEVELS[verbosity], logFormat);
}

interface Setting {
  readonly settings: UpSettings;
  readonly request: LoadRequest;
  readonly system: ConfigSystem;
  readonly surroundings: LaunchSurroundings;
  readonly host: Host;
}

function serve(
  project: Project,
  warnings: readonly string[],
  { settings, request, system, surroundings, host }: Setting,
): never {
  const writers = makeWriters();
  const log = makeLog(voiceOf(settings), writers);
  const warn = (message: string): void => log.write("warning", { type: "problem", message });
  for (const warning of warnings) warn(warning);
  closeInherited();
  changeDirectory("/"); // so that we pin no mount; programs are started where we were
  const role = host.takeRole(true, log);
  if (settings.parentDeathSignal !== null) host.dieWithParent(settings.parentDeathSignal);

  const poller = new PollSet();
  const timers = new Timers<TimerName>();
  const living = makeLiving();
  const lastWords = makeLastWords(poller);
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
    lastWords,
    living,
    log,
    named: verbose || warnReaped,
  });
  const jobs = makeJobs(
    poller,
    () => host.loadConfig().nextTime,
    (service) => facts.add({ type: "job-due", service, atMs: performance.now() }),
    warn,
  );
  const rereading = makeRereading({
    request,
    around: surroundings,
    poller,
    living,
    done(elsewhere): void {
      const project = reread(request.path, elsewhere ?? loadHere(request, system, host), log);
      if (project === null) return;
      names = project.services.map(({ name }) => name);
      facts.add({ type: "reloaded", project, atMs: performance.now() });
    },
  });
  const { perform, settle } = servicesPerformer({
    ownPid: Deno.pid,
    role,
    log,
    groups: () => living.programs.keys(),
    timers,
    exit: (code) => host.exit(code, log, 0), // the output has waited for the log's readers too
    ...surroundings,
    poller,
    output,
    lastWords,
    living,
    jobs,
    later: facts.add,
    wakeAt: facts.wakeAt,
    rereading,
  });
  return runLoop({
    first: beginServices({ role, verbose, warnReaped, timeoutMs }, project, performance.now()),
    reduce: reduceServices,
    perform,
    nextFacts(): readonly ServicesFact[] {
      const settled = settle();
      return settled.length > 0 ? settled : facts.nextFacts();
    },
    report: (error) => {
      log.write("error", { type: "problem", message: `Cannot go on as meant: ${String(error)}` });
    },
  });
}

/** The file as it is now; what is wrong with it is told, and then nothing is changed. */
function reread(path: string, loaded: Loaded, log: Log): Project | null {
  if (loaded.name === "loaded") {
    for (const message of loaded.warnings) log.write("warning", { type: "problem", message });
    return loaded.project;
  }
  for (const message of loaded.problems) log.write("error", { type: "problem", message });
  log.write("error", { type: "problem", message: `Cannot reread ${path}: nothing was changed` });
  return null;
}
