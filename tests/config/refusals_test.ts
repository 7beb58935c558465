/** Each refusal: its place, its path, and the key that was meant. */

import { deepEqual, equal, match, ok } from "../assert.ts";
import { type Given, problemsOf, webFile } from "./system.ts";

const DOCKERS = "belongs to Docker: denit starts processes, not containers; leave it out or use --compat";
const DURATION = "expected a duration such as 500ms, 8s or 1m30s, at most a year";
const PERIOD = "expected a duration of 1ms at least, such as 500ms, 8s or 1m30s, at most a year";

/** The keys of the one service `web`, which begin in line 3, column 5; its problems without the file's name. */
const WEB: readonly (readonly [keys: string, ...problems: string[]])[] = [
  ["helthcheck: {}", '3:5: services.web.helthcheck: unknown key; did you mean "healthcheck"?'],
  ["zzz: 1", "3:5: services.web.zzz: unknown key"],
  ["image: x", `3:5: services.web.image: ${DOCKERS}`],
  ["ports: ['80']", `3:5: services.web.ports: ${DOCKERS}`],
  ["init: true", "3:5: services.web.init: denit is the init already; leave it out or use --compat"],
  [
    "tty: true",
    "3:5: services.web.tty: services share no terminal: their output is denit's; leave it out or use --compat",
  ],
  [
    "stdin_open: true",
    "3:5: services.web.stdin_open: services share no terminal: their input is /dev/null; leave it out or use --compat",
  ],
  [
    "extends: a",
    "3:5: services.web.extends: is not supported: share keys by an anchor and <<, or services by include",
  ],
  ["deploy: {resources: {}}", `3:14: services.web.deploy.resources: ${DOCKERS}`],
  ["pre_stop: [{command: a, privileged: true}]", `3:29: services.web.pre_stop[0].privileged: ${DOCKERS}`],
  ["command: [a, 5]", "3:18: services.web.command[1]: expected a text; put it in quotes"],
  ["command: {a: b}", "3:14: services.web.command: expected a text or a list of texts, not a mapping"],
  ["command: []", "2:3: services.web: there is nothing to run: command is missing"],
  ["command: ''", "2:3: services.web: there is nothing to run: command is missing"],
  ["command: ['']", "3:14: services.web.command: the program has an empty name"],
  ['command: "a \'b"', "3:14: services.web.command: a quote (') is not closed"],
  [
    "command: a && b",
    '3:14: services.web.command: & needs a shell: write ["/bin/sh", "-c", "..."], or put it in quotes',
  ],
  ['command: "a\\0b"', "3:14: services.web.command: holds a NUL, which no program can be given"],
  ["command: ${", '3:14: services.web.command: expected the name of a variable behind "${"'],
  ["scale: ${NONE:?how many}", "3:12: services.web.scale: the variable NONE must be set: how many"],
  ["environment: a", '3:18: services.web.environment: expected a mapping or a list of NAME=value, not "a"'],
  [
    "environment: {A: [b]}",
    "3:22: services.web.environment.A: expected a text, a number, true or false, not a list",
  ],
  ["environment: [=a]", "3:19: services.web.environment[0]: expected the name of a variable"],
  [
    "environment: [A = b]",
    "3:19: services.web.environment[0]: the blank at an end of the name would be part of it: leave it out",
  ],
  ["environment: {'A=B': c}", '3:26: services.web.environment."A=B": expected the name of a variable'],
  ["environment: [A=1, A=1]", "3:18: services.web.environment: the list holds something twice"],
  ["env_file: no.env", "3:15: services.web.env_file: Cannot read /srv/no.env: no such file"],
  [
    "env_file: [a.env, {path: no.env}]",
    "3:23: services.web.env_file[1]: Cannot read /srv/no.env: no such file",
  ],
  [
    "env_file: bad.env",
    "3:15: services.web.env_file: Cannot read /srv/bad.env: line 2: the quote (') of B is not closed",
  ],
  ["env_file: latin.env", "3:15: services.web.env_file: Cannot read /srv/latin.env: not UTF-8"],
  ["env_file: nul.env", "3:15: services.web.env_file: Cannot read /srv/nul.env: it holds a NUL"],
  [
    "env_file: [{path: a.env, format: json}]",
    '3:38: services.web.env_file[0].format: expected "raw", or no format, not "json"',
  ],
  ["env_file: [{required: true}]", '3:16: services.web.env_file[0]: the key "path" is missing'],
  [
    "user: 1000",
    "3:11: services.web.user: expected a user such as app, 1000, app:staff or :staff; put it in quotes",
  ],
  [
    "user: a:b:c",
    '3:11: services.web.user: expected a user such as app, 1000, app:staff or :staff, not "a:b:c"',
  ],
  ["group_add: [1, 1]", "3:16: services.web.group_add: the list holds something twice"],
  ["group_add: [-1]", "3:17: services.web.group_add[0]: expected a group by name or number, not -1"],
  ["group_add: [1.5]", "3:17: services.web.group_add[0]: expected a group by name or number, not 1.5"],
  ["group_add: [1e309]", "3:17: services.web.group_add[0]: expected a group by name or number, not .inf"],
  ["scale: .nan", "3:12: services.web.scale: expected a whole number from 0 to 1000, not .nan"],
  ["working_dir: ''", "3:18: services.web.working_dir: expected a text that is not empty"],
  ["umask: 022", '3:12: services.web.umask: expected an octal number such as "022"; put it in quotes'],
  ["umask: '088'", '3:12: services.web.umask: expected an octal number such as "022", not "088"'],
  ["ulimits: {nofil: 1}", '3:15: services.web.ulimits.nofil: unknown key; did you mean "nofile"?'],
  [
    "ulimits: {core: {soft: 2, hard: 1}}",
    "3:21: services.web.ulimits.core: the soft limit is above the hard one",
  ],
  [
    "ulimits: {core: {soft: -1, hard: 1}}",
    "3:21: services.web.ulimits.core: the soft limit is above the hard one",
  ],
  ["ulimits: {core: {soft: 2}}", '3:15: services.web.ulimits.core: the key "hard" is missing'],
  ["ulimits: {core: -2}", "3:21: services.web.ulimits.core: expected a whole number from -1, not -2"],
  [
    "oom_score_adj: 1001",
    "3:20: services.web.oom_score_adj: expected a whole number from -1000 to 1000, not 1001",
  ],
  ["nice: 1.5", "3:11: services.web.nice: expected a whole number from -20 to 19, not 1.5"],
  ["nice: '20'", "3:11: services.web.nice: expected a whole number from -20 to 19"],
  ["nice: '-21'", "3:11: services.web.nice: expected a whole number from -20 to 19"],
  [
    "env_file: [{path: latin.env, required: false}]",
    "3:16: services.web.env_file[0]: Cannot read /srv/latin.env: not UTF-8",
  ],
  ["scale: 1001", "3:12: services.web.scale: expected a whole number from 0 to 1000, not 1001"],
  ["scale: 1e400", "3:12: services.web.scale: expected a whole number from 0 to 1000, not .inf"],
  ["scale: 2\ndeploy: {replicas: 3}", "4:24: services.web.deploy.replicas: scale says otherwise"],
  ["scale: 0", "there is no service to run: each needs a profile, or has no replicas or no command"],
  ["profiles: [a]", "there is no service to run: each needs a profile, or has no replicas or no command"],
  ["depends_on: [webb]", '3:18: services.web.depends_on[0]: no service "webb" in the file'],
  ["depends_on: [dbb]", '3:18: services.web.depends_on[0]: no service "dbb" in the file'],
  ["depends_on: [web]", "3:18: services.web.depends_on[0]: a circle: web -> web"],
  ["depends_on: {a: {}}", '3:18: services.web.depends_on.a: the key "condition" is missing'],
  [
    "depends_on: {a: {condition: started}}",
    '3:33: services.web.depends_on.a.condition: expected service_started, service_healthy or service_completed_successfully, not "started"',
  ],
  ["healthcheck: {}", "3:18: services.web.healthcheck: nothing to ask: one of test, http and tcp is missing"],
  [
    "healthcheck: {test: a, tcp: 'localhost:1'}",
    "3:33: services.web.healthcheck.tcp: there is test already: one of test, http and tcp",
  ],
  [
    "healthcheck: {test: []}",
    '3:25: services.web.healthcheck.test: expected a text, ["CMD", PROGRAM, ...], ["CMD-SHELL", TEXT] or ["NONE"]',
  ],
  ...["[CMD]", "[CMD, '']", "[CMD-SHELL]", "[NONE, a]"].map((test) =>
    [
      `healthcheck: {test: ${test}}`,
      '3:25: services.web.healthcheck.test: expected a text, ["CMD", PROGRAM, ...], ["CMD-SHELL", TEXT] or ["NONE"]',
    ] as const
  ),
  [
    "healthcheck: {test: [a]}",
    '3:25: services.web.healthcheck.test: expected a text, ["CMD", PROGRAM, ...], ["CMD-SHELL", TEXT] or ["NONE"]',
  ],
  [
    "healthcheck: {test: [CMD-SHELL, a, b]}",
    '3:25: services.web.healthcheck.test: expected a text, ["CMD", PROGRAM, ...], ["CMD-SHELL", TEXT] or ["NONE"]',
  ],
  ["healthcheck: {test: a, interval: 0s}", `3:38: services.web.healthcheck.interval: ${PERIOD}`],
  [
    "healthcheck: {test: a, retries: 0}",
    "3:37: services.web.healthcheck.retries: expected a whole number from 1 to 1000000, not 0",
  ],
  [
    "healthcheck: {http: 'https://localhost/'}",
    '3:25: services.web.healthcheck.http: expected http://HOST[:PORT][/PATH], HOST an IP address or localhost, not "https://localhost/"',
  ],
  [
    "healthcheck: {http: 'http://db/'}",
    '3:25: services.web.healthcheck.http: expected http://HOST[:PORT][/PATH], HOST an IP address or localhost, not "http://db/"',
  ],
  [
    "healthcheck: {http: 'http://[1::2::3]/'}",
    "3:25: services.web.healthcheck.http: [1::2::3] is no IP address",
  ],
  [
    "healthcheck: {tcp: 'localhost:65536'}",
    "3:24: services.web.healthcheck.tcp: the port 65536 is not from 1 to 65535",
  ],
  [
    "healthcheck: {tcp: 'localhost:0'}",
    "3:24: services.web.healthcheck.tcp: the port 0 is not from 1 to 65535",
  ],
  [
    "healthcheck: {tcp: '127.0.0.256:80'}",
    "3:24: services.web.healthcheck.tcp: 127.0.0.256 is no IP address",
  ],
  [
    "healthcheck: {tcp: localhost}",
    '3:24: services.web.healthcheck.tcp: expected HOST:PORT, HOST an IP address or localhost, not "localhost"',
  ],
  [
    "restart: sometimes",
    '3:14: services.web.restart: expected no, always, unless-stopped, on-failure or on-failure:N, not "sometimes"',
  ],
  [
    "restart: false",
    "3:14: services.web.restart: expected no, always, unless-stopped, on-failure or on-failure:N, not false",
  ],
  [
    "deploy: {restart_policy: {condition: always}}",
    '3:42: services.web.deploy.restart_policy.condition: expected none, on-failure or any, not "always"',
  ],
  [
    "signal_to: all",
    '3:16: services.web.signal_to: expected group or main, not "all"',
  ],
  [
    "stop_signal: SIGTRM",
    '3:18: services.web.stop_signal: expected a signal such as SIGTERM, QUIT or RTMIN+3; did you mean "TERM"?',
  ],
  ["stop_signal: 15", "3:18: services.web.stop_signal: expected a text; put it in quotes"],
  ["stop_grace_period: 10", `3:24: services.web.stop_grace_period: ${DURATION}, not 10; did you mean "10s"?`],
  [
    "stop_grace_period: '10'",
    `3:24: services.web.stop_grace_period: ${DURATION}, not "10"; did you mean "10s"?`,
  ],
  ["stop_grace_period: -10", `3:24: services.web.stop_grace_period: ${DURATION}, not -10`],
  ["stop_grace_period: 0", `3:24: services.web.stop_grace_period: ${DURATION}; put it in quotes`],
  [
    "healthcheck: {test: a, timeout: 5}",
    `3:37: services.web.healthcheck.timeout: ${PERIOD}, not 5; did you mean "5s"?`,
  ],
  [
    "healthcheck: {tcp: 80}",
    "3:24: services.web.healthcheck.tcp: expected HOST:PORT, HOST an IP address or localhost, not 80",
  ],
  ["umask: 999", '3:12: services.web.umask: expected an octal number such as "022", not 999'],
  ["stop_grace_period: 9000h", `3:24: services.web.stop_grace_period: ${DURATION}`],
  ["post_start: [{user: a}]", '3:18: services.web.post_start[0]: the key "command" is missing'],
  [
    "post_start: [{command: []}]",
    "3:18: services.web.post_start[0]: there is nothing to run: command is missing",
  ],
  [
    "post_start: {command: a}",
    "3:17: services.web.post_start: expected a list of mappings with command, not a mapping",
  ],
  ["essential: maybe", '3:16: services.web.essential: expected true or false, not "maybe"'],
  [
    "schedule: '@daily'",
    '3:15: services.web.schedule: expected five fields of cron(8), such as 0 3 * * *, not "@daily"',
  ],
  ["schedule: 60 * * * *", "3:15: services.web.schedule: minute: 60 is not 0 to 59"],
  ["schedule: a * * * *", "3:15: services.web.schedule: minute: a is not 0 to 59"],
  ["schedule: 5-1 * * * *", "3:15: services.web.schedule: minute: 5-1 is not 0 to 59"],
  ["schedule: 0 1,25 * * *", "3:15: services.web.schedule: hour: 1,25 is not 0 to 23"],
  ["schedule: 0 0  32 * *", "3:15: services.web.schedule: day of month: 32 is not 1 to 31"],
  ["schedule: 0 0 * 13 *", "3:15: services.web.schedule: month: 13 is not 1 to 12, or JAN to DEC"],
  ["schedule: 0 0 * 0 funday", "3:15: services.web.schedule: month: 0 is not 1 to 12, or JAN to DEC"],
  [
    "schedule: 0 0 * * funday",
    "3:15: services.web.schedule: day of week: funday is not 0 to 7, or SUN to SAT",
  ],
  ["schedule: 0 0 31 2 *", "3:15: services.web.schedule: expected a time that comes"],
  ["schedule: 0 3 * * *\nscale: 2", "3:15: services.web.schedule: a job with a schedule has one replica"],
  [
    "schedule: 0 3 * * *\nrestart: always",
    "3:15: services.web.schedule: a job with a schedule cannot restart always",
  ],
  [
    "forward_signals: [TERM]",
    "3:23: services.web.forward_signals[0]: SIGTERM cannot be passed on: it stops denit",
  ],
  [
    "forward_signals: [HUP]",
    "3:23: services.web.forward_signals[0]: SIGHUP cannot be passed on: it has denit read the file again",
  ],
  [
    "forward_signals: [KILL]",
    "3:23: services.web.forward_signals[0]: SIGKILL cannot be passed on: no program can be told of it",
  ],
  [
    "forward_signals: [SIGCHLD]",
    "3:23: services.web.forward_signals[0]: SIGCHLD cannot be passed on: it tells denit that a process has ended",
  ],
  [
    "logging: {driver: syslog}",
    '3:23: services.web.logging.driver: expected json-file, local or none: denit knows no other driver, not "syslog"',
  ],
  [
    "logging: {options: {max-size: 1m}}",
    "3:24: services.web.logging.options: only the drivers json-file and local write files",
  ],
  [
    "logging: {driver: local, options: {compress: 'true'}}",
    `3:40: services.web.logging.options.compress: ${DOCKERS}`,
  ],
  [
    "logging: {driver: local, options: {compresss: 'true'}}",
    "3:40: services.web.logging.options.compresss: unknown key",
  ],
  [
    "logging: {driver: local, options: {max-size: 0}}",
    "3:50: services.web.logging.options.max-size: expected a size above 0, or -1 for none",
  ],
  [
    "logging: {driver: json-file, options: {max-file: 3}}",
    "3:54: services.web.logging.options.max-file: without max-size the first file is never full",
  ],
  ["secrets: [no]", '3:15: services.web.secrets[0]: no secret "no" at the top of the file'],
  ["secrets: [{target: a}]", '3:15: services.web.secrets[0]: the key "source" is missing'],
];

const GIVEN: Given = {
  files: {
    "/srv/a.env": "A=1",
    "/srv/bad.env": "A=1\nB='secret",
    "/srv/latin.env": new Uint8Array([0x41, 0x3d, 0xe4]),
    "/srv/nul.env": "A=\0",
  },
};

for (const [keys, ...problems] of WEB) {
  Deno.test(`${keys.replaceAll("\n", "; ")}: refused`, () => {
    const lines = problemsOf(webFile(keys), GIVEN);
    deepEqual(lines, problems.map((problem) => `denit.yaml:${/^[0-9]/.test(problem) ? "" : " "}${problem}`));
  });
}

const WHOLE: readonly (readonly [what: string, file: string | Uint8Array, ...problems: string[]])[] = [
  ["an empty file", "", "denit.yaml: the file is empty"],
  ["only comments", "# a\n", "denit.yaml: the file is empty"],
  ["no mapping", "- a", "denit.yaml:1:1: expected a mapping, not a list"],
  ["no services", "name: a", "denit.yaml: the file has no services"],
  ["services without one", "services: {}", "denit.yaml: the file has no services"],
  ["services that are nothing", "services:", "denit.yaml:1:10: services: expected a mapping, not nothing"],
  [
    "a service that is nothing",
    "services: {web: }",
    "denit.yaml:1:17: services.web: expected a mapping, not nothing",
  ],
  ["not UTF-8", new Uint8Array([0x61, 0xff]), "denit.yaml: the file is not UTF-8"],
  [
    "no YAML",
    "services:\n  web: a: b\n",
    'denit.yaml:2:8: a value with ": " in it needs quotes',
  ],
  ["a tab", "services:\n\tweb: a\n", "denit.yaml:2:1: a tab cannot indent; use spaces"],
  [
    "two documents",
    "services: {web: {command: a}}\n---\na: b",
    "denit.yaml:2:1: a second document begins here; one file is one document",
  ],
  [
    "a key twice",
    "services:\n  web: {command: a}\n  web: {command: b}",
    "denit.yaml:3:3: services.web: the key is there already, at line 2",
  ],
  ["a tag", "services: {web: !reset {command: a}}", "denit.yaml:1:17: not YAML: Unresolved tag: !reset"],
  [
    "an alias of nothing",
    "x-one: &one 1\nservices: *on",
    'denit.yaml:2:11: services: no anchor &on before this alias; did you mean "one"?',
  ],
  [
    "a number as a key",
    "services: {1: {command: a}}",
    "denit.yaml:1:12: services: a key must be text; put it in quotes",
  ],
  [
    "a merge of a text",
    "services: {web: {<<: a, command: b}}",
    "denit.yaml:1:22: services.web.<<: expected an alias of a mapping, or a list of them",
  ],
  [
    "a name that is an option",
    "services: {-f: {command: a}}",
    "denit.yaml:1:12: services.-f: expected a name of letters, digits, _, . and -, that begins with a letter, a digit or _",
  ],
  [
    "a word of JavaScript's",
    "services: {__proto__: {command: a}, b: {command: a}}",
    "denit.yaml:1:12: services.__proto__: this word cannot be a key",
  ],
  [
    "an unknown key at the top",
    "service: {}\nservices: {web: {command: a}}",
    'denit.yaml:1:1: service: unknown key; did you mean "services"?',
  ],
  [
    "a service at the top",
    "web:\n  command: a\n",
    "denit.yaml:1:1: web: unknown key; a service stands under services:",
  ],
  [
    "a service that is not indented",
    "services:\nnames:\n  entrypoint: a\n",
    "denit.yaml:1:10: services: expected a mapping, not nothing",
    "denit.yaml:2:1: names: unknown key; a service stands under services:",
  ],
  [
    "Docker's at the top",
    "volumes: {a: }\nservices: {web: {command: a}}",
    `denit.yaml:1:1: volumes: ${DOCKERS}`,
  ],
  [
    "a bad name",
    "name: A b\nservices: {web: {command: a}}",
    'denit.yaml:1:7: name: expected a name of small letters, digits, _ and -, that begins with a letter or a digit, not "A b"',
  ],
  [
    "a circle",
    "services:\n  a: {command: x, depends_on: [b]}\n  b: {command: x, depends_on: {c: {condition: service_started}}}\n  c: {command: x, depends_on: [b]}\n",
    "denit.yaml:3:32: services.b.depends_on.c: a circle: b -> c -> b",
  ],
  [
    "a circle beside others that are none",
    "services:\n  a: {command: x, depends_on: [b, c]}\n  b: {command: x}\n  c: {command: x, depends_on: [a]}\n",
    "denit.yaml:2:35: services.a.depends_on[1]: a circle: a -> c -> a",
  ],
  [
    "two merges in one mapping",
    "x-a: &a {A: b}\nservices:\n  a: {command: x, environment: {<<: *a, <<: *a}}\n",
    "denit.yaml:3:41: services.a.environment.<<: there are two; write <<: [*one, *other]",
  ],
  [
    "no health to wait for",
    "services:\n  a: {command: x, depends_on: {b: {condition: service_healthy}}}\n  b: {command: x, healthcheck: {disable: true}}\n",
    "denit.yaml:2:32: services.a.depends_on.b: b has no healthcheck, so it never gets healthy",
  ],
  [
    "no end to wait for",
    "services:\n  a: {command: x, depends_on: {b: {condition: service_completed_successfully}}}\n  b: {command: x, restart: always}\n",
    "denit.yaml:2:32: services.a.depends_on.b: b is always restarted, so it never completes",
  ],
  [
    "a job to wait for",
    "services:\n  a: {command: x, depends_on: [b]}\n  b: {command: x, schedule: 0 3 * * *}\n",
    "denit.yaml:2:32: services.a.depends_on[0]: b has a schedule: it is not run at the start",
  ],
  [
    "a dependency that is off",
    "services:\n  a: {command: x, depends_on: [b]}\n  b: {command: x, profiles: [p, q]}\n",
    "denit.yaml:2:32: services.a.depends_on[0]: b is off without one of its profiles (p, q)",
  ],
  [
    "a name that is a replica's",
    "services:\n  a: {command: x, scale: 2}\n  a-2: {command: x}\n",
    "denit.yaml:3:3: services.a-2: a-2 is one of a too",
  ],
  [
    "a secret that is nowhere",
    "services: {web: {command: a}}\nsecrets: {a: {}}",
    "denit.yaml:2:11: secrets.a: expected one of file and environment",
  ],
  [
    "a secret that is in two places",
    "services: {web: {command: a}}\nsecrets: {a: {file: b, environment: C}}",
    "denit.yaml:2:11: secrets.a: expected one of file and environment",
  ],
  [
    "Docker's secrets",
    "services: {web: {command: a}}\nsecrets: {a: {external: true, file: b}}",
    `denit.yaml:2:15: secrets.a.external: ${DOCKERS}`,
  ],
];

for (const [what, file, ...problems] of WHOLE) {
  Deno.test(`${what}: refused`, () => deepEqual(problemsOf(file), problems));
}

Deno.test("the file itself cannot be read", () => {
  deepEqual(problemsOf("", { request: { path: "no.yaml" } }), [
    "no.yaml: Cannot read /srv/no.yaml: no such file",
  ]);
});

for (
  const [what, secret, variable, problem] of [
    [
      "cannot be read",
      "{file: no}",
      "DB_FILE: /run/secrets/db",
      'Cannot read the secret "db": /srv/no: no such file',
    ],
    [
      "is not set",
      "{environment: NO}",
      "DB_FILE: /run/secrets/db",
      'Cannot read the secret "db": the variable NO is not set',
    ],
    [
      "holds a NUL",
      "{file: nul}",
      "DB_FILE: /run/secrets/db",
      'Cannot read the secret "db": /srv/nul: it holds a NUL, which no variable can',
    ],
    [
      "is no UTF-8",
      "{file: latin}",
      "DB_FILE: /run/secrets/db",
      'Cannot read the secret "db": /srv/latin: not UTF-8',
    ],
    ["has a rival", "{file: good}", "DB: a, DB_FILE: /run/secrets/db", "DB is set too: which of them holds?"],
  ] as const
) {
  Deno.test(`a secret that ${what}: refused, and never told`, () => {
    const lines = problemsOf(
      `secrets: {db: ${secret}}\nservices:\n  web:\n    command: a\n    secrets: [db]\n    environment: {${variable}}\n`,
      {
        files: {
          "/srv/nul": "hush\0",
          "/srv/latin": new Uint8Array([0x68, 0x75, 0x73, 0x68, 0xff]),
          "/srv/good": "hush",
        },
      },
    );
    equal(lines.length, 1);
    match(lines[0]!, /^denit\.yaml:6:[0-9]+: services\.web\.environment\.DB_FILE: /);
    ok(lines[0]!.endsWith(`DB_FILE: ${problem}`), lines[0]);
    ok(!lines[0]!.includes("hush"));
  });
}

Deno.test("all at once, in the order of the file", () => {
  deepEqual(
    problemsOf(`services:
  web:
    command: 'a
      "b'
    restrt: always
    image: x
    depends_on: [nothing]
  db:
    command: a
    stop_signal: SIGNOTHING
  c: {command: x, depends_on: [d, db]}
  d: {command: "$(x)", depends_on: [c]}
volumes: {}
`).map((line) => line.split(": ", 2).join(": ")),
    [
      "denit.yaml:5:5: services.web.restrt",
      "denit.yaml:6:5: services.web.image",
      "denit.yaml:10:18: services.db.stop_signal",
      "denit.yaml:11:32: services.c.depends_on[0]",
      "denit.yaml:12:16: services.d.command",
      "denit.yaml:13:1: volumes",
    ],
  );
});

Deno.test("--compat passes over what is Docker's, but not over what would change the rest", () => {
  const keys = "image: x\nports: [80]\ntty: true\ninit: true\ndeploy: {resources: {}}";
  const file = webFile(`${keys}\npost_start: [{command: a, privileged: true}]`);
  equal(problemsOf(file).length, 6);
  const compat = { request: { compat: true } };
  deepEqual(problemsOf(`${file}    extends: a\n    imag: y\n`, compat), [
    "denit.yaml:10:5: services.web.extends: is not supported: share keys by an anchor and <<, or services by include",
    "denit.yaml:11:5: services.web.imag: unknown key",
  ]);
});

Deno.test("a word that every object of JavaScript knows is a key that is not known", () => {
  for (const word of ["hasOwnProperty", "toString", "__defineGetter__", "valueOf"]) {
    deepEqual(problemsOf(`${word}: {a: 1}\nservices: {web: {command: a, ${word}: {b: 1}}}`), [
      `denit.yaml:1:1: ${word}: unknown key`,
      `denit.yaml:2:30: services.web.${word}: unknown key`,
    ]);
  }
});

Deno.test("no name turns its line round, or moves the cursor of a terminal", () => {
  deepEqual(problemsOf('services: {"a\\u202eb\\x9b31m\\ud800": {command: a}}'), [
    'denit.yaml:1:12: services."a b 31m\\ud800": expected a name of letters, digits, _, . and -, that begins with a letter, a digit or _',
  ]);
});

Deno.test("a long reason is cut off, and does not end in half a character", () => {
  const [line, ...more] = problemsOf(`services: {web: {command: "\${NONE:?${"\u{1f600}".repeat(3000)}}"}}`);
  deepEqual(more, []);
  ok(line!.length < 1200 && line!.endsWith("...") && line!.isWellFormed(), line);
});

Deno.test("a message is one line, whatever is in the file", () => {
  const lines = problemsOf('services: {"a\\e[31m\\nb": {command: "\\n", restart: "\\e[2J\\u2028x"}}');
  ok(lines.length >= 2);
  // deno-lint-ignore no-control-regex
  for (const line of lines) ok(!/[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(line), JSON.stringify(line));
});
