/** The command lines of `denit up` and `denit config`. */

import { optionRows } from "./help.ts";
import {
  choice,
  COMMON_OPTIONS,
  type CommonSettings,
  defaultCommonSettings,
  duration,
  flag,
  type Option,
  QUIET,
  variableOf,
} from "./option.ts";

/** What both are told about the file. */
export interface FileSettings {
  /** The path of the file; `null`: where it is usually found. */
  file: string | null;
  profiles: string[];
  compat: boolean;
  /** For the whole shutdown. */
  timeoutMs: number;
}

/** What `denit up` is told. */
export interface UpSettings extends FileSettings, CommonSettings {
  logPrefix: boolean;
  color: boolean;
  logFolder: string;
}

/** What `denit config` is told. */
export interface ConfigSettings extends FileSettings, Pick<CommonSettings, "verbosity"> {
  schema: boolean;
}

/** A second less than Docker allows, so that there is time to say who did not stop. */
const TIMEOUT_MS = 9000;

function defaultFileSettings(): FileSettings {
  return { file: null, profiles: [], compat: false, timeoutMs: TIMEOUT_MS };
}

/** The settings of `denit up` when nothing is asked for. */
export function defaultUpSettings(): UpSettings {
  return {
    ...defaultFileSettings(),
    ...defaultCommonSettings(),
    logPrefix: true,
    color: true,
    logFolder: "/var/log/denit",
  };
}

/** The settings of `denit config` when nothing is asked for. */
export function defaultConfigSettings(): ConfigSettings {
  return { ...defaultFileSettings(), verbosity: "normal", schema: false };
}

const FILE_OPTIONS: readonly Option<FileSettings>[] = [
  {
    long: "file",
    short: "f",
    value: "FILE",
    once: "name the other one in it, under include",
    help: "the file [./denit.yaml, /etc/denit.yaml]",
    apply(settings, value) {
      if (value === "") return { expected: "the path of a file" };
      settings.file = value;
      return null;
    },
  },
  {
    long: "profile",
    value: "NAME",
    repeatable: true,
    help: "also services of this profile; repeatable",
    apply(settings, value) {
      settings.profiles.push(value);
      return null;
    },
  },
  {
    long: "compat",
    help: "pass over the keys that belong to Docker",
    apply: flag((settings, on) => settings.compat = on),
  },
  {
    long: "timeout",
    short: "t",
    value: "DURATION",
    help: "for the whole shutdown; KILL behind it [9s]",
    apply: duration((settings, ms) => settings.timeoutMs = ms),
  },
];

/** The options of `denit up`, in the order of its help. */
export const UP_OPTIONS: readonly Option<UpSettings>[] = [
  ...FILE_OPTIONS,
  {
    long: "no-log-prefix",
    help: "output as it is, not as `service | line`",
    apply: flag((settings, on) => settings.logPrefix = !on),
  },
  {
    long: "no-color",
    help: "no colours on a terminal",
    apply: flag((settings, on) => settings.color = !on),
  },
  {
    long: "log-folder",
    value: "FOLDER",
    help: "for logging to files [/var/log/denit]",
    apply(settings, value) {
      if (!value.startsWith("/")) return { expected: "an absolute path" };
      settings.logFolder = value;
      return null;
    },
  },
  ...COMMON_OPTIONS,
  {
    long: "log-format",
    value: "FORMAT",
    help: "how all lines look: text or json [text]",
    apply: choice(["text", "json"], (settings, word) => settings.logFormat = word),
  },
];

/** The options of `denit config`, in the order of its help. */
export const CONFIG_OPTIONS: readonly Option<ConfigSettings>[] = [
  ...FILE_OPTIONS,
  { ...QUIET, help: "only check: print nothing if it is right" },
  {
    long: "schema",
    help: "print the JSON Schema of such files",
    apply: flag((settings, on) => settings.schema = on),
  },
];

/** What `denit up --help` prints: one screen of 80 columns. */
export function upHelpText(): string {
  return `Usage: denit up [OPTIONS] [SERVICE...]

Runs the services of a Compose-style file, or those named and what they depend
on: starts them in order, restarts them, shuts all down in order on TERM or INT
(a second one: KILL at once), rereads the file on HUP.

${optionRows(UP_OPTIONS)}
  -h, --help                     this text

Each option has a variable too (${variableOf(UP_OPTIONS[3]!)}=20s); the command line wins.
Exit: the code of the service that ended the container, else of the first that
failed, else 0; 125 an error of denit's own or of the file.`;
}

/** What `denit config --help` prints. */
export function configHelpText(): string {
  return `Usage: denit config [OPTIONS] [SERVICE...]

Checks the file that denit up would run, and prints it as it would be run.

${optionRows(CONFIG_OPTIONS)}
  -h, --help                     this text

Exit: 0 if the file is right, else 125.`;
}
