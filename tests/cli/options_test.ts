/** Each option, on the command line and as a variable. */

import type { Level } from "../../src/core/model.ts";
import { variableOf } from "../../src/cli/option.ts";
import { defaultSettings, OPTIONS, type Settings } from "../../src/cli/options.ts";
import { parseCommandLine } from "../../src/cli/parse.ts";
import { START_FAILURE_CODES } from "../../src/core/exit_code.ts";
import { deepEqual, equal, fail } from "../assert.ts";

const DEFAULTS: Settings = {
  signalTo: "group",
  rewrite: new Map(),
  graceMs: 8000,
  killAfterMs: null,
  wait: true,
  okExits: new Set(),
  parentDeathSignal: null,
  warnReaped: false,
  verbosity: "normal",
  logFormat: "text",
};

Deno.test("without options everything has the default that the manual tells", () => {
  deepEqual(settingsOf([]), DEFAULTS);
  deepEqual(defaultSettings(), DEFAULTS);
});

Deno.test("denit's own form of a run: main in the terminal's foreground, clean signals, and orphans adopted", () => {
  const request = parseCommandLine(["--", "web"], () => undefined);
  if (request.name !== "run") fail(JSON.stringify(request));
  const { launch, adopts, policy } = request.plan;
  deepEqual({ ...launch, adopts, stopsItself: policy.stopsItself, codes: policy.startFailureCodes }, {
    place: "terminal group",
    keepsMask: false,
    keepsIgnored: "all",
    closesInherited: true,
    leavesDirectory: true,
    wrap: null,
    adopts: true,
    stopsItself: false,
    codes: START_FAILURE_CODES,
  });
});

Deno.test("--verbose: what is shown is also looked up", () => {
  for (const [words, verbose] of [[[], false], [["-v"], true], [["-q"], false]] as const) {
    const request = parseCommandLine([...words, "--", "web"], () => undefined);
    equal(request.name === "run" && request.plan.policy.verbose, verbose);
  }
});

/** What each option does when it is given: on the command line, and the same by its variable. */
const CASES: Record<string, readonly (readonly [words: string[], variable: string, Partial<Settings>])[]> = {
  "signal-to": [
    [["--signal-to", "main"], "main", { signalTo: "main" }],
    [["--signal-to=all"], "all", { signalTo: "all" }],
    [["--signal-to=group"], "group", { signalTo: "group" }],
  ],
  "rewrite": [
    [["-r", "TERM:QUIT"], "TERM:QUIT", { rewrite: new Map([[15, 3]]) }],
    [["--rewrite=15:3"], "15:3", { rewrite: new Map([[15, 3]]) }],
    [["-rsigterm:SigQuit"], "sigterm:SigQuit", { rewrite: new Map([[15, 3]]) }],
    [["-r", "HUP:"], "HUP:", { rewrite: new Map([[1, 0]]) }],
    [["-r", "HUP:0"], "HUP:0", { rewrite: new Map([[1, 0]]) }],
    [["-r", "RTMIN+3:KILL"], "RTMIN+3:KILL", { rewrite: new Map([[37, 9]]) }],
  ],
  "grace": [
    [["-t", "5s"], "5s", { graceMs: 5000 }],
    [["--grace", "1m30s"], "1m30s", { graceMs: 90_000 }],
    [["--grace=0"], "0", { graceMs: 0 }],
  ],
  "kill-after": [
    [["--kill-after=5s"], "5s", { killAfterMs: 5000 }],
    [["--kill-after", "off"], "off", { killAfterMs: null }],
  ],
  "no-wait": [
    [["--no-wait"], "true", { wait: false }],
    [["--no-wait=false"], "0", { wait: true }],
  ],
  "ok-exit": [
    [["-e", "143"], "143", { okExits: new Set([143]) }],
    [["--ok-exit=0"], "0", { okExits: new Set([0]) }],
    [["--ok-exit=255"], "255", { okExits: new Set([255]) }],
  ],
  "parent-death-signal": [
    [["-p", "TERM"], "TERM", { parentDeathSignal: 15 }],
    [["--parent-death-signal=SIGRTMIN+3"], "37", { parentDeathSignal: 37 }],
  ],
  "warn-reaped": [[["-w"], "yes", { warnReaped: true }], [["--warn-reaped"], "1", { warnReaped: true }]],
  "verbose": [[["-v"], "on", { verbosity: "verbose" }], [["--verbose=no"], "off", { verbosity: "normal" }]],
  "quiet": [[["-q"], "true", { verbosity: "quiet" }], [["--quiet=false"], "false", { verbosity: "normal" }]],
  "log-format": [
    [["--log-format", "json"], "json", { logFormat: "json" }],
    [["--log-format=text"], "text", { logFormat: "text" }],
  ],
};

Deno.test("every option is tested here", () => {
  deepEqual(OPTIONS.map(({ long }) => long).sort(), Object.keys(CASES).sort());
});

for (const option of OPTIONS) {
  for (const [words, variable, changes] of CASES[option.long] ?? []) {
    Deno.test(`${words.join(" ")}`, () => {
      deepEqual(settingsOf(words), { ...DEFAULTS, ...changes });
    });
    Deno.test(`${variableOf(option)}=${variable}`, () => {
      deepEqual(settingsOf([], { [variableOf(option)]: variable }), { ...DEFAULTS, ...changes });
    });
  }
}

Deno.test("each variable is DENIT_ and the option's name", () => {
  deepEqual(OPTIONS.map(variableOf), [
    "DENIT_SIGNAL_TO",
    "DENIT_REWRITE",
    "DENIT_GRACE",
    "DENIT_KILL_AFTER",
    "DENIT_NO_WAIT",
    "DENIT_OK_EXIT",
    "DENIT_PARENT_DEATH_SIGNAL",
    "DENIT_WARN_REAPED",
    "DENIT_VERBOSE",
    "DENIT_QUIET",
    "DENIT_LOG_FORMAT",
  ]);
});

for (
  const [words, variables, changes] of [
    [["--signal-to=main"], { DENIT_SIGNAL_TO: "all" }, { signalTo: "main" }],
    [["--grace=1s"], { DENIT_GRACE: "2s" }, { graceMs: 1000 }],
    [["--kill-after=1s"], { DENIT_KILL_AFTER: "2s" }, { killAfterMs: 1000 }],
    [["--kill-after=off"], { DENIT_KILL_AFTER: "2s" }, { killAfterMs: null }],
    [["--no-wait=false"], { DENIT_NO_WAIT: "1" }, { wait: true }],
    [["-p", "TERM"], { DENIT_PARENT_DEATH_SIGNAL: "HUP" }, { parentDeathSignal: 15 }],
    [["--warn-reaped=false"], { DENIT_WARN_REAPED: "1" }, { warnReaped: false }],
    [["--verbose=false"], { DENIT_VERBOSE: "1" }, { verbosity: "normal" }],
    [["-q"], { DENIT_VERBOSE: "1" }, { verbosity: "quiet" }],
    [["-v"], { DENIT_QUIET: "1" }, { verbosity: "verbose" }],
    [["--quiet=false"], { DENIT_QUIET: "1" }, { verbosity: "normal" }],
    [["--log-format=text"], { DENIT_LOG_FORMAT: "json" }, { logFormat: "text" }],
    [["-r", "TERM:INT"], { DENIT_REWRITE: "TERM:QUIT" }, { rewrite: new Map([[15, 2]]) }],
  ] as const
) {
  const [variable] = Object.entries(variables)[0]!;
  Deno.test(`the command line wins: ${words.join(" ")} over ${variable}`, () => {
    deepEqual(settingsOf(words, variables), { ...DEFAULTS, ...changes });
  });
}

Deno.test("of several on the command line the last wins", () => {
  equal(settingsOf(["-t", "1s", "--grace=2s"]).graceMs, 2000);
  equal(settingsOf(["-v", "-q"]).verbosity, "quiet");
  equal(settingsOf(["-q", "-v"]).verbosity, "verbose");
});

Deno.test("an option that may be repeated adds up, also to what its variable holds", () => {
  deepEqual(
    settingsOf(["-e", "1", "-e2", "--ok-exit=3"], { DENIT_OK_EXIT: "4, 5 6" }).okExits,
    new Set([4, 5, 6, 1, 2, 3]),
  );
  deepEqual(
    settingsOf(["-r", "USR1:USR2"], { DENIT_REWRITE: "TERM:QUIT HUP:,INT:TERM" }).rewrite,
    new Map([[15, 3], [1, 0], [2, 15], [10, 12]]),
  );
});

Deno.test("a variable that is empty counts as not set", () => {
  deepEqual(settingsOf([], Object.fromEntries(OPTIONS.map((option) => [variableOf(option), ""]))), DEFAULTS);
});

Deno.test("one that says it is off leaves the other alone: not quiet is not less verbose", () => {
  equal(settingsOf([], { DENIT_VERBOSE: "1", DENIT_QUIET: "0" }).verbosity, "verbose");
  equal(settingsOf(["--quiet=false"], { DENIT_VERBOSE: "1" }).verbosity, "verbose");
  equal(settingsOf(["--verbose=false"], { DENIT_QUIET: "1" }).verbosity, "quiet");
});

function settingsOf(
  options: readonly string[],
  variables: Record<string, string | undefined> = {},
): Settings {
  const request = parseCommandLine([...options, "--", "web"], (name) => variables[name]);
  if (request.name !== "run") fail(JSON.stringify(request));
  const { policy, parentDeathSignal, voice } = request.plan;
  const shows = (level: Level): boolean => voice(level, { type: "gave-up" }).length > 0;
  const [line] = voice("error", { type: "gave-up" });
  return {
    signalTo: policy.signalTo,
    rewrite: new Map(policy.rewrite),
    graceMs: policy.graceMs,
    killAfterMs: policy.killAfterMs,
    wait: policy.atEnd === "wait",
    okExits: new Set(policy.okExits),
    parentDeathSignal,
    warnReaped: policy.warnReaped,
    verbosity: shows("info") ? "verbose" : shows("warning") ? "normal" : "quiet",
    logFormat: line!.text.startsWith("{") ? "json" : "text",
  };
}
