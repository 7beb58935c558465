import { deepEqual, equal, match } from "../assert.ts";
import { inEachMode, inMode } from "./support/bench.ts";
import { childrenOf, kill, zombiesOf } from "./support/processes.ts";
import { program } from "./support/program.ts";
import { forEach, until } from "./support/until.ts";

const [SIGCONT, SIGSTOP] = [18, 19];

inEachMode("twenty thousand orphans leave no zombie", async (bench) => {
  const denit = bench.denit(["--", ...program("orphans", "20000")], { input: true });
  await denit.stdout.shows(/^done$/);
  const pid = await denit.denitPid();
  await until(
    () => zombiesOf(pid).length === 0,
    () => `no zombies, of which there are ${zombiesOf(pid).length}`,
  );
  await denit.closeInput();
  deepEqual(await denit.ended(), { code: 0, signal: null, stdout: "done\n", stderr: "" });
});

inEachMode("a thousand orphans that end while denit cannot look are reaped when it can", async (bench) => {
  const denit = bench.denit(["--", ...program("waiting_orphans", "1000", "stay")], { input: true });
  await denit.stdout.shows(/^ready$/);
  const pid = await denit.denitPid();
  kill(pid, SIGSTOP);
  await denit.closeInput();
  await until(() => zombiesOf(pid).length === 1000, () => `1000 zombies, not ${zombiesOf(pid).length}`);
  kill(pid, SIGCONT);
  await until(() => childrenOf(pid).length === 1, () => `main alone, not ${childrenOf(pid).length} children`);
});

inEachMode("main and fifty orphans end together, and denit ends with them", async (bench) => {
  await forEach(Array(24).keys(), async () => {
    const denit = bench.denit(["--", ...program("waiting_orphans", "50", "together")], { input: true });
    await denit.stdout.shows(/^ready$/);
    await denit.closeInput();
    const { code, stderr } = await denit.ended();
    deepEqual([code, stderr], [5, ""]);
  });
});

inEachMode(
  "a daemon that forked twice has denit for its parent, and is named when it ends",
  async (bench) => {
    const daemonise = "setsid sh -c 'sleep 1000 & echo daemon $!' & wait; echo left; read -r end; exit 4";
    const denit = bench.denit(["--warn-reaped", "--", "sh", "-c", daemonise], { input: true });
    const [, inner] = await denit.stdout.shows(/^daemon (\d+)$/);
    await denit.stdout.shows(/^left$/);
    const daemon = await denit.pidOf(Number(inner));
    const pid = await denit.denitPid();
    const isOurs = (): boolean => childrenOf(pid).some((it) => it.pid === daemon && it.name === "sleep");
    await until(isOurs, "the daemon to be a child of denit");
    kill(daemon, 10);
    await denit.stderr.shows(
      new RegExp(`^denit: warning: reaped ${inner} \\(sleep\\), which ended with 138 \\(SIGUSR1\\)$`),
    );
    await denit.closeInput();
    equal((await denit.ended()).code, 4);
  },
);

/** A main that leaves two orphans, and ends when standard input does. */
const TWO_ORPHANS = [
  ...["sh", "-c", 'perl "$0" exit; perl "$0" kill; read -r end; exit 1'],
  program("orphan").at(-1)!,
];

for (const [option, level] of [["--warn-reaped", "warning"], ["-w", "warning"], ["-v", "info"]] as const) {
  inEachMode(`${option} names each adopted process with its status`, async (bench) => {
    const denit = bench.denit([option, "--", ...TWO_ORPHANS], { input: true });
    const reaped = (): string[] => denit.stderr.lines.filter((line) => line.includes("reaped"));
    await until(() => reaped().length === 2, () => `two lines: ${denit.stderr.text}`);
    const [exited, killed] = denit.stdout.lines;
    deepEqual(
      reaped().sort(),
      [
        `denit: ${level}: reaped ${exited} (perl), which ended with 3`,
        `denit: ${level}: reaped ${killed} (perl), which ended with 137 (SIGKILL)`,
      ].sort(),
    );
    await denit.closeInput();
    equal((await denit.ended()).code, 1);
  });
}

inEachMode("nothing is said of adopted processes unless it is asked for", async (bench) => {
  const denit = bench.denit(["--", ...TWO_ORPHANS], { input: true });
  const pid = await denit.denitPid();
  await until(() => denit.stdout.lines.length === 2 && childrenOf(pid).length === 1, "both to be reaped");
  await denit.closeInput();
  equal((await denit.ended()).stderr, "");
});

inEachMode("--warn-reaped names five hundred that end together, each once", async (bench) => {
  const { code, stderr } = await bench.run(["-w", "--", ...program("waiting_orphans", "500", "together")]);
  const told = /^denit: warning: reaped (\d+) \(orphan\1\), which ended with (?:0|143 \(SIGTERM\))$/gm;
  const pids = new Set([...stderr.matchAll(told)].map(([, pid]) => pid));
  deepEqual([code, pids.size, stderr.replace(told, "").trim()], [5, 500, ""]);
});

inMode("subreaper", "where it can adopt nobody, one line warns and main runs all the same", async (bench) => {
  const { code, stdout, stderr } = await bench.run(["--", "sh", "-c", "echo hello; exit 3"], {
    outside: program("no_subreaper"),
  });
  deepEqual([code, stdout], [3, "hello\n"]);
  match(stderr, /^denit: warning: Cannot adopt orphans: .*\n$/);
});
