import { deepEqual, equal, match, ok } from "../assert.ts";
import { type Around, fixture } from "../fixture.ts";
import { tempFolder } from "../temp_folder.ts";
import type { SpawnFailure } from "../../ffi/executable.ts";
import type { SpawnFixture, Word } from "./spawn_fixture.ts";

const spawning = fixture<SpawnFixture>(import.meta.resolve("./spawn_fixture.ts"));

const EXITED_0 = { name: "exited", code: 0 } as const;

/** Closes what a test runner may have left open. */
const CLEAN: readonly string[] = ["perl", "-MPOSIX", "-e", "POSIX::close($_) for 3 .. 255; exec @ARGV"];

/** A Perl program that shows its arguments in hexadecimal. */
const SHOW_ARGUMENTS = ["perl", "-e", 'print unpack("H*", $_), "\\n" for @ARGV'];

// What the program gets

Deno.test("hands over each argument byte for byte", async () => {
  const words = ["a b", "", "-v", "--", "\u{fc}\u{1f600}", "a\nb", "*", "$HOME", '"'];
  const { result, output } = await spawning.call("run", [[...SHOW_ARGUMENTS, ...words]]);
  ok("status" in result);
  deepEqual(result.status, EXITED_0);
  deepEqual(output.split("\n").slice(0, -1), words.map((word) => hex(new TextEncoder().encode(word))));
});

Deno.test("hands over arguments that are no UTF-8", async () => {
  const bytes = [[0xff, 0xfe], [0x61, 0xc3], [0x80]];
  const { output } = await spawning.call("run", [[...SHOW_ARGUMENTS, ...bytes]]);
  deepEqual(output.split("\n").slice(0, -1), bytes.map((word) => hex(new Uint8Array(word))));
});

Deno.test("hands over the environment byte for byte, in its order, also what is no UTF-8", async () => {
  const set = `$ENV{"DENIT_RAW"} = "\\xff\\xfe=x\\n"; $ENV{"DENIT_EMPTY"} = ""; exec @ARGV`;
  const show = 'open F, "/proc/self/environ"; local $/; print unpack("H*", <F>)';
  const { result, output } = await spawning.call("runWithEnvironment", [["perl", "-e", show]], {
    through: ["perl", "-e", set],
  });
  const given = hex(new Uint8Array(result));
  equal(output, given);
  ok(given.includes(hex(new TextEncoder().encode("DENIT_RAW=")) + "fffe3d780a00"));
  ok(given.includes(hex(new TextEncoder().encode("DENIT_EMPTY=\0"))));
});

Deno.test("starts the program in denit's working directory", async () => {
  await using folder = await tempFolder();
  const { output } = await spawning.call("run", [["pwd", "-P"]], {
    through: ["sh", "-c", 'cd "$1"; shift; exec "$@"', "sh", folder.path],
  });
  equal(output.trim(), await Deno.realPath(folder.path));
});

for (
  const [place, expected] of [
    ["own group", { leadsGroup: true, leadsSession: false }],
    ["own session", { leadsGroup: true, leadsSession: true }],
    ["our group", { leadsGroup: false, leadsSession: false }],
  ] as const
) {
  Deno.test(`starts the program in the place that is wanted: ${place}`, async () => {
    const { result, output } = await spawning.call("run", [["cat", "/proc/self/stat"], { place }]);
    ok("pid" in result);
    const [, , , group, session] = output.slice(output.lastIndexOf(")")).split(" ").map(Number);
    deepEqual({ leadsGroup: group === result.pid, leadsSession: session === result.pid }, expected);
  });
}

Deno.test("starts the program with these signals blocked, and no other", async () => {
  const blocked = [1, 12, 34, 64];
  const { output } = await spawning.call("run", [["cat", "/proc/self/status"], { blocked }]);
  deepEqual(signalSets(output), { blocked, ignored: [], caught: [] });
});

Deno.test("starts the program with no signal blocked, ignored or caught, whatever denit does with its own", async () => {
  const { output } = await spawning.call("runAmidSignals", [["cat", "/proc/self/status"], []], {
    through: ["perl", "-MPOSIX", "-e", BLOCK_USR2],
  });
  deepEqual(signalSets(output), { blocked: [], ignored: [], caught: [] });
});

/** Blocks USR2 and then becomes another program, which inherits that. */
const BLOCK_USR2 = `POSIX::sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGUSR2)); exec @ARGV`;

Deno.test("keeps ignored what shall stay ignored, and nothing else: caught, real-time and glibc's own too", async () => {
  const ignored = [1, 10, 17, 34, 64];
  const { output } = await spawning.call("runAmidSignals", [["cat", "/proc/self/status"], ignored]);
  deepEqual(signalSets(output), { blocked: [], ignored, caught: [] });
});

Deno.test("still hears a signal that it had to ignore for the program, which was started or not", async () => {
  const { result } = await spawning.call("hearsAfterSpawn", []);
  deepEqual(result, [1]);
});

Deno.test("hears each signal that comes while it starts programs in which that stays ignored", async () => {
  const { result } = await spawning.call("hearsDuringSpawns", [20_000]);
  deepEqual(result, { heard: 20_000 });
});

Deno.test("gives the program no descriptor of denit's own", async () => {
  const { output } = await spawning.call("runAmidSignals", [["ls", "/proc/self/fd"], []], { through: CLEAN });
  deepEqual(output.trim().split("\n"), ["0", "1", "2", "3"]); // 3 is ls's own, on the folder that it lists
});

Deno.test("leaves the program the descriptors that it is to inherit", async () => {
  const through = ["perl", "-MPOSIX", "-e", "POSIX::dup2(0, 60); exec @ARGV"];
  const { output } = await spawning.call("run", [["ls", "/proc/self/fd"]], { through });
  ok(output.split("\n").includes("60"), output);
});

Deno.test("starts the program also when the terminal whose foreground it should get is not there", async () => {
  const { result } = await spawning.call("run", [["true"], { place: "foreground" }]);
  ok("status" in result);
  deepEqual(result.status, EXITED_0);
});

// Scripts without #!

Deno.test("runs a script without #! by /bin/sh, with its arguments", async () => {
  await using folder = await tempFolder();
  const script = await folder.write("script", 'echo "$0 $# $2"; exit 3\n', 0o755);
  const { result, output } = await spawning.call("run", [[script, "a", "b c"]]);
  ok("status" in result);
  deepEqual(result.status, { name: "exited", code: 3 });
  equal(output, `${script} 2 b c\n`);
});

Deno.test("runs a script without #! that it finds in PATH", async () => {
  await using folder = await tempFolder();
  const script = await folder.write("my-script", 'echo "$0 $1"\n', 0o755);
  const { output } = await spawning.call("run", [["my-script", "x"]], inPath(folder.path));
  equal(output, `${script} x\n`);
});

Deno.test("runs a script without #! that it finds in PATH behind a folder of that name", async () => {
  await using folder = await tempFolder();
  await Deno.mkdir(`${folder.path}/first/my-script`, { recursive: true });
  await Deno.mkdir(`${folder.path}/second`);
  const script = await folder.write("second/my-script", 'echo "$0"\n', 0o755);
  const { output } = await spawning.call(
    "run",
    [["my-script"]],
    inPath(`${folder.path}/first:${folder.path}/second`),
  );
  equal(output, `${script}\n`);
});

Deno.test("runs a script without #! that it finds in PATH, with an argument that is no UTF-8", async () => {
  await using folder = await tempFolder();
  await folder.write("my-script", 'printf %s "$1" | od -An -tx1\n', 0o755);
  const name = [...new TextEncoder().encode("my-script")];
  const { output } = await spawning.call("run", [[name, [0xff, 0xfe]]], inPath(folder.path));
  equal(output.trim(), "ff fe");
});

Deno.test("runs an empty executable file as an empty script", async () => {
  await using folder = await tempFolder();
  const script = await folder.write("empty", "", 0o755);
  const { result } = await spawning.call("run", [[script]]);
  ok("status" in result);
  deepEqual(result.status, EXITED_0);
});

// What cannot be started

/** The head of a program for a machine that nobody has. */
const FOREIGN_ELF = new Uint8Array(64);
FOREIGN_ELF.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0xf0, 0xff, 1]);

interface Failure {
  readonly name: string;
  /** The words, with FOLDER for a folder that holds the files below. */
  readonly argv: Word[];
  readonly failure: SpawnFailure["name"];
  readonly reason: RegExp;
  /** In the words of strerror(3). */
  readonly systemReason: string;
}

const FAILURES: readonly Failure[] = [
  {
    name: "a command that is nowhere in PATH",
    argv: ["no-such-command"],
    failure: "not found",
    reason: /^no such command in PATH \(FOLDER:/,
    systemReason: "No such file or directory",
  },
  {
    name: "a command that is nowhere in PATH, beside an argument that is no UTF-8",
    argv: [[...new TextEncoder().encode("no-such-command")], [0xff]],
    failure: "not found",
    reason: /^no such command in PATH \(FOLDER:/,
    systemReason: "No such file or directory",
  },
  {
    name: "an empty name",
    argv: [""],
    failure: "not found",
    reason: /^no such command in PATH /,
    systemReason: "No such file or directory",
  },
  {
    name: "a missing file",
    argv: ["FOLDER/missing"],
    failure: "not found",
    reason: /^no such file$/,
    systemReason: "No such file or directory",
  },
  {
    name: "a file below a file",
    argv: ["FOLDER/plain/web"],
    failure: "bad path",
    reason: /^a part of its path is not a directory$/,
    systemReason: "Not a directory",
  },
  {
    name: "a file that is not executable",
    argv: ["FOLDER/plain"],
    failure: "not permitted",
    reason: /^it is not an executable file, or its folder may not be searched$/,
    systemReason: "Permission denied",
  },
  {
    name: "a file in PATH that is not executable",
    argv: ["plain"],
    failure: "not permitted",
    reason: /^it is not an executable file, /,
    systemReason: "Permission denied",
  },
  {
    name: "a folder",
    argv: ["FOLDER"],
    failure: "not permitted",
    reason: /^it is not an executable file, /,
    systemReason: "Permission denied",
  },
  {
    name: "a script whose interpreter is missing",
    argv: ["FOLDER/orphan"],
    failure: "no interpreter",
    reason: /^the file is there, but the interpreter or loader that it names is not$/,
    systemReason: "No such file or directory",
  },
  {
    name: "a script in PATH whose interpreter is missing",
    argv: ["orphan"],
    failure: "no interpreter",
    reason: /^the file is there, but the interpreter /,
    systemReason: "No such file or directory",
  },
  {
    name: "a program for another machine",
    argv: ["FOLDER/foreign"],
    failure: "not executable",
    reason: /^it is a program for another machine, or damaged$/,
    systemReason: "Exec format error",
  },
  {
    name: "a program in PATH for another machine",
    argv: ["foreign"],
    failure: "not executable",
    reason: /^it is a program for another machine, or damaged$/,
    systemReason: "Exec format error",
  },
  {
    name: "a link that leads to itself",
    argv: ["FOLDER/loop"],
    failure: "bad path",
    reason: /^too many levels of symbolic links$/,
    systemReason: "Too many levels of symbolic links",
  },
  {
    name: "a name that is too long",
    argv: [`/${"x".repeat(300)}`],
    failure: "bad path",
    reason: /^file name too long$/,
    systemReason: "File name too long",
  },
  {
    name: "an argument that is too long",
    argv: ["true", { length: 200_000 }],
    failure: "not executable",
    reason: /^argument list too long$/,
    systemReason: "Argument list too long",
  },
];

for (const { name, argv, failure, reason, systemReason } of FAILURES) {
  Deno.test(`cannot start ${name}: ${failure}`, async () => {
    await using folder = await tempFolder();
    await folder.write("plain", "true\n", 0o644);
    await folder.write("orphan", "#!/no/such/interpreter\n", 0o755);
    await folder.write("foreign", FOREIGN_ELF, 0o755);
    await Deno.symlink("loop", `${folder.path}/loop`);
    const words = argv.map((word) => typeof word === "string" ? word.replace("FOLDER", folder.path) : word);
    const { result } = await spawning.call("run", [words], inPath(folder.path));
    ok("reason" in result, JSON.stringify(result));
    equal(result.name, failure);
    match(result.reason.replace(folder.path, "FOLDER"), reason);
    equal(result.systemReason, systemReason);
  });
}

Deno.test("finds commands where the system keeps them when there is no PATH", async () => {
  const { result } = await spawning.call("run", [["true"]], {
    through: ["perl", "-e", "delete $ENV{PATH}; exec @ARGV"],
  });
  ok("status" in result, JSON.stringify(result));
});

Deno.test("tells where it looked when there is no PATH", async () => {
  const { result } = await spawning.call("run", [["no-such-command"]], {
    through: ["perl", "-e", "delete $ENV{PATH}; exec @ARGV"],
  });
  equal("reason" in result && result.reason, "no such command in PATH (/bin:/usr/bin)");
});

Deno.test("a part of PATH that is too long is passed over, as by execvp", async () => {
  const { output } = await spawning.call("run", [["echo", "found"]], {
    env: { PATH: `${"/x".repeat(3000)}:${Deno.env.get("PATH")}` },
  });
  equal(output, "found\n");
});

Deno.test("an empty part of PATH means the working directory", async () => {
  await using folder = await tempFolder();
  await folder.write("my-script", "echo found\n", 0o755);
  const { output } = await spawning.call("run", [["my-script"]], {
    through: ["sh", "-c", 'cd "$1"; shift; exec "$@"', "sh", folder.path],
    env: { PATH: `:${Deno.env.get("PATH")}` },
  });
  equal(output, "found\n");
});

Deno.test({
  name: "says that the system has no room for another process",
  ignore: Deno.uid() !== 0,
  async fn() {
    const SETUID = { x86_64: 105, aarch64: 146 }[Deno.build.arch];
    const { result } = await spawning.call("runWithoutRoom", [SETUID], {
      through: ["prlimit", "--nproc=0"],
    });
    ok(typeof result === "object", String(result));
    equal(result.name, "refused");
    match(result.reason, /^the system has no room for another process \(resource temporarily unavailable\)$/);
  },
});

/** With a folder in front of PATH. */
function inPath(folder: string): Around {
  return { env: { PATH: `${folder}:${Deno.env.get("PATH")}` } };
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The signals in each set of a `/proc/PID/status`. */
function signalSets(status: string): Record<"blocked" | "ignored" | "caught", number[]> {
  const set = (name: string): number[] => {
    const bits = BigInt(`0x${new RegExp(`^${name}:\\s*([0-9a-f]+)$`, "m").exec(status)![1]}`);
    return Array.from({ length: 64 }, (_, i) => i + 1).filter((signal) => bits >> BigInt(signal - 1) & 1n);
  };
  return { blocked: set("SigBlk"), ignored: set("SigIgn"), caught: set("SigCgt") };
}
