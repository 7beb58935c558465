import { sendSignal } from "../ffi/process.ts";
import type { CommonFact, Fact, Note, Role, TimerName } from "../src/core/model.ts";
import { describe } from "../src/core/words.ts";
import { type CommonSurroundings, performCommon } from "../src/perform.ts";
import { deepEqual, equal, ok } from "./assert.ts";
import { fixture } from "./fixture.ts";
import { namespaces } from "./namespaces.ts";
import type { PerformFixture } from "./perform_fixture.ts";
import { ON_TERMINAL } from "./terminal.ts";
import { tempFolder } from "./temp_folder.ts";

const performing = fixture<PerformFixture>(import.meta.resolve("./perform_fixture.ts"));

Deno.test("spawn: starts the program, and tells that", async () => {
  const { result: { fact }, output } = await performing.call("spawn", [["cat", "/proc/self/stat"], {}]);
  const [, , , group] = output.slice(output.lastIndexOf(")")).split(" ").map(Number);
  deepEqual(fact, { type: "spawned", pid: group, foreground: false, handOff: [], atMs: fact.atMs });
});

Deno.test("spawn: tells why a program could not be started", async () => {
  const { result: { fact } } = await performing.call("spawn", [["/no/such/program"], {}]);
  deepEqual(fact, {
    type: "spawn-failed",
    failure: { name: "not found", reason: "no such file", systemReason: "No such file or directory" },
    atMs: fact.atMs,
  });
});

Deno.test("spawn: an error of denit's own is told as a start that failed, so that the run ends", async () => {
  const { result: { fact } } = await performing.call("spawn", [["true", "a\0b"], {}]);
  equal(fact.type, "spawn-failed");
  equal(fact.type === "spawn-failed" && fact.failure.name, "refused");
});

for (
  const [launch, ignored, blocked] of [
    [{}, [1, 34], []],
    [{ keepsIgnored: "real-time" }, [34], []],
    [{ keepsMask: true }, [1, 34], [2, 40]],
  ] as const
) {
  Deno.test(`spawn: main has what the caller ignored and blocked as far as it is to keep that: ${JSON.stringify(launch)}`, async () => {
    const setting = { launch, ignored: [1, 34], blocked: [2, 40] };
    const { output } = await performing.call("spawn", [["cat", "/proc/self/status"], setting]);
    const bits = (name: string): bigint =>
      BigInt(`0x${new RegExp(`^${name}:\\s*(\\w+)$`, "m").exec(output)![1]}`);
    const setOf = (signals: readonly number[]): bigint =>
      signals.reduce((set, signal) => set | 1n << BigInt(signal - 1), 0n);
    deepEqual([bits("SigIgn"), bits("SigBlk")], [setOf(ignored), setOf(blocked)]);
  });
}

for (
  const [place, leadsGroup, leadsSession] of [
    ["terminal group", true, false],
    ["own session", true, true],
    ["our group", false, false],
  ] as const
) {
  Deno.test(`spawn: without a terminal, main in the place that is wanted: ${place}`, async () => {
    const { result: { fact }, output } = await performing.call("spawn", [["cat", "/proc/self/stat"], {
      launch: { place },
    }]);
    const [, , , group, session] = output.slice(output.lastIndexOf(")")).split(" ").map(Number);
    deepEqual([group === pidOf(fact), session === pidOf(fact)], [leadsGroup, leadsSession]);
    deepEqual(fact.type === "spawned" && [fact.foreground, fact.handOff], [false, []]);
  });
}

for (
  const [place, foreground, handOff] of [
    ["terminal group", true, []],
    ["own session", false, [1, 18]],
    ["our group", false, []],
  ] as const
) {
  Deno.test(`spawn: with a terminal, main in the place that is wanted: ${place}`, async () => {
    const words = ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"]; // HUP comes to whoever gives the terminal up
    const { result: { fact }, output } = await performing.call(
      "spawn",
      [["perl", "-MPOSIX", "-e", "print tcgetpgrp(0) == getpgrp ? 1 : 0"], { launch: { place } }],
      { through: [...ON_TERMINAL, ...words] },
    );
    deepEqual(fact.type === "spawned" && [fact.foreground, fact.handOff], [foreground, handOff]);
    equal(output, "1");
  });
}

Deno.test("spawn: main is started by way of other words, or of none", async () => {
  const { output } = await performing.call("spawn", [["echo", "x"], {
    launch: { wrap: ["echo", "wrapped"] },
  }]);
  equal(output, "wrapped echo x\n");
  const { output: plain } = await performing.call("spawn", [["echo", "x"], { launch: { wrap: [] } }]);
  equal(plain, "x\n");
});

Deno.test("spawn: the command's words as bytes, where there are such", async () => {
  const rawCommand = ["printf", "%s"].map((word) => [...new TextEncoder().encode(word)]);
  const { output } = await performing.call("spawn", [["false"], {
    rawCommand: [...rawCommand, [0x61, 0x62]],
  }]);
  equal(output, "ab");
});

for (const closesInherited of [true, false]) {
  Deno.test(`spawn: main inherits descriptors, which denit then ${closesInherited ? "closes" : "keeps"}`, async () => {
    const { result: { open }, output } = await performing.call("spawn", [["ls", "/proc/self/fd"], {
      launch: { closesInherited },
    }], {
      through: ["perl", "-MPOSIX", "-e", "POSIX::dup2(0, $_) for 60, 61; exec @ARGV"],
    });
    deepEqual(output.split("\n").filter((name) => name === "60" || name === "61"), ["60", "61"]);
    deepEqual(open, closesInherited ? [] : [60, 61]);
  });
}

for (const leavesDirectory of [true, false]) {
  Deno.test(`spawn: main starts in denit's working directory, which denit then ${leavesDirectory ? "leaves for /, so that it pins no mount" : "keeps"}`, async () => {
    await using folder = await tempFolder();
    const { output } = await performing.call("folders", [leavesDirectory], {
      through: ["sh", "-c", 'cd "$1"; shift; exec "$@"', "sh", folder.path],
    });
    const path = await Deno.realPath(folder.path);
    deepEqual(output.split("\n"), [path, leavesDirectory ? "/" : path, ""]);
  });
}

Deno.test("spawn: takes the terminal's foreground back from a main that could not be started", async () => {
  const { result } = await performing.call("hasForegroundAfterFailure", [], { through: ON_TERMINAL });
  deepEqual(result, { before: true, after: true });
});

Deno.test("stop-self: stops denit until somebody continues it", async () => {
  await using running = performing.start("stopSelf", []);
  equal(await running.nextLine(), "stopping");
  await running.untilStopped();
  sendSignal(running.pid, 18);
  equal(await running.nextLine(), "went on");
});

const SIGTERM = 15;

Deno.test("send-signal to main's group: those who left the group do not get it", async () => {
  const { result } = await performing.call("sendTo", ["group", SIGTERM]);
  deepEqual(result.left, ["sleep 32"]);
});

Deno.test("send-signal to main alone: its children do not get it", async () => {
  const { result } = await performing.call("sendTo", ["process", SIGTERM]);
  deepEqual(result.left, ["sleep 31", "sleep 32"]);
});

for (const [signal, name] of [[SIGTERM, "TERM"], [9, "KILL"]] as const) {
  Deno.test(`send-signal to everyone, as subreaper: every descendant gets ${name}, in whichever session`, async () => {
    const { result } = await performing.call("sendTo", ["everyone", signal]);
    deepEqual(result.left, []);
  });
}

Deno.test("send-signal to main's group finds a main that has moved to another group, where its leader is meant, too", async () => {
  const { result } = await performing.call("moved", []);
  deepEqual(result, { by: SIGTERM, lines: [] });
});

Deno.test("send-signal: KILL to everyone does not reach the group that denit came with", async () => {
  const { result } = await performing.call("killInOwnGroup", [], { through: ["setsid", "--wait"] });
  deepEqual(result.left, []);
});

Deno.test("send-signal: warns where it is not permitted, and says nothing of who is gone", async () => {
  const SETUID = { x86_64: 105, aarch64: 146 }[Deno.build.arch];
  const { result } = await performing.call("notPermitted", [SETUID]);
  deepEqual(result, ["warning: Cannot send signal 0 to 1: not permitted"]);
});

Deno.test("count: as subreaper a child counts until it is reaped", async () => {
  const { result } = await performing.call("counts", ["subreaper"]);
  deepEqual(result, [false, true, true, false]);
});

Deno.test({
  name: "count: as PID 1 every process counts until it is reaped",
  ignore: namespaces === null,
  async fn() {
    const { result } = await performing.call("counts", ["first"], {
      through: [...namespaces!, "--mount-proc"],
    });
    deepEqual(result, [false, true, true, false]);
  },
});

const SCRIPT = "exit unless fork; sleep 30";

for (
  const [role, through] of [
    ["subreaper", []],
    ["first", namespaces === null ? null : [...namespaces, "--mount-proc"]],
  ] as const
) {
  Deno.test({
    name: `survey, as ${role}: tells all below but zombies of others; our own are still to be reaped`,
    ignore: through === null,
    async fn() {
      const { result } = await performing.call("surveys", [true, role], { through: through! });
      const { main, zombie, remaining, after } = result;
      const parent = role === "first" ? 1 : remaining![0]!.parent;
      deepEqual(remaining!.map(({ startTicks, ...rest }) => (ok(/^\d+$/.test(startTicks)), rest)), [
        { pid: main, parent, command: `perl -e ${SCRIPT}` },
        { pid: zombie, parent, command: "true" },
      ]);
      deepEqual(after, []);
    },
  });
}

Deno.test("survey: an error of denit's own is told, and answered as by a /proc that does not tell", () => {
  const lines: string[] = [];
  const facts: CommonFact[] = [];
  const around = {
    get role(): Role {
      throw new RangeError("too many");
    },
    log: { write: (level: string, note: Note) => void lines.push(`${level}: ${describe(note)}`) },
  } as unknown as CommonSurroundings;
  performCommon({ type: "survey", withCommands: false }, around, (fact) => void facts.push(fact));
  deepEqual(lines, ["error: Cannot see who is left: RangeError: too many"]);
  deepEqual(facts, [{ type: "surveyed", remaining: null, atMs: facts[0]!.atMs }]);
});

Deno.test("survey: does not look for commands where they are not asked for", async () => {
  const { result } = await performing.call("surveys", [false, "subreaper"]);
  deepEqual(result.remaining!.map((process) => "command" in process), [false, false]);
});

for (
  const [role, whom, left] of [
    ["first", "everyone", false],
    ["subreaper", "main's group, which is all that it knows", true],
  ] as const
) {
  Deno.test({
    name:
      `as ${role}, where /proc is another namespace's: surveys nobody, and KILL to everyone goes to ${whom}`,
    ignore: namespaces === null,
    async fn() {
      const { result } = await performing.call("withoutProc", [role], { through: namespaces! });
      deepEqual(result, { remaining: null, left });
    },
  });
}

Deno.test({
  name: "survey: where /proc hides whoever is left, it cannot tell; that is not the same as nobody",
  ignore: namespaces === null || Deno.uid() !== 0,
  async fn() {
    const SETUID = { x86_64: 105, aarch64: 146 }[Deno.build.arch];
    const hide = ["sh", "-c", 'mount -o remount,hidepid=2 /proc; exec "$@"', "sh"];
    const noGroup = ["setpriv", "--regid=65534", "--clear-groups"]; // the first group sees all
    const { result } = await performing.call("surveyHidden", [SETUID], {
      through: [...namespaces!, "--mount-proc", ...hide, ...noGroup],
    });
    deepEqual(result, { seen: 1, remaining: null });
  },
});

Deno.test("set-timer: sets a timer from now on; one of that name forgets the time that it had", async () => {
  const set: [TimerName, number][] = [["grace", 1000], ["survey", 100_000], ["grace", 50_000]];
  const { result: none } = await performing.call("timers", [set, 49_999]);
  deepEqual(none, []);
  const { result } = await performing.call("timers", [set, 101_000]);
  deepEqual(result, ["grace", "survey"]);
});

Deno.test("log and exit do what they say", async () => {
  const { result } = await performing.call("logAndExit", []);
  deepEqual(result, { lines: ["warning: the message"], exits: [3] });
});

Deno.test("leaves by INT where that was ordered before", async () => {
  const { result } = await performing.call("leaveByInterrupt", []);
  deepEqual(result, [-2]);
});

function pidOf(fact: Fact | undefined): number {
  return fact?.type === "spawned" ? fact.pid : 0;
}
