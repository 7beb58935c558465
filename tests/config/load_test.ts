/** What each key comes to. */

import type { Service } from "../../src/core/services/project.ts";
import { deepEqual, equal } from "../assert.ts";
import { type Given, load, loadWeb } from "./system.ts";

const PROGRAM: Service["program"] = {
  command: ["run"],
  environment: {},
  user: null,
  groupAdd: [],
  workingDirectory: null,
  umask: null,
  nice: null,
  oomScoreAdjust: null,
  limits: [],
};

const DEFAULTS: Service = {
  name: "web",
  program: PROGRAM,
  logging: { name: "denit" },
  dependsOn: [],
  restart: { when: "never", attempts: null, countsAll: false, delayMs: null, windowMs: 10_000 },
  stopSignal: 15,
  signalTo: "group",
  stopGraceMs: 10_000,
  health: null,
  postStart: [],
  preStop: [],
  essential: "failure",
  schedule: null,
  forwardSignals: [],
};

const PROBE = { intervalMs: 30_000, timeoutMs: 30_000, retries: 3, startPeriodMs: 0, startIntervalMs: 5000 };
const PROGRAM_PROBE = (...command: [string, ...string[]]) => ({
  health: { ...PROBE, test: { name: "program", program: { ...PROGRAM, command } } } as const,
});

const CASES:
  readonly (readonly [keys: string, Partial<Service> | { program: Partial<Service["program"]> }])[] = [
    ["", {}],
    ["command: run", {}],
    ["command: [run, -a, 'b c']", { program: { command: ["run", "-a", "b c"] } }],
    [`command: run "b c"`, { program: { command: ["run", "b c"] } }],
    ["command: [run, '$$HOME']", { program: { command: ["run", "$HOME"] } }],
    ["entrypoint: /a b\ncommand: [c]", { program: { command: ["/a", "b", "c"] } }],
    ["entrypoint: [/a]\ncommand: b c", { program: { command: ["/a", "b", "c"] } }],
    ["entrypoint: [/a]\ncommand:", { program: { command: ["/a"] } }],
    ["entrypoint:\ncommand: run", {}],
    ["environment: {A: b, N: 1.10, O: 007, T: true, E: ''}", {
      program: { environment: { A: "b", N: "1.10", O: "007", T: "true", E: "" } },
    }],
    ["environment: [A=b=c, E=]", { program: { environment: { A: "b=c", E: "" } } }],
    ["environment: {HOME: , NONE: }", { program: { environment: { HOME: "/var/lib", NONE: null } } }],
    ["environment: {'<<': x}", { program: { environment: { "<<": "x" } } }],
    ["environment: [HOME, NONE]", { program: { environment: { HOME: "/var/lib", NONE: null } } }],
    ["environment: {A: $HOME, x-y: z}", { program: { environment: { A: "/var/lib", "x-y": "z" } } }],
    ["env_file: a.env", { program: { environment: { A: "1", B: "1" } } }],
    ["env_file: [a.env, /etc/b.env]", { program: { environment: { A: "1", B: "2", C: "1" } } }],
    ["env_file: [{path: a.env}, {path: no.env, required: false}]", {
      program: { environment: { A: "1", B: "1" } },
    }],
    ["env_file: [{path: raw.env, format: raw}]", { program: { environment: { R: "'$A'" } } }],
    ["env_file: a.env\nenvironment: {B: mine, A: }", { program: { environment: { A: null, B: "mine" } } }],
    ["user: app", { program: { user: "app" } }],
    ["user: '1000:50'", { program: { user: "1000:50" } }],
    ["user: ':staff'", { program: { user: ":staff" } }],
    ["group_add: [audio, 20]", { program: { groupAdd: ["audio", "20"] } }],
    ["working_dir: /app", { program: { workingDirectory: "/app" } }],
    ["working_dir: ./app/../lib", { program: { workingDirectory: "/srv/lib" } }],
    ["umask: '022'", { program: { umask: 0o022 } }],
    ["umask: '0777'", { program: { umask: 0o777 } }],
    ["ulimits: {nofile: 1024, core: {soft: 0, hard: -1}, nproc: -1, stack: '8'}", {
      program: {
        limits: [
          { resource: "core", soft: 0, hard: -1 },
          { resource: "nofile", soft: 1024, hard: 1024 },
          { resource: "nproc", soft: -1, hard: -1 },
          { resource: "stack", soft: 8, hard: 8 },
        ],
      },
    }],
    ["oom_score_adj: -1000", { program: { oomScoreAdjust: -1000 } }],
    ["nice: -20", { program: { nice: -20 } }],
    ["nice: '-20'", { program: { nice: -20 } }],
    ["nice: '19'", { program: { nice: 19 } }],
    ["nice: -0\noom_score_adj: '-0'\nulimits: {core: -0}", {
      program: { nice: 0, oomScoreAdjust: 0, limits: [{ resource: "core", soft: 0, hard: 0 }] },
    }],
    ["nice: ${NICE}", { program: { nice: 5 } }],
    ["scale: 1", {}],
    ["deploy:", {}],
    ["deploy: {replicas: '1'}\nscale: 1", {}],
    ["restart: 'no'", {}],
    ["restart: no", {}],
    ["restart: always", { restart: { ...DEFAULTS.restart, when: "always" } }],
    ["restart: unless-stopped", { restart: { ...DEFAULTS.restart, when: "always" } }],
    ["restart: on-failure", { restart: { ...DEFAULTS.restart, when: "on failure" } }],
    ["restart: on-failure:3", {
      restart: { ...DEFAULTS.restart, when: "on failure", attempts: 3, countsAll: true },
    }],
    ["restart: on-failure:0", { restart: { ...DEFAULTS.restart, when: "on failure", countsAll: true } }],
    ["restart: always\ndeploy: {restart_policy: {condition: none}}", {}],
    ["deploy: {restart_policy: {}}", { restart: { ...DEFAULTS.restart, when: "always" } }],
    ["deploy: {restart_policy: {delay: 0s}}", {
      restart: { when: "always", attempts: null, countsAll: false, delayMs: 100, windowMs: 10_000 },
    }],
    ["deploy: {restart_policy: {condition: on-failure, delay: 5s, max_attempts: 3, window: 2m}}", {
      restart: { when: "on failure", attempts: 3, countsAll: false, delayMs: 5000, windowMs: 120_000 },
    }],
    ["deploy: {restart_policy: {max_attempts: 3, window: 0s}}", {
      restart: { when: "always", attempts: 3, countsAll: true, delayMs: null, windowMs: 10_000 },
    }],
    ["stop_signal: SIGQUIT", { stopSignal: 3 }],
    ["stop_signal: RTMIN+3", { stopSignal: 37 }],
    ["signal_to: main", { signalTo: "main" }],
    ["signal_to: group", {}],
    ["stop_grace_period: 1m30s", { stopGraceMs: 90_000 }],
    ["stop_grace_period: '0'", { stopGraceMs: 0 }],
    ["healthcheck: {test: curl x}", PROGRAM_PROBE("/bin/sh", "-c", "curl x")],
    ["healthcheck: {test: [CMD-SHELL, a | b]}", PROGRAM_PROBE("/bin/sh", "-c", "a | b")],
    ["healthcheck: {test: [CMD, a, b]}", PROGRAM_PROBE("a", "b")],
    ["healthcheck: {test: [NONE]}", {}],
    ["healthcheck: {disable: true}", {}],
    ["healthcheck: {disable: 'true', test: a}", {}],
    ["healthcheck: {disable: false, test: [CMD, a]}", PROGRAM_PROBE("a")],
    [
      "healthcheck: {tcp: '127.0.0.1:5432', interval: 1s, timeout: 2s, retries: 4, start_period: 5s, start_interval: 1ms}",
      {
        health: {
          test: { name: "tcp", host: "127.0.0.1", port: 5432 },
          intervalMs: 1000,
          timeoutMs: 2000,
          retries: 4,
          startPeriodMs: 5000,
          startIntervalMs: 1,
        },
      },
    ],
    ...[1, 65_535].map((port) =>
      [`healthcheck: {tcp: '127.0.0.1:${port}'}`, {
        health: { ...PROBE, test: { name: "tcp", host: "127.0.0.1", port } },
      }] as const
    ),
    ["healthcheck: {tcp: 'localhost:80'}", {
      health: { ...PROBE, test: { name: "tcp", host: "localhost", port: 80 } },
    }],
    ["healthcheck: {http: 'http://localhost'}", {
      health: { ...PROBE, test: { name: "http", host: "localhost", port: 80, path: "/" } },
    }],
    ["healthcheck: {http: 'http://[::1]:8080/a/b?c=:1'}", {
      health: { ...PROBE, test: { name: "http", host: "::1", port: 8080, path: "/a/b?c=:1" } },
    }],
    ["healthcheck: {http: 'http://127.0.0.1/a:18081'}", {
      health: { ...PROBE, test: { name: "http", host: "127.0.0.1", port: 80, path: "/a:18081" } },
    }],
    ["essential: true", { essential: "any end" }],
    ["essential: 'false'", { essential: "never" }],
    ["schedule: '*/5 0 1 1-3 mon'", { schedule: "*/5 0 1 1-3 mon", essential: "never" }],
    ["schedule: 0 3 * * *\nessential: true", { schedule: "0 3 * * *", essential: "any end" }],
    ["schedule: 0 3 * * *\nrestart: on-failure", {
      schedule: "0 3 * * *",
      essential: "never",
      restart: { ...DEFAULTS.restart, when: "on failure" },
    }],
    ["forward_signals: [USR1, SIGWINCH, RTMIN]", { forwardSignals: [10, 28, 34] }],
    ["logging: {}", {}],
    ["logging: {driver: none}", { logging: { name: "none" } }],
    ["logging: {driver: json-file}", {
      logging: { name: "files", format: "json", maxBytes: null, maxFiles: 1 },
    }],
    ["logging: {driver: json-file, options: {max-size: 10m, max-file: '3'}}", {
      logging: { name: "files", format: "json", maxBytes: 10_000_000, maxFiles: 3 },
    }],
    ["logging: {driver: local}", {
      logging: { name: "files", format: "lines", maxBytes: 20 * 1024 * 1024, maxFiles: 5 },
    }],
    ["logging: {driver: local, options: {max-size: 1.5K, max-file: 2}}", {
      logging: { name: "files", format: "lines", maxBytes: 1536, maxFiles: 2 },
    }],
    ["logging: {driver: local, options: {max-size: 2048}}", {
      logging: { name: "files", format: "lines", maxBytes: 2048, maxFiles: 5 },
    }],
    ["x-anything: {a: [b]}\nhealthcheck: {x-a: 1, disable: true}\ndeploy: {x-b: 2}", {}],
    [
      "user: app\nworking_dir: /w\nenvironment: {A: b}\npost_start: [{command: c d}]\npre_stop: [{command: [e], user: root, working_dir: x, environment: [C=d]}]",
      {
        program: { user: "app", workingDirectory: "/w", environment: { A: "b" } },
        postStart: [{
          ...PROGRAM,
          command: ["c", "d"],
          user: "app",
          workingDirectory: "/w",
          environment: { A: "b" },
        }],
        preStop: [{
          ...PROGRAM,
          command: ["e"],
          user: "root",
          workingDirectory: "/srv/x",
          environment: { A: "b", C: "d" },
        }],
      },
    ],
  ];

const GIVEN: Given = {
  variables: { HOME: "/var/lib", NICE: "5" },
  files: { "/srv/a.env": "A=1\nB=1", "/etc/b.env": "B=2\nC=$B", "/srv/raw.env": "R='$A'" },
};

for (const [keys, expected] of CASES) {
  Deno.test(`${keys === "" ? "a command alone" : keys.replaceAll("\n", "; ")}`, () => {
    const { program = {}, ...others } = expected;
    deepEqual(loadWeb(keys, GIVEN), { ...DEFAULTS, ...others, program: { ...PROGRAM, ...program } });
  });
}

Deno.test("a health check runs as its service does", () => {
  const { program, health } = loadWeb(
    "user: app\nnice: 3\nenvironment: {A: b}\nhealthcheck: {test: [CMD, c]}",
  );
  deepEqual(health!.test, { name: "program", program: { ...program, command: ["c"] } });
});

Deno.test("replicas: a name each, and who depends on the service waits for all of them", () => {
  const { services } = load(`services:
  one: {command: a, scale: 1, depends_on: [many]}
  many: {command: a, deploy: {replicas: 3}, depends_on: {none: {condition: service_started}}}
  none: {command: a, scale: 0}
`);
  deepEqual(services.map(({ name, dependsOn }) => [name, dependsOn.map(({ service }) => service)]), [
    ["one", ["many-1", "many-2", "many-3"]],
    ["many-1", []],
    ["many-2", []],
    ["many-3", []],
  ]);
});

Deno.test("dependencies: a list, and a mapping with its conditions", () => {
  const { services: [web, worker] } = load(`services:
  web: {command: a, depends_on: [db, job]}
  worker:
    command: a
    depends_on:
      db: {condition: service_healthy, restart: true}
      job: {condition: service_completed_successfully, required: false, x-a: 1}
      web: {condition: service_started, restart: 'true'}
  db: {command: a, healthcheck: {test: a}}
  job: {command: a}
`);
  const plain = { condition: "started", required: true, restart: false } as const;
  deepEqual(web!.dependsOn, [{ ...plain, service: "db" }, { ...plain, service: "job" }]);
  deepEqual(worker!.dependsOn, [
    { service: "db", condition: "healthy", required: true, restart: true },
    { service: "job", condition: "completed successfully", required: false, restart: false },
    { service: "web", condition: "started", required: true, restart: true },
  ]);
});

Deno.test("anchors and merge keys: a mapping's own keys win, and of the merged the first", () => {
  const { services: [web] } = load(`
x-one: &one {A: "1", B: "1", C: "1"}
x-two: &two {B: "2", D: "2"}
x-both: &both
  <<: [*one, *two]
  E: "3"
services:
  web:
    command: &command [a, b]
    environment: {C: mine, <<: *both}
    post_start: [{command: *command}]
`);
  deepEqual({ ...web!.program.environment }, { A: "1", B: "1", C: "mine", D: "2", E: "3" });
  deepEqual(web!.postStart[0]!.command, ["a", "b"]);
});

Deno.test("a variable that is not set is empty and told once, with its place", () => {
  const { services: [web], warnings } = load(
    "services:\n  web:\n    command: [a, <$A>, <$A>, '${B:-b}']\n    user: app\n",
  );
  deepEqual(web!.program.command, ["a", "<>", "<>", "b"]);
  deepEqual(warnings, [
    "denit.yaml:3:18: services.web.command[1]: the variable A is not set: taken as empty",
  ]);
});

Deno.test("a variable in small letters, in a command, is as a rule the shell's", () => {
  const { warnings } = load(`services:
  web:
    command: [sh, -c, 'for i in 1 2; do echo $i; done']
    entrypoint: $$x $y
    healthcheck: {test: 'test -e \${f}'}
    working_dir: ./$u
`);
  deepEqual(warnings, [
    "denit.yaml:3:23: services.web.command[2]: the variable i is not set: taken as empty; write $$i to leave it to the shell",
    "denit.yaml:4:17: services.web.entrypoint: the variable y is not set: taken as empty; write $$y to leave it to the shell",
    "denit.yaml:5:25: services.web.healthcheck.test: the variable f is not set: taken as empty; write $$f to leave it to the shell",
    "denit.yaml:6:18: services.web.working_dir: the variable u is not set: taken as empty",
  ]);
});

Deno.test("keys are not filled in", () => {
  const { services: [web] } = load("services:\n  web:\n    command: a\n    environment: {$A: $B}\n", {
    variables: { A: "x", B: "y" },
  });
  deepEqual(web!.program.environment, { $A: "y" });
});

Deno.test("version is passed over with a warning, name and x- keys without", () => {
  const { warnings } = load("version: '3'\nname: shop\nx-a: 1\nservices: {web: {command: a}}");
  deepEqual(warnings, ["denit.yaml:1:1: version: means nothing, to Compose neither"]);
});

Deno.test("who has asked for more time to stop than the whole shutdown has is told", () => {
  const file = `services:
  web: {command: a, stop_grace_period: 1m30s}
  db: {command: a, stop_grace_period: 9s}
  off: {command: a, stop_grace_period: 20s, profiles: [p]}
`;
  deepEqual(load(file).warnings, [
    "denit.yaml:2:40: services.web.stop_grace_period: 1m30s is more than the 9s of the whole shutdown, which ends by KILL: raise --timeout, and what docker stop waits",
  ]);
  deepEqual(load(file, { request: { timeoutMs: 90_000 } }).warnings, []);
});

Deno.test("who is essential is never restarted, and that is told if it was asked for", () => {
  const file = `services:
  web: {command: a, essential: true, restart: always}
  db: {command: a, essential: true}
  job: {command: a, essential: false, restart: always}
  off: {command: a, essential: true, restart: always, profiles: [p]}
`;
  deepEqual(load(file).warnings, [
    "denit.yaml:2:32: services.web.essential: any end of it ends the container, so it is never restarted",
  ]);
});

const SECRETS = `secrets:
  db: {file: db.txt}
  key: {environment: KEY}
`;
const SECRET_GIVEN: Given = { files: { "/srv/db.txt": "pass\nword\n\n" }, variables: { KEY: "k\n" } };

Deno.test("X_FILE that names a secret becomes X with its content, without one line end", () => {
  const { services: [web] } = load(
    `${SECRETS}services:
  web:
    command: a
    secrets: [db, {source: key, target: api}, {source: db, target: /etc/db}]
    environment:
      DB_FILE: /run/secrets/db
      KEY_FILE: /run/secrets/api
      D_FILE: /etc/db
      OTHER_FILE: /run/secrets/other
      _FILE: /run/secrets/db
      DB_PLACE: /run/secrets/db
    post_start: [{command: b, environment: {H_FILE: /run/secrets/api}}]
`,
    SECRET_GIVEN,
  );
  const expected = {
    ...{ DB: "pass\nword\n", DB_FILE: null, KEY: "k\n", KEY_FILE: null, D: "pass\nword\n", D_FILE: null },
    OTHER_FILE: "/run/secrets/other",
    _FILE: "/run/secrets/db",
    DB_PLACE: "/run/secrets/db",
  };
  deepEqual(web!.program.environment, expected);
  deepEqual(web!.postStart[0]!.environment, { ...expected, H: "k\n", H_FILE: null });
});

Deno.test("a secret that the service was not given is left alone, and so is one in a file of variables that it was", () => {
  const { services: [web, other] } = load(
    `${SECRETS}services:
  web: {command: a, secrets: [db], env_file: x.env}
  other: {command: a, environment: {DB_FILE: /run/secrets/db}}
`,
    { ...SECRET_GIVEN, files: { ...SECRET_GIVEN.files, "/srv/x.env": "DB_FILE=/run/secrets/db" } },
  );
  deepEqual(web!.program.environment, { DB: "pass\nword\n", DB_FILE: null });
  deepEqual(other!.program.environment, { DB_FILE: "/run/secrets/db" });
});

Deno.test("a secret that no variable asks for is not read, and that is told", () => {
  const { warnings } = load(
    `${SECRETS}services:
  web:
    command: a
    secrets: [db, {source: key, target: api}]
    environment: [DB=/run/secrets/db]
    pre_stop: [{command: b, environment: [K_FILE=/run/secrets/api]}]
  by-a-hook:
    command: a
    secrets: [key]
    post_start: [{command: b, environment: [K_FILE=/run/secrets/key]}]
`,
    SECRET_GIVEN,
  );
  deepEqual(warnings, [
    "denit.yaml:7:15: services.web.secrets[0]: no variable such as X_FILE=/run/secrets/db asks for it, and there is no file there",
  ]);
});

Deno.test("the example of the manual loads", async () => {
  const text = await Deno.readTextFile(new URL("../../examples/services/shop.yaml", import.meta.url));
  const { services, warnings } = load(text, { files: { "/run/secrets/db.env": "DB=x" } });
  deepEqual(services.map(({ name }) => name), ["migrate", "web", "logs", "backup"]);
  deepEqual(warnings, []);
  equal(
    load(text, { files: { "/run/secrets/db.env": "" }, request: { profiles: ["metrics"] } }).services.length,
    5,
  );
});

for (const name of ["app-with-log-shipper", "migrate-then-serve", "nightly-job"]) {
  Deno.test(`the example ${name} loads without a word`, async () => {
    const folder = new URL("../../examples/services/", import.meta.url);
    const { warnings } = load(await Deno.readTextFile(new URL(`${name}.yaml`, folder)), {
      files: { "/srv/db-password.txt": await Deno.readTextFile(new URL("db-password.txt", folder)) },
    });
    deepEqual(warnings, []);
  });
}
