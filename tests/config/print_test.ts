import { projectText } from "../../src/config/print.ts";
import { deepEqual, equal, fail, ok } from "../assert.ts";
import { type Given, load, problemsOf, requestOf, systemOf } from "./system.ts";

const FILE = `name: shop
x-env: &env {TZ: UTC, x-y: "1"}
include: [more/db.yaml]
services:
  web:
    command: run '$$X' \${PORT:-80}
    x-note: gone
    environment: {<<: *env, NUM: 007, FROM: , DB_FILE: /run/secrets/db}
    env_file: [a.env, {path: b.env, required: false, format: raw}]
    secrets: [db]
    restart: no
    depends_on: {db: {condition: service_started}}
    umask: "022"
    image: nginx
  off: {command: a, profiles: [p]}
secrets:
  unused: {file: u}
`;
const GIVEN: Given = {
  files: {
    "/srv/more/db.yaml": "services: {db: {command: [db]}}\nsecrets: {db: {file: db.txt}}",
    "/srv/more/db.txt": "hush",
    "/srv/a.env": "A=hush",
  },
  request: { compat: true },
};

function textOf(file: string, given: Given = {}): string {
  const printed = projectText(requestOf(given.request), systemOf(file, given));
  if (printed.name === "refused") fail(printed.problems.join("\n"));
  return printed.text;
}

Deno.test("what is printed is the file that is run: merged, filled in, selected, and without what was read", () => {
  equal(
    textOf(FILE, GIVEN),
    `name: shop
services:
  web:
    command: run '$$X' 80
    environment:
      NUM: "007"
      FROM: null
      DB_FILE: /run/secrets/db
      TZ: UTC
      x-y: "1"
    env_file:
      - path: /srv/a.env
      - path: /srv/b.env
        required: false
        format: raw
    umask: "022"
    depends_on:
      db:
        condition: service_started
    restart: "no"
    secrets:
      - db
  db:
    command:
      - db
secrets:
  db:
    file: /srv/more/db.txt
`,
  );
});

Deno.test("what is printed is again a file, of the same project, wherever it is put", () => {
  const { warnings: _, ...project } = load(FILE, GIVEN);
  const text = textOf(FILE, GIVEN);
  const again = load("", {
    files: { ...GIVEN.files, "/etc/d.yaml": text },
    request: { path: "/etc/d.yaml" },
  });
  deepEqual({ services: again.services }, project);
  equal(
    textOf("", { files: { ...GIVEN.files, "/etc/d.yaml": text }, request: { path: "/etc/d.yaml" } }),
    text,
  );
});

Deno.test("what is run by a profile is printed without it: with no option the text comes to the same", () => {
  const file = "services: {a: {command: x, profiles: [p], depends_on: [b]}, b: {command: z, profiles: [p]}}";
  for (const request of [{ profiles: ["p"] }, { select: ["a"] }]) {
    deepEqual(load(textOf(file, { request })), load(file, { request }));
  }
});

for (const blanks of [" \t\n", " \n", "\n  \n\n", "\n"]) {
  Deno.test(`a text of blanks alone is printed as it is: ${JSON.stringify(blanks)}`, () => {
    const file = JSON.stringify({
      services: { web: { command: ["run", blanks], environment: { IFS: blanks } } },
    });
    const { services: [web] } = load(textOf(file));
    deepEqual(web?.program.command, ["run", blanks]);
    deepEqual(web?.program.environment, { IFS: blanks });
  });
}

Deno.test("nothing that was read from a file is printed", () => ok(!textOf(FILE, GIVEN).includes("hush")));

Deno.test("a file that is refused is not printed", () => {
  const printed = projectText(requestOf(), systemOf("services: {web: {commnd: a}}"));
  deepEqual(printed, { name: "refused", problems: problemsOf("services: {web: {commnd: a}}") });
});
