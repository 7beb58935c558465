import { deepEqual } from "../assert.ts";
import { load, problemsOf } from "./system.ts";

const FILE = `services:
  web: {command: a, depends_on: [db]}
  db: {command: a}
  worker: {command: a, depends_on: {web: {condition: service_started}, tracer: {condition: service_started, required: false}}}
  tracer: {command: a, profiles: [debug, trace], depends_on: [db]}
  shell: {command: a, profiles: [debug], env_file: no.env}
`;

for (
  const [select, profiles, names] of [
    [[], [], ["web", "db", "worker"]],
    [[], ["trace"], ["web", "db", "worker", "tracer"]],
    [[], ["none"], ["web", "db", "worker"]],
    [[], ["*"], ["web", "db", "worker", "tracer", "shell"]],
    [["worker"], ["*"], ["web", "db", "worker", "tracer"]],
    [["db"], [], ["db"]],
    [["web"], [], ["web", "db"]],
    [["worker"], [], ["web", "db", "worker"]],
    [["worker"], ["trace"], ["web", "db", "worker", "tracer"]],
    [["tracer"], [], ["db", "tracer"]],
    [["worker", "tracer"], [], ["web", "db", "worker", "tracer"]],
  ] as const
) {
  Deno.test(`up ${select.join(" ")} with the profiles (${profiles}) runs ${names}`, () => {
    const { services } = load(FILE, { files: { "/srv/no.env": "" }, request: { select, profiles } });
    deepEqual(services.map(({ name }) => name), names);
    const all = services.flatMap(({ dependsOn }) => dependsOn.map(({ service }) => service));
    deepEqual(all.filter((name) => !names.some((each) => each === name)), []);
  });
}

Deno.test("a profile that no service has is told of, with the one that was meant", () => {
  deepEqual(
    load(FILE, { request: { profiles: ["trace", "debgu", "*"] }, files: { "/srv/no.env": "" } }).warnings,
    [
      'denit.yaml: no service has the profile "debgu"; did you mean "debug"?',
    ],
  );
});

Deno.test("a file of variables is read only for who is run", () => {
  deepEqual(problemsOf(FILE, { request: { profiles: ["debug"] } }), [
    "denit.yaml:6:52: services.shell.env_file: Cannot read /srv/no.env: no such file",
  ]);
});

Deno.test("a service that is not there is refused, with the one that was meant", () => {
  deepEqual(problemsOf(FILE, { request: { select: ["wrker", "zzzzzzzz"] } }), [
    'denit.yaml: no service "wrker" in the file; did you mean "worker"?',
    'denit.yaml: no service "zzzzzzzz" in the file',
  ]);
});

Deno.test("who is named turns its profiles on, for what it depends on and for nobody else", () => {
  const file = `services:
  web: {command: x}
  test: {command: x, profiles: [test]}
  coverage: {command: x, depends_on: [test], profiles: [test]}
  debug: {command: x, depends_on: [test], profiles: [debug]}
`;
  const namesOf = (select: string[], ...profiles: string[]): string[] =>
    load(file, { request: { select, profiles } }).services.map(({ name }) => name);
  deepEqual(namesOf(["test"]), ["test"]);
  deepEqual(namesOf(["coverage"]), ["test", "coverage"]);
  deepEqual(namesOf(["debug"], "test"), ["test", "debug"]);
  deepEqual(problemsOf(file, { request: { select: ["debug"] } }), [
    "denit.yaml:5:36: services.debug.depends_on[0]: test is off without one of its profiles (test)",
  ]);
});

Deno.test("who is named turns no profile on that it has not itself", () => {
  const file = "services: {a: {command: x, depends_on: [b]}, b: {command: x, profiles: [p]}}";
  deepEqual(problemsOf(file, { request: { select: ["a"] } }), [
    "denit.yaml:1:41: services.a.depends_on[0]: b is off without one of its profiles (p)",
  ]);
  deepEqual(load(file, { request: { select: ["a", "b"] } }).services.length, 2);
  deepEqual(load(file, { request: { select: ["a"], profiles: ["p"] } }).services.length, 2);
});
