/** The options of the one-program form: one table for parsing, environment variables and `--help`. */

import type { Policy } from "../core/model.ts";
import { parseSignal, SIGCHLD, SIGKILL, SIGSTOP } from "../core/signals.ts";
import {
  choice,
  COMMON_OPTIONS,
  type CommonSettings,
  defaultCommonSettings,
  duration,
  flag,
  type Option,
  unknownSignal,
} from "./option.ts";

/** What the command line and the environment ask for; what they leave out has its default. */
export interface Settings extends CommonSettings {
  signalTo: Policy["signalTo"];
  rewrite: Map<number, number>;
  graceMs: number;
  killAfterMs: number | null;
  wait: boolean;
  okExits: Set<number>;
}

/** The settings when nothing is asked for. */
export function defaultSettings(): Settings {
  return {
    signalTo: "group",
    rewrite: new Map(),
    graceMs: 8000,
    killAfterMs: null,
    wait: true,
    okExits: new Set(),
    ...defaultCommonSettings(),
  };
}

/** The options, in the order of `--help`. */
export const OPTIONS: readonly Option<Settings>[] = [
  {
    long: "signal-to",
    value: "WHOM",
    help: "who gets signals: main's group, main alone, or\nevery process (group, main, all) [group]",
    apply: choice(["group", "main", "all"], (settings, word) => settings.signalTo = word),
  },
  {
    long: "rewrite",
    short: "r",
    value: "FROM:TO",
    repeatable: true,
    help: 'forward TO for FROM; "FROM:" drops; repeatable',
    apply(settings, value) {
      const [from = "", to, more] = value.split(":");
      const fromSignal = parseSignal(from);
      const toSignal = to === "" || to === "0" ? 0 : parseSignal(to ?? "");
      if (fromSignal === null || toSignal === null || more !== undefined) {
        const expected = 'FROM:TO, signals by name or number, such as TERM:QUIT, or "HUP:" to drop one';
        return { expected, ...unknownSignal(fromSignal === null ? from : to ?? "") };
      }
      if ([SIGKILL, SIGSTOP, SIGCHLD].includes(fromSignal)) {
        return {
          expected: "a signal that can be forwarded in front of the colon: KILL, STOP and CHLD cannot",
        };
      }
      settings.rewrite.set(fromSignal, toSignal);
      return null;
    },
  },
  {
    long: "grace",
    short: "t",
    value: "DURATION",
    help: "for the rest: time from TERM to KILL [8s]",
    apply: duration((settings, ms) => settings.graceMs = ms),
  },
  {
    long: "kill-after",
    value: "DURATION",
    help: "KILL main so long after INT, TERM, QUIT [off]",
    apply(settings, value) {
      if (value !== "off") return duration<Settings>((_, ms) => settings.killAfterMs = ms)(settings, value);
      settings.killAfterMs = null;
      return null;
    },
  },
  {
    long: "no-wait",
    help: "leave as soon as main has ended",
    apply: flag((settings, on) => settings.wait = !on),
  },
  {
    long: "ok-exit",
    short: "e",
    value: "CODE",
    repeatable: true,
    help: "exit 0 when main exits with CODE; repeatable",
    apply(settings, value) {
      if (!/^[0-9]{1,3}$/.test(value) || Number(value) > 255) {
        return { expected: "an exit code from 0 to 255" };
      }
      settings.okExits.add(Number(value));
      return null;
    },
  },
  ...COMMON_OPTIONS,
  {
    long: "log-format",
    value: "FORMAT",
    help: "how denit's own lines look: text or json [text]",
    apply: choice(["text", "json"], (settings, word) => settings.logFormat = word),
  },
];
