import { deepEqual } from "../assert.ts";
import { type Given, load, problemsOf } from "./system.ts";

const WEB = "services: {web: {command: a}}";

for (
  const [include, files, names] of [
    ["[more.yaml]", { "/srv/more.yaml": "services: {db: {command: b}}" }, ["web", "db"]],
    ["[/etc/more.yaml]", { "/etc/more.yaml": "services: {db: {command: b}}" }, ["web", "db"]],
    ["[{path: more.yaml}]", { "/srv/more.yaml": "services: {db: {command: b}}" }, ["web", "db"]],
    ["[$FILE]", { "/srv/more.yaml": "services: {db: {command: b}}" }, ["web", "db"]],
    [
      "[{path: [x/one.yaml, y/two.yaml]}]",
      {
        "/srv/x/one.yaml": "services: {one: {command: b}}",
        "/srv/y/two.yaml": "services: {two: {command: b}}",
      },
      ["web", "one", "two"],
    ],
    [
      "[x/one.yaml]",
      { "/srv/x/one.yaml": "include: [../two.yaml]", "/srv/two.yaml": "services: {two: {command: b}}" },
      ["web", "two"],
    ],
    [
      "[one.yaml, two.yaml]", // each by both ways, and read once
      { "/srv/one.yaml": "include: [two.yaml]", "/srv/two.yaml": "services: {two: {command: b}}" },
      ["web", "two"],
    ],
  ] as const
) {
  Deno.test(`include: ${include} adds the services`, () => {
    const { services } = load(`include: ${include}\n${WEB}`, { files, variables: { FILE: "more.yaml" } });
    deepEqual(services.map(({ name }) => name), names);
  });
}

for (
  const [include, path] of [
    ["[x/more.yaml]", "/srv/x/a.env"],
    ["[{path: x/more.yaml, project_directory: y}]", "/srv/y/a.env"],
    ["[{path: x/more.yaml, project_directory: /z}]", "/z/a.env"],
    ["[{path: [y/none.yaml, x/more.yaml]}]", "/srv/y/a.env"],
  ] as const
) {
  Deno.test(`include: ${include} has its paths relative to ${path.replace("/a.env", "")}`, () => {
    const files = {
      "/srv/x/more.yaml": "services: {db: {command: b, env_file: a.env}}",
      "/srv/y/none.yaml": "x-nothing: 1",
      [path]: "A=1",
    };
    const { services: [db] } = load(`include: ${include}`, { files });
    deepEqual(db!.program.environment, { A: "1" });
  });
}

Deno.test("secrets of an included file are for all, and relative to it", () => {
  const { services: [web] } = load(
    "include: [x/s.yaml]\nservices: {web: {command: a, secrets: [s], environment: {S_FILE: /run/secrets/s}}}",
    { files: { "/srv/x/s.yaml": "secrets: {s: {file: s.txt}}", "/srv/x/s.txt": "v" } },
  );
  deepEqual(web!.program.environment, { S: "v", S_FILE: null });
});

const REFUSALS: readonly (readonly [what: string, include: string, Given["files"], ...problems: string[]])[] =
  [
    [
      "a file that is not there",
      "[no.yaml]",
      {},
      "denit.yaml:1:11: include[0]: Cannot read /srv/no.yaml: no such file",
    ],
    [
      "a problem in an included file",
      "[x/a.yaml]",
      { "/srv/x/a.yaml": "services:\n  db: {command: a, user: 1}" },
      "x/a.yaml:2:26: services.db.user: expected a user such as app, 1000, app:staff or :staff; put it in quotes",
    ],
    [
      "a file that includes itself",
      "[denit.yaml]",
      {},
      "denit.yaml:1:11: include[0]: a circle of files: denit.yaml -> denit.yaml",
    ],
    [
      "a circle of files",
      "[{path: x/a.yaml}]",
      { "/srv/x/a.yaml": "include: [b.yaml]", "/srv/x/b.yaml": "include: [{path: [../denit.yaml]}]" },
      "x/b.yaml:1:19: include[0].path[0]: a circle of files: denit.yaml -> x/a.yaml -> x/b.yaml -> denit.yaml",
    ],
    [
      "a service that is there twice",
      "[a.yaml]",
      { "/srv/a.yaml": "services:\n  web: {command: a}" },
      "a.yaml:2:3: services.web: is there already, in denit.yaml, line 2",
    ],
    [
      "variables of its own",
      "[{path: a.yaml, env_file: b}]",
      { "/srv/a.yaml": "x-a: 1" },
      "denit.yaml:1:26: include[0].env_file: is not supported here: variables of the file come from denit's own environment",
    ],
    ["no path", "[{}]", {}, 'denit.yaml:1:11: include[0]: the key "path" is missing'],
    ["no list", "a.yaml", {}, 'denit.yaml:1:10: include: expected a list of paths, not "a.yaml"'],
  ];

for (const [what, include, files, ...problems] of REFUSALS) {
  Deno.test(`include: ${what} is refused`, () => {
    deepEqual(problemsOf(`include: ${include}\n${WEB}`, { files: files! }), problems);
  });
}

Deno.test("the file is named as it was asked for, and read by its absolute path", () => {
  deepEqual(problemsOf("", { request: { path: "../etc/./d.yaml" }, files: { "/etc/d.yaml": "a: 1" } }), [
    "../etc/./d.yaml:1:1: a: unknown key",
  ]);
});

Deno.test("a file that includes ever more files comes to an end", () => {
  const files = Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [`/srv/${i}.yaml`, `include: [${i + 1}.yaml]`] as const),
  );
  deepEqual(problemsOf("include: [0.yaml]", { files }), ["98.yaml:1:11: include[0]: more than 100 files"]);
});
