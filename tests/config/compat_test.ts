/** What of a file that is shared with Compose is passed over by `--compat`, and what is told of that. */

import type { LoadRequest } from "../../src/config/system.ts";
import { projectText } from "../../src/config/print.ts";
import { deepEqual, equal } from "../assert.ts";
import { load, problemsOf, requestOf, systemOf, webFile } from "./system.ts";

const SHOP = `services:
  web: {command: a, build: ., depends_on: [db, cache, logs]}
  worker: {command: a, image: x, depends_on: {db: {condition: service_healthy}}}
  logs: {command: a}
  db: {image: postgres, healthcheck: {test: a}, command: }
  cache: {build: ./cache}
  debug: {image: busybox, profiles: [debug], depends_on: [db]}
`;

const DB = "denit.yaml:5:3: services.db: has an image but no command: passed over";
const CACHE = "denit.yaml:6:3: services.cache: has an image but no command: passed over";

for (
  const [what, request, names, warnings] of [
    ["all", {}, ["web", "worker", "logs"], [
      `${DB}; web, worker will not wait for it`,
      `${CACHE}; web will not wait for it`,
    ]],
    ["one", { select: ["worker"] }, ["worker"], [`${DB}; worker will not wait for it`]],
    ["one that waits for none of them", { select: ["logs"] }, ["logs"], []],
    ["a profile", { profiles: ["debug"] }, ["web", "worker", "logs"], [
      `${DB}; web, worker will not wait for it`,
      `${CACHE}; web will not wait for it`,
      "denit.yaml:7:3: services.debug: has an image but no command: passed over",
    ]],
  ] as const satisfies readonly (readonly [
    string,
    Partial<LoadRequest>,
    readonly string[],
    readonly string[],
  ])[]
) {
  Deno.test(`who has an image but no command is passed over, and nobody waits for it: ${what}`, () => {
    const loaded = load(SHOP, { request: { ...request, compat: true } });
    deepEqual(loaded.services.map(({ name }) => name), names);
    deepEqual(loaded.warnings, warnings);
    const waitsFor = loaded.services.flatMap(({ dependsOn }) => dependsOn.map(({ service }) => service));
    deepEqual(waitsFor.filter((name) => name !== "logs"), []);
  });
}

Deno.test("who has an image but no command, and is asked for by name, is refused", () => {
  deepEqual(problemsOf(SHOP, { request: { compat: true, select: ["db"] } }), [
    "denit.yaml:5:3: services.db: there is nothing to run: command is missing",
  ]);
});

Deno.test("who has neither an image nor a command is refused", () => {
  deepEqual(problemsOf("services: {web: {user: a}}", { request: { compat: true } }), [
    "denit.yaml:1:12: services.web: there is nothing to run: command is missing",
  ]);
});

Deno.test("nobody is left to be run", () => {
  deepEqual(problemsOf("services: {web: {image: a}}", { request: { compat: true } }), [
    "denit.yaml: there is no service to run: each needs a profile, or has no replicas or no command",
  ]);
});

Deno.test("a driver that denit has not: the service's lines are denit's own", () => {
  const keys = "logging: {driver: syslog, options: {syslog-address: 'udp://a'}}";
  const { services: [web], warnings } = load(webFile(keys), { request: { compat: true } });
  deepEqual(web!.logging, { name: "denit" });
  deepEqual(warnings, [
    'denit.yaml:3:23: services.web.logging.driver: denit has no driver "syslog": passed over, its lines are denit\'s own',
  ]);
});

Deno.test("Docker's own options of json-file are passed over", () => {
  const keys =
    "logging: {driver: json-file, options: {max-size: 1k, compress: 'true', tag: x, labels: a, env: B}}";
  const { services: [web], warnings } = load(webFile(keys), { request: { compat: true } });
  deepEqual(web!.logging, { name: "files", format: "json", maxBytes: 1000, maxFiles: 1 });
  deepEqual(warnings, []);
});

const SECRET = `services:
  web: {command: a, secrets: [db, own], environment: {DB_FILE: /run/secrets/db, O_FILE: /run/secrets/own}}
secrets:
  db: {external: true}
  own: {file: own}
`;
/** Where a service looks by itself, without a variable that names the path. */
const BY_ITSELF = SECRET.replace("DB_FILE: /run/secrets/db, ", "");
const OWN = { "/srv/own": "hush" };

Deno.test("an external secret is looked for where the service does, by the service", () => {
  const { services: [web], warnings } = load(SECRET, { files: OWN, request: { compat: true } });
  deepEqual({ ...web!.program.environment }, { DB_FILE: "/run/secrets/db", O: "hush", O_FILE: null });
  deepEqual(load(BY_ITSELF, { files: OWN, request: { compat: true } }).warnings, warnings);
  deepEqual(warnings, [
    "denit.yaml:4:3: secrets.db: is external: passed over, a service finds it where it looks for it, or not",
  ]);
});

for (const [name, file] of Object.entries({ images: SHOP, secrets: SECRET })) {
  Deno.test(`what is printed without the ${name} that were passed over is a file of the same project`, () => {
    const given = { files: OWN, request: { compat: true } };
    const printed = projectText(requestOf(given.request), systemOf(file, given));
    equal(printed.name, "text");
    if (printed.name !== "text") return;
    const { warnings: _, ...project } = load(file, given);
    deepEqual(load(printed.text, { files: OWN }), { ...project, warnings: [] });
  });
}
