/** From one service as the file has it to the service that is run, with the defaults of the Compose specification. */

import { parseDuration } from "../cli/duration.ts";
import type { Command } from "../core/model.ts";
import {
  type HealthPlan,
  type Limit,
  LIMIT_NAMES,
  type Logging,
  type Probe,
  type Program,
  type RestartPolicy,
  type Service,
} from "../core/services/project.ts";
import { parseSignal, SIGTERM } from "../core/signals.ts";
import {
  type EnvironmentSources,
  type Variables,
  variablesOf,
  variablesOfFiles,
  warnOfUnusedSecrets,
  withSecrets,
} from "./environment.ts";
import type * as schema from "./schema.ts";
import { resolvePath } from "./system.ts";
import type { Path } from "./tree.ts";
import { splitWords } from "./words.ts";

export interface ServiceSources extends EnvironmentSources {
  /** The folder that denit was started in. */
  readonly workingDirectory: string;
}

/** As the first delay of Docker's back-off: without any, a program that cannot start would keep a core busy. */
const SHORTEST_DELAY_MS = 100;
/** Docker takes a service that has run for so long to have come up, and begins its back-off anew. */
const DOCKER_WINDOW_MS = 10_000;

/**
 * The service, as yet without its dependencies and under the one name for all of its replicas.
 *
 * Of one that was reported not everything is there, but no one will run it.
 */
export function makeService(name: string, file: schema.Service, sources: ServiceSources): Service {
  const variables = together(
    variablesOfFiles(file.env_file ?? [], sources),
    variablesOf(file.environment ?? {}, sources.variable, under(sources.report, "environment")),
    sources,
  );
  const program: Program = {
    command: commandOf(file, sources.report),
    environment: Object.fromEntries(withSecrets(variables, file.secrets ?? [], sources, ["environment"])),
    user: file.user ?? null,
    groupAdd: (file.group_add ?? []).map(String),
    workingDirectory: file.working_dir === undefined
      ? null
      : resolvePath(sources.workingDirectory, file.working_dir),
    umask: file.umask === undefined ? null : parseInt(file.umask, 8),
    nice: file.nice === undefined ? null : integer(file.nice),
    oomScoreAdjust: file.oom_score_adj === undefined ? null : integer(file.oom_score_adj),
    limits: limitsOf(file.ulimits ?? {}, under(sources.report, "ulimits")),
  };
  const restart = restartOf(file);
  const { scale, deploy } = file;
  if (scale !== undefined && deploy?.replicas !== undefined && Number(scale) !== Number(deploy.replicas)) {
    sources.report(["deploy", "replicas"], "scale says otherwise");
  }
  if (file.schedule !== undefined) {
    if (restart.when === "always") {
      sources.report(["schedule"], "a job with a schedule cannot restart always");
    }
    if (replicaNames(name, file).length !== 1) {
      sources.report(["schedule"], "a job with a schedule has one replica");
    }
  }
  if (essentialOf(file) === "any end" && restart.when !== "never") {
    sources.warn(["essential"], "any end of it ends the container, so it is never restarted");
  }
  warnOfUnusedSecrets(file.secrets ?? [], () => [variables, ...hookVariablesOf(file, sources)], sources);
  const hooks = (key: "post_start" | "pre_stop") =>
    (file[key] ?? []).map((hook, i) =>
      hookOf(hook, program, variables, file.secrets ?? [], sources, [key, i])
    );
  return {
    name,
    program,
    logging: loggingOf(file.logging ?? {}, under(sources.report, "logging")),
    dependsOn: [],
    restart,
    stopSignal: file.stop_signal === undefined ? SIGTERM : parseSignal(file.stop_signal)!,
    signalTo: file.signal_to ?? "group",
    stopGraceMs: milliseconds(file.stop_grace_period, 10_000),
    health: file.healthcheck === undefined
      ? null
      : healthOf(file.healthcheck, program, under(sources.report, "healthcheck")),
    postStart: hooks("post_start"),
    preStop: hooks("pre_stop"),
    essential: essentialOf(file),
    schedule: file.schedule ?? null,
    forwardSignals: (file.forward_signals ?? []).map((signal) => parseSignal(signal)!),
  };
}

/** A job that fails at night ends no container, unless it is said to be essential. */
function essentialOf({ essential, schedule }: schema.Service): Service["essential"] {
  if (essential === undefined) return schedule === undefined ? "failure" : "never";
  return String(essential) === "true" ? "any end" : "never";
}

/** Both, the second winning; none where there is no room for them, and the file is refused. */
function together(first: Variables, second: Variables, { takeRoom }: ServiceSources): Variables {
  return takeRoom(first.size + second.size) ? new Map([...first, ...second]) : new Map();
}

/** `web`; of several replicas `web-1`, `web-2` and so on; of none nothing. */
export function replicaNames(name: string, { scale, deploy }: schema.Service): readonly string[] {
  const count = Number(scale ?? deploy?.replicas ?? 1);
  return count === 1 ? [name] : Array.from({ length: count }, (_, i) => `${name}-${i + 1}`);
}

type SubReport = (path: Path, message: string) => void;

function under(report: SubReport, ...steps: Path): SubReport {
  return (path, message) => report([...steps, ...path], message);
}

/** The words of `entrypoint` and behind them those of `command`. */
function commandOf(file: Pick<schema.Service, "entrypoint" | "command">, report: SubReport): Command {
  const words = (["entrypoint", "command"] as const).flatMap((key) =>
    wordsOf(file[key] ?? [], under(report, key))
  );
  const [first, ...rest] = words;
  if (first === undefined) report([], "there is nothing to run: command is missing");
  else if (first === "") {
    report([file.entrypoint ? "entrypoint" : "command"], "the program has an empty name");
  }
  return [first ?? "", ...rest];
}

function wordsOf(command: string | readonly string[], report: SubReport): readonly string[] {
  if (typeof command !== "string") return command;
  const words = splitWords(command);
  if (!("failure" in words)) return words;
  report([], words.failure);
  return ["?"];
}

function limitsOf(ulimits: NonNullable<schema.Service["ulimits"]>, report: SubReport): readonly Limit[] {
  return LIMIT_NAMES.flatMap((resource) => {
    const limit = ulimits[resource];
    if (limit === undefined) return [];
    const both = typeof limit === "object" ? limit : { soft: limit, hard: limit };
    const [soft, hard] = [integer(both.soft), integer(both.hard)];
    if (hard !== -1 && (soft > hard || soft === -1)) {
      report([resource], "the soft limit is above the hard one");
    }
    return [{ resource, soft, hard }];
  });
}

/** A whole number that may be below zero; there is no -0. */
function integer(value: string | number): number {
  return Number(value) + 0;
}

function milliseconds(duration: string | undefined, otherwise: number): number {
  return duration === undefined ? otherwise : parseDuration(duration)!;
}

/**
 * `deploy.restart_policy` wins over `restart`, as in Compose; 0 attempts are no bound, as in Docker, and a window of 0
 * has no end: else no run would be shorter, and no attempt counted.
 */
function restartOf(file: schema.Service): RestartPolicy {
  const policy = file.deploy?.restart_policy;
  if (policy !== undefined) {
    const windowMs = milliseconds(policy.window, DOCKER_WINDOW_MS);
    return {
      when:
        ({ none: "never", "on-failure": "on failure", any: "always" } as const)[policy.condition ?? "any"],
      attempts: Number(policy.max_attempts ?? 0) || null,
      countsAll: windowMs === 0,
      delayMs: policy.delay === undefined ? null : Math.max(SHORTEST_DELAY_MS, milliseconds(policy.delay, 0)),
      windowMs: windowMs === 0 ? DOCKER_WINDOW_MS : windowMs,
    };
  }
  const [word, attempts] = (file.restart ?? "no").split(":");
  return {
    when: word === "no" ? "never" : word === "on-failure" ? "on failure" : "always",
    attempts: Number(attempts ?? 0) || null,
    countsAll: attempts !== undefined,
    delayMs: null,
    windowMs: DOCKER_WINDOW_MS,
  };
}

function healthOf(file: schema.Healthcheck, program: Program, report: SubReport): HealthPlan | null {
  const tests = (["test", "http", "tcp"] as const).filter((key) => file[key] !== undefined);
  if (tests.length > 1) report([tests[1]!], `there is ${tests[0]} already: one of test, http and tcp`);
  if (String(file.disable) === "true") return null;
  if (tests.length === 0) {
    report([], "nothing to ask: one of test, http and tcp is missing");
    return null;
  }
  const test = probeOf(file, program, report);
  return test === null ? null : {
    test,
    intervalMs: milliseconds(file.interval, 30_000),
    timeoutMs: milliseconds(file.timeout, 30_000),
    retries: Number(file.retries ?? 3),
    startPeriodMs: milliseconds(file.start_period, 0),
    startIntervalMs: milliseconds(file.start_interval, 5000),
  };
}

/** `null` for `["NONE"]`, and where something was reported. */
function probeOf(file: schema.Healthcheck, program: Program, report: SubReport): Probe | null {
  if (file.http !== undefined) return networkProbeOf("http", file.http, report);
  if (file.tcp !== undefined) return networkProbeOf("tcp", file.tcp, report);
  const test = file.test!;
  const [kind, ...words] = typeof test === "string" ? ["CMD-SHELL", test] : test;
  const run = (command: Command): Probe => ({ name: "program", program: { ...program, command } });
  const [first, ...rest] = words;
  if (kind === "NONE" && first === undefined) return null;
  if (kind === "CMD" && first !== undefined && first !== "") return run([first, ...rest]);
  if (kind === "CMD-SHELL" && first !== undefined && rest.length === 0) return run(["/bin/sh", "-c", first]);
  report(["test"], 'expected a text, ["CMD", PROGRAM, ...], ["CMD-SHELL", TEXT] or ["NONE"]');
  return null;
}

/** A name goes on as it is: the probe knows what `localhost` may be, and it is told to whom it asks. */
function networkProbeOf(name: "http" | "tcp", address: string, report: SubReport): Probe | null {
  const [, written = "", port = "80"] = /^(?:http:\/\/)?(\[[^\]]*\]|[^:/]*)(?::([0-9]+))?/.exec(address)!;
  if (Number(port) < 1 || Number(port) > 65_535) {
    report([name], `the port ${port} is not from 1 to 65535`);
    return null;
  }
  const url = URL.parse(name === "http" ? address : `http://${address}/`);
  if (url === null) {
    report([name], `${written} is no IP address`);
    return null;
  }
  const common = { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(port) };
  return name === "tcp" ? { name, ...common } : { name, ...common, path: url.pathname + url.search };
}

/** A program that runs beside the service: as the service does, but for what it says itself. */
function hookOf(
  hook: schema.Hooks[number],
  program: Program,
  variables: Variables,
  secrets: NonNullable<schema.Service["secrets"]>,
  sources: ServiceSources,
  path: Path,
): Program {
  const report = under(sources.report, ...path);
  const own = variablesOf(hook.environment ?? {}, sources.variable, under(report, "environment"));
  const environment = hook.environment === undefined ? program.environment : Object.fromEntries(
    withSecrets(together(variables, own, sources), secrets, sources, [...path, "environment"]),
  );
  return {
    ...program,
    command: commandOf({ command: hook.command }, report),
    environment,
    user: hook.user ?? program.user,
    workingDirectory: hook.working_dir === undefined
      ? program.workingDirectory
      : resolvePath(sources.workingDirectory, hook.working_dir),
  };
}

/** What the hooks set themselves; what is wrong with it is told elsewhere. */
function hookVariablesOf(
  { post_start: started = [], pre_stop: stop = [] }: schema.Service,
  sources: ServiceSources,
): Variables[] {
  return [...started, ...stop].map(({ environment = {} }) =>
    variablesOf(environment, sources.variable, () => {})
  );
}

/** What a letter behind a size stands for: the driver json-file counts by thousands, local by 1024, as Docker's do. */
const SIZE_STEPS = ["", "k", "m", "g"];

function loggingOf(file: schema.Logging, report: SubReport): Logging {
  const { driver, options = {} } = file;
  const { "max-size": size, "max-file": files } = options;
  if (driver === undefined || driver === "none") {
    const meant = size ?? files;
    if (meant !== undefined) report(["options"], "only the drivers json-file and local write files");
    return { name: driver === "none" ? "none" : "denit" };
  }
  const local = driver === "local";
  const [, value, letter = ""] = /^([0-9.-]+)([kmg]?)/.exec(
    String(size ?? (local ? "20m" : "-1")).toLowerCase(),
  )!;
  const maxBytes = Number(value) === -1
    ? null
    : Math.floor(Number(value) * (local ? 1024 : 1000) ** SIZE_STEPS.indexOf(letter));
  if (maxBytes !== null && (maxBytes < 1 || !Number.isSafeInteger(maxBytes))) {
    report(["options", "max-size"], "expected a size above 0, or -1 for none");
  }
  const maxFiles = Number(files ?? (local ? 5 : 1));
  if (maxBytes === null && files !== undefined && maxFiles > 1) {
    report(["options", "max-file"], "without max-size the first file is never full");
  }
  return { name: "files", format: local ? "lines" : "json", maxBytes, maxFiles };
}
