/** Which program denit is: by the name that it is started under, or by `--as`. */

import { deepEqual, equal, match } from "../assert.ts";
import { TELL } from "./common.ts";
import { DENIT, perl } from "./support.ts";

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(command: readonly string[]): Promise<Outcome> {
  const [first, ...args] = command;
  const { code, stdout, stderr } = await new Deno.Command(first!, { args, stdin: "null" }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** Starts denit under a name. */
function named(name: string, ...words: string[]): string[] {
  return ["bash", "-c", 'name=$1; shift; exec -a "$name" "$@"', "bash", name, ...DENIT, ...words];
}

const VERSION: readonly (readonly [string, string, RegExp])[] = [
  ["tini", "--version", /^tini version /],
  ["docker-init", "--version", /^tini version /],
  ["dumb-init", "-V", /^dumb-init v/],
  ["catatonit", "-V", /^tini version .*_catatonit/],
];
for (const [name, option, version] of VERSION) {
  for (
    const [how, command] of [
      [`--as ${name}`, [...DENIT, "--as", name, option]],
      [`--as=${name}`, [...DENIT, `--as=${name}`, option]],
      [`the name ${name}`, named(name, option)],
      [`the name /usr/bin/${name}`, named(`/usr/bin/${name}`, option)],
      [`the name ./${name}`, named(`./${name}`, option)],
      [`--as ${name} under another's name`, named("tini", "--as", name, option)],
      [`--as=${name} under a name of no meaning`, named("init", `--as=${name}`, option)],
    ] as const
  ) {
    Deno.test(`denit is ${name} by ${how}`, async () => {
      const { code, stdout, stderr } = await run(command);
      match(stdout + stderr, version);
      equal(code, 0);
    });
  }
}

for (const name of ["denit", "tini2", "Tini", "tini-static", "init", "-tini", "tini/x"]) {
  Deno.test(`denit is itself under the name ${name}`, async () => {
    match((await run(named(name, "--version"))).stdout, /^denit \d/);
  });
}
for (const as of [["--as", "denit"], ["--as=denit"]]) {
  Deno.test(`${as.join(" ")}: denit is itself under any name`, async () => {
    match((await run(named("dumb-init", ...as, "--version"))).stdout, /^denit \d/);
  });
}

for (
  const as of [["--as", "s6"], ["--as=s6"], ["--as", ""], ["--as="], ["--as"], ["--as", "Tini"], [
    "--as",
    "toString",
  ]]
) {
  Deno.test(`an unknown name is refused: ${JSON.stringify(as)}`, async () => {
    const { code, stdout, stderr } = await run([...DENIT, ...as, "--", "true"]);
    deepEqual([code, stdout], [125, ""]);
    match(
      stderr,
      /^denit: error: --as: .* is not valid; expected tini, docker-init, dumb-init, catatonit.*\n$/,
    );
  });
}
Deno.test("a name that was nearly right is suggested", async () => {
  match((await run([...DENIT, "--as=dumbinit", "true"])).stderr, /did you mean "dumb-init"\?/);
});

Deno.test("--as is denit's own word only where it comes first", async () => {
  for (const name of ["tini", "dumb-init", "catatonit"]) {
    const { code, stdout } = await run([...DENIT, "--as", name, "--", TELL, "--as", "x", "--as=y"]);
    deepEqual([code, stdout], [0, "> argument: --as\n> argument: x\n> argument: --as=y\n"]);
  }
});

Deno.test("the program's own name is what it was called", async () => {
  const { stdout } = await run(
    named("tini", "-s", "--", ...perl("see").slice(0, 1), "-e", "print $0, @ARGV"),
  );
  equal(stdout, "-e");
});
