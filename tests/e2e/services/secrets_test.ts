/** How a secret comes to the service that may have it, and to nobody else. */

import { deepEqual, doesNotMatch, equal, match } from "../../assert.ts";
import { type Bench, type Ended, inEachMode, type Setting } from "../support/bench.ts";
import { childrenOf, commandOf } from "../support/processes.ts";
import { until } from "../support/until.ts";
import { type FileOfServices, folderWith, sh } from "./support.ts";

const [SIGHUP, SIGTERM] = [1, 15] as const;
const SHOW = 'echo "<$DB> <${DB_FILE-unset}>"';

/** The key `secrets` at the top, the service, what stands in db.txt, and what the service then prints. */
const GRANTED: Readonly<
  Record<string, {
    readonly secrets: FileOfServices;
    readonly service: FileOfServices;
    readonly content?: string;
    readonly prints: string;
    readonly warns?: string;
  }>
> = {
  "from a file, without the line end that editors leave": {
    secrets: { db: { file: "db.txt" } },
    service: sh(SHOW, { secrets: ["db"], environment: { DB_FILE: "/run/secrets/db" } }),
    prints: "<hush> <unset>",
  },
  "from a file of several lines, of which only the last end is taken off": {
    secrets: { db: { file: "db.txt" } },
    service: sh(SHOW, { secrets: ["db"], environment: { DB_FILE: "/run/secrets/db" } }),
    content: "one\ntwo \n\n",
    prints: "<one\ntwo \n> <unset>",
  },
  "with nothing taken for a variable": {
    secrets: { db: { file: "db.txt" } },
    service: sh(SHOW, { secrets: ["db"], environment: { DB_FILE: "/run/secrets/db" } }),
    content: "a$HOME$$'\"#",
    prints: "<a$HOME$$'\"#> <unset>",
  },
  "from a variable of denit's": {
    secrets: { db: { environment: "OUR_SECRET" } },
    service: sh(SHOW, { secrets: ["db"], environment: ["DB_FILE=/run/secrets/db"] }),
    prints: "<from denit> <unset>",
  },
  "under another name in its folder": {
    secrets: { db: { file: "db.txt" } },
    service: sh(SHOW, {
      secrets: [{ source: "db", target: "password" }],
      environment: { DB_FILE: "/run/secrets/password" },
    }),
    prints: "<hush> <unset>",
  },
  "under another path": {
    secrets: { db: { file: "db.txt" } },
    service: sh(SHOW, {
      secrets: [{ source: "db", target: "/srv/password" }],
      environment: { DB_FILE: "/srv/password" },
    }),
    prints: "<hush> <unset>",
  },
  "where an env_file names its path": {
    secrets: { db: { file: "db.txt" } },
    service: sh(SHOW, { secrets: ["db"], env_file: "web.env" }),
    prints: "<hush> <unset>",
  },
  "not to a service that it was not granted": {
    secrets: { db: { file: "db.txt" } },
    service: sh(SHOW, { environment: { DB_FILE: "/run/secrets/db" } }),
    prints: "<> </run/secrets/db>",
  },
  "not for a path that is no secret's": {
    secrets: { db: { file: "db.txt" } },
    service: sh(SHOW, { secrets: ["db"], environment: { DB_FILE: "/srv/other" } }),
    prints: "<> </srv/other>",
    warns: "no variable such as X_FILE=/run/secrets/db asks for it, and there is no file there",
  },
};

for (const [name, { secrets, service, content = "hush\n", prints, warns = "" }] of Object.entries(GRANTED)) {
  inEachMode(`X_FILE gives X its content, ${name}`, async (bench) => {
    const { code, stdout, stderr } = await run(bench, {
      "denit.yaml": { services: { web: service }, secrets },
      "db.txt": content,
      "web.env": "DB_FILE=/run/secrets/db\n",
    }, { env: { OUR_SECRET: "from denit" } });
    deepEqual([code, stdout], [0, `${prints}\n`]);
    equal(stderr.replace(/^denit: warning: \S+: \S+: (.*)\n$/, "$1"), warns);
  });
}

inEachMode("a secret comes to the programs beside its service too", async (bench) => {
  const environment = { DB_FILE: "/run/secrets/db" };
  const { code, stdout } = await run(bench, {
    "denit.yaml": {
      services: {
        web: sh(`until test -e hook; do sleep 0.01; done; ${SHOW}`, {
          secrets: ["db"],
          environment,
          post_start: [sh(`${SHOW}; : > hook`, { environment: { OTHER: "1" } })],
        }),
      },
      secrets: { db: { file: "db.txt" } },
    },
    "db.txt": "hush\n",
  });
  deepEqual([code, stdout], [0, "<hush> <unset>\n<hush> <unset>\n"]);
});

inEachMode("denit says no word of a secret, however much it tells", async (bench) => {
  const { code, stdout, stderr } = await run(
    bench,
    {
      "denit.yaml": {
        services: {
          web: sh('test "$DB" = "$(cat db.txt)" && exit 3', {
            secrets: ["db"],
            environment: { DB_FILE: "/run/secrets/db" },
            healthcheck: { test: "true" },
          }),
        },
        secrets: { db: { file: "db.txt" } },
      },
      "db.txt": "hush\n",
    },
    {},
    ["--verbose"],
  );
  equal(code, 3);
  match(stderr, /started web as/);
  doesNotMatch(stdout + stderr, /hush/);
});

inEachMode(
  "what was given in confidence is in no line, refusal, log file or process list",
  async (bench) => {
    const CANARY = "canary-7f3a";
    const file = {
      services: {
        web: sh("exec sleep 1000", {
          secrets: ["db", "own"],
          environment: { DB_FILE: "/run/secrets/db", OWN_FILE: "/run/secrets/own" },
          env_file: "web.env",
          healthcheck: { test: "exit 1", interval: "50ms", retries: 1 },
          post_start: [{ command: ["true"] }],
        }),
        failing: sh("echo wrote; exit 3", {
          env_file: "web.env",
          restart: "always",
          logging: { driver: "json-file" },
        }),
        missing: { command: "no-such-program", env_file: "web.env", essential: false },
      },
      secrets: { db: { file: "db.txt" }, own: { environment: "OUR_SECRET" } },
    };
    const env = { OUR_SECRET: CANARY };
    const cwd = folderWith(bench, { "denit.yaml": file, "db.txt": CANARY, "web.env": `TOKEN=${CANARY}\n` });
    const denit = bench.denit(["up", "-vw", "--log-folder", `${cwd}/logs`], { cwd, env });
    await denit.stderr.shows(/web is unhealthy/);
    const pid = await denit.denitPid();
    for (
      const broken of [
        `TOKEN='${CANARY}\n`,
        `${CANARY} ${CANARY}\n`,
        `TOKEN=$\{${CANARY}\n`,
        `A=${CANARY}\0\n`,
      ]
    ) {
      await Deno.writeTextFile(`${cwd}/web.env`, broken);
      await denit.signal(SIGHUP);
      const reader = await until(
        () =>
          childrenOf(pid).map(({ pid }) => commandOf(pid)).find((words) => words.includes("--print-project")),
        "the process that reads the file to be there",
      );
      doesNotMatch(reader.join(" "), new RegExp(CANARY));
      await denit.stderr.next(/Cannot reread/);
      const { code, stdout, stderr } = await bench.run(["config", "-v"], { cwd, env });
      equal(code, 125);
      doesNotMatch(stdout + stderr, new RegExp(CANARY));
    }
    await denit.signal(SIGTERM);
    const { stdout, stderr } = await denit.ended();
    match(stderr, /failing ended with 3/);
    doesNotMatch(stdout + stderr, new RegExp(CANARY));
    doesNotMatch(await Deno.readTextFile(`${cwd}/logs/failing.log`), new RegExp(CANARY));
  },
);

async function run(
  bench: Bench,
  files: Readonly<Record<string, FileOfServices | string>>,
  setting: Setting = {},
  words: readonly string[] = [],
): Promise<Ended> {
  return await bench.run(["up", "--no-log-prefix", ...words], { cwd: folderWith(bench, files), ...setting });
}
