import type { Command, Remaining } from "../../src/core/model.ts";
import {
  describe,
  describeCommand,
  describeProcess,
  describeSeconds,
  describeStatus,
} from "../../src/core/words.ts";
import { equal } from "../assert.ts";

const COMMANDS: readonly (readonly [Command, string])[] = [
  [["nginx"], "nginx"],
  [["/usr/bin/web", "--port=80", "-v", "a_b@c%d+e:f,g.h"], "/usr/bin/web --port=80 -v a_b@c%d+e:f,g.h"],
  [["sh", "-c", "echo hello"], 'sh -c "echo hello"'],
  [["web", ""], 'web ""'],
  [["web", 'say "hi"'], 'web "say \\"hi\\""'],
  [["web", "a\nb"], 'web "a\\nb"'],
  [["a b"], '"a b"'],
  [["web", "$HOME", "*", "~"], 'web "$HOME" "*" "~"'],
];

for (const [command, line] of COMMANDS) {
  Deno.test(`a command as one line: ${line}`, () => equal(describeCommand(command), line));
}

Deno.test("a long command is cut at 100 characters", () => {
  const hundred: Command = ["web", "x".repeat(96)];
  equal(describeCommand(hundred), `web ${"x".repeat(96)}`);
  const more = describeCommand(["web", "x".repeat(97)]);
  equal(more, `web ${"x".repeat(95)}\u2026`);
  equal(more.length, 100);
});

Deno.test("a process is told by its id, and by its command where that is known", () => {
  const process: Remaining = { pid: 12, parent: 1, startTicks: "100" };
  equal(describeProcess(process), "12");
  equal(describeProcess({ ...process, command: "sleep 1000" }), "12 (sleep 1000)");
  equal(describeProcess({ ...process, command: "x".repeat(300) }), `12 (${"x".repeat(99)}\u2026)`);
});

Deno.test("an ending is told by its exit code, and by its signal if there was one", () => {
  equal(describeStatus({ name: "exited", code: 3 }), "ended with 3");
  equal(describeStatus({ name: "killed", signal: 15, coreDumped: false }), "ended with 143 (SIGTERM)");
  equal(
    describeStatus({ name: "killed", signal: 11, coreDumped: true }),
    "ended with 139 (SIGSEGV, core dumped)",
  );
  equal(describeStatus({ name: "killed", signal: 37, coreDumped: false }), "ended with 165 (SIGRTMIN+3)");
});

for (
  const [ms, text] of [
    [0, "0s"],
    [4, "0s"],
    [300, "0.3s"],
    [1500, "1.5s"],
    [8000, "8s"],
    [8000.4, "8s"],
    [8123, "8.1s"],
    [9999, "10s"],
    [12_345, "12s"],
    [90_000, "90s"],
  ] as const
) {
  Deno.test(`${ms} ms are told as ${text}`, () => equal(describeSeconds(ms), text));
}

Deno.test("what concerns denit itself is told in a sentence", () => {
  equal(
    describe({ type: "cannot-adopt" }),
    "Cannot adopt orphans: denit is not PID 1, and this kernel lets it be no subreaper",
  );
  equal(
    describe({ type: "problem", message: "Cannot send SIGHUP to 1: not permitted" }),
    "Cannot send SIGHUP to 1: not permitted",
  );
});

Deno.test("whom a signal was forwarded to is told by group, by process, or as everyone", () => {
  const forwarded = { type: "forwarded", came: 15, signal: 3 } as const;
  equal(
    describe({ ...forwarded, target: { name: "group", id: 7 } }),
    "forwarded SIGTERM as SIGQUIT to group 7",
  );
  equal(describe({ ...forwarded, target: { name: "process", pid: 7 } }), "forwarded SIGTERM as SIGQUIT to 7");
  equal(describe({ ...forwarded, target: { name: "everyone" } }), "forwarded SIGTERM as SIGQUIT to everyone");
});
