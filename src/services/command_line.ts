/** What `denit up` and `denit config` have in common: how their words are read, and how they refuse. */

import { readVariable } from "../../ffi/environment.ts";
import type { Option } from "../cli/option.ts";
import { type Problem, readSettings, typed } from "../cli/settings.ts";
import { suggest } from "../cli/suggest.ts";
import { DENIT_FAILED } from "../core/exit_code.ts";
import { VERSION } from "../version.ts";
import type { Line, Voice } from "../voice.ts";
import type { Host } from "./host.ts";

/** A subcommand's options, and how it speaks of what is wrong with them. */
export interface Subcommand<Settings> {
  readonly name: "up" | "config";
  readonly options: readonly Option<Settings>[];
  readonly helpText: () => string;
  readonly voice: () => Voice;
}

/** Reads options into the settings; returns the names behind them, or does what else is asked for. */
export function readWords<Settings>(
  { name, options, helpText, voice }: Subcommand<Settings>,
  settings: Settings,
  words: readonly string[],
  host: Host,
): readonly string[] {
  const given = readSettings(options, settings, words, readVariable, `denit ${name} --help`);
  switch (given.name) {
    case "operands": {
      const option = given.words.findIndex((word) => word.startsWith("-"));
      if (option < 0) return given.words;
      const before = words.slice(0, words.length - given.words.length);
      const right = [...before, ...given.words.slice(option), ...given.words.slice(0, option)];
      const message = `options come before services: ${typed(["denit", name, ...right])}`;
      return refuse([message], voice(), host);
    }
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

/** Says what is wrong, a line each, and leaves. */
export function refuse(problems: readonly string[], voice: Voice, host: Host): never {
  return host.say(problems.flatMap((message) => voice("error", { type: "problem", message })), DENIT_FAILED);
}

/** A text for standard output. */
export function linesOf(text: string): Line[] {
  return [{ stream: "stdout", text: text.replace(/\n$/, "") }];
}
