import { deepEqual, equal, match, ok } from "../assert.ts";
import { inEachMode } from "./support/bench.ts";
import { forEach } from "./support/until.ts";

/** Words that are wrong, and what the one line has to say: what was expected, and the closest right word. */
const WRONG: readonly (readonly [readonly string[], RegExp])[] = [
  [[], /no command given; expected: denit \[OPTIONS\] -- COMMAND/],
  [["--"], /no command given/],
  [["nginx"], /"nginx" is no subcommand; to run a program write: denit -- nginx/],
  [["nginx", "-g", "x"], /denit -- nginx -g x/],
  [["--verbos", "--", "true"], /unknown option --verbos\b.*did you mean "--verbose"\?/],
  [["--no-such-thing", "--", "true"], /unknown option --no-such-thing; denit --help lists them/],
  [["-x", "--", "true"], /unknown option -x/],
  [["-vx", "--", "true"], /unknown option -x/],
  [["--grace"], /--grace needs a value: --grace DURATION/],
  [["-t"], /-t needs a value/],
  [
    ["--grace", "8", "--", "true"],
    /--grace: "8" is not valid; expected a duration with its unit.*did you mean "8s"\?/,
  ],
  [["-t", "soon", "--", "true"], /"soon" is not valid; expected a duration such as 500ms, 8s or 1m30s/],
  [["--kill-after=-1s", "--", "true"], /"-1s" is not valid/],
  [
    ["--signal-to", "grup", "--", "true"],
    /expected main, group or all|expected group, main or all; did you mean "group"\?/,
  ],
  [
    ["--rewrite", "TERMM:INT", "--", "true"],
    /"TERMM:INT" is not valid; expected FROM:TO.*did you mean "TERM"\?/,
  ],
  [["-r", "TERM", "--", "true"], /"TERM" is not valid; expected FROM:TO/],
  [["-r", "99:1", "--", "true"], /"99:1" is not valid/],
  [["-r", "KILL:TERM", "--", "true"], /KILL, STOP and CHLD cannot/],
  [["--ok-exit", "256", "--", "true"], /expected an exit code from 0 to 255/],
  [["-e", "-1", "--", "true"], /expected an exit code from 0 to 255/],
  [["-p", "NOPE", "--", "true"], /expected a signal by name or number/],
  [["--log-format", "jsn", "--", "true"], /expected text or json; did you mean "json"\?/],
  [["--verbose=perhaps", "--", "true"], /expected true, 1, yes/],
];

inEachMode("wrong input is one line on standard error, and exit code 125", async (bench) => {
  await forEach(WRONG, async ([words, said]) => {
    const { code, signal, stdout, stderr } = await bench.run(words);
    deepEqual([code, signal, stdout], [125, null, ""], stderr);
    match(stderr, /^denit: error: .+\n$/);
    match(stderr, said);
  });
});

inEachMode("wrong input starts nothing", async (bench) => {
  const cwd = bench.folder();
  await bench.run(["--verbos", "--", "touch", "started"], { cwd });
  deepEqual(await Array.fromAsync(Deno.readDir(cwd)), []);
});

inEachMode("wrong input is told in JSON where that is asked for", async (bench) => {
  const { code, stderr } = await bench.run(["--log-format", "json", "--grace", "x", "--", "true"]);
  equal(code, 125);
  const { level, message } = JSON.parse(stderr);
  equal(level, "error");
  match(message, /"x" is not valid/);
});

/** Variables, options, what main does, and the exit code. */
const RIGHT: readonly (readonly [Record<string, string>, string, string, number])[] = [
  [{}, "-vwq", "exit 3", 3],
  [{}, "-t8s -r TERM:INT", "exit 3", 3],
  [{}, "-vt8s", "exit 3", 3],
  [{}, "--grace=1m30s --no-wait=false", "exit 3", 3],
  [{ DENIT_OK_EXIT: "3 4,5" }, "", "exit 5", 0],
  [{ DENIT_OK_EXIT: "3" }, "--ok-exit 4", "exit 3", 0],
  [{ DENIT_OK_EXIT: "3" }, "--ok-exit 4", "exit 4", 0],
  [{ DENIT_OK_EXIT: "" }, "", "exit 5", 5],
  [{ DENIT_GRACE: "x" }, "", "exit 5", 125],
  [{ DENIT_REWRITE: "TERM" }, "", "exit 5", 125],
  [{ DENIT_VERBOSE: "maybe" }, "", "exit 5", 125],
  [{ DENIT_NO_SUCH_OPTION: "x" }, "", "exit 5", 5],
];
inEachMode("options are read as getopt_long does, and each has a variable", async (bench) => {
  await forEach(RIGHT, async ([env, options, script, code]) => {
    const words = options.split(" ").filter((word) => word !== "");
    const ended = await bench.run([...words, "--", "sh", "-c", script], { env });
    equal(ended.code, code, `${JSON.stringify(env)} ${options}: ${ended.stderr}`);
  });
});

inEachMode("a wrong variable is named with its value", async (bench) => {
  const { stderr } = await bench.run(["--", "true"], { env: { DENIT_GRACE: "soon" } });
  match(stderr, /^denit: error: DENIT_GRACE=soon: "soon" is not valid; expected a duration .*\n$/);
});

inEachMode("each option's variable does what the option does", async (bench) => {
  const lost = "sleep 1000 & exit 3";
  const said = async (env: Record<string, string>, script = lost): Promise<string> =>
    (await bench.run(["--", "sh", "-c", script], { env })).stderr;
  match(await said({ DENIT_VERBOSE: "1" }), /^denit: info: started/);
  match(await said({ DENIT_VERBOSE: "true", DENIT_LOG_FORMAT: "json" }), /^\{"time":/);
  match(await said({ DENIT_WARN_REAPED: "yes" }), /^denit: warning: reaped \d+/);
  equal(await said({ DENIT_QUIET: "on" }, "kill -KILL $$"), "");
  equal(await said({ DENIT_VERBOSE: "no" }), "");
});

inEachMode("the command line wins over variables", async (bench) => {
  const env = { DENIT_VERBOSE: "1", DENIT_LOG_FORMAT: "json" };
  const { stderr } = await bench.run(["--log-format", "text", "--", "true"], { env });
  match(stderr, /^denit: info: started/);
  equal((await bench.run(["--verbose=no", "--", "true"], { env })).stderr, "");
});

for (const word of ["--help", "-h"]) {
  inEachMode(`${word} prints one screen on standard output`, async (bench) => {
    const { code, stdout, stderr } = await bench.run([word]);
    deepEqual([code, stderr], [0, ""]);
    const lines = stdout.split("\n");
    match(stdout, /^Usage: denit \[OPTIONS\] -- COMMAND \[ARG\.\.\.\]\n/);
    ok(lines.length <= 40 && lines.every((line) => line.length <= 80), stdout);
    for (
      const option of [
        "--signal-to",
        "-r, --rewrite",
        "-t, --grace",
        "--kill-after",
        "--no-wait",
        "-e, --ok-exit",
        "-p, --parent-death-signal",
        "-w, --warn-reaped",
        "-v, --verbose",
        "-q, --quiet",
        "--log-format",
      ]
    ) ok(stdout.includes(`${option} `), option);
  });
}

for (const word of ["--version", "-V"]) {
  inEachMode(`${word} prints the version`, async (bench) => {
    const { code, stdout, stderr } = await bench.run([word]);
    match(stdout, /^denit \d+\.\d+\.\d+\S*\n$/);
    deepEqual([code, stderr], [0, ""]);
  });
}

inEachMode("--help behind -- belongs to main", async (bench) => {
  const { code, stdout } = await bench.run(["--", "sh", "-c", 'echo "$0 $1"', "--help", "--version"]);
  deepEqual([code, stdout], [0, "--help --version\n"]);
});

for (
  const [output, ...end] of [
    [">&-", 0, ""],
    [">/dev/full", 125, "denit: error: Cannot write to standard output: No space left on device\n"],
  ] as const
) {
  inEachMode(`--help and --version with ${output} end with ${end[0]}`, async (bench) => {
    for (const words of [["--help"], ["--version"], ["up", "--help"], ["config", "--schema"]]) {
      const outside = ["sh", "-c", `exec "$@" ${output}`, "sh"];
      const { code, stderr } = await bench.run(words, { outside });
      deepEqual([code, stderr], end);
    }
  });
}
