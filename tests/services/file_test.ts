import type { ConfigSystem, Unreadable } from "../../src/config/system.ts";
import { loadRequest } from "../../src/services/file.ts";
import { deepEqual, equal, match } from "../assert.ts";

const SETTINGS = { file: null, profiles: ["debug"], compat: true, timeoutMs: 5000 };

/** A system started in `/srv` with these files. */
function systemWith(files: Readonly<Record<string, Uint8Array | Unreadable>>): ConfigSystem {
  return {
    readFile: (path) => files[path] ?? { failure: "no such file or directory", missing: true },
    variable: () => undefined,
    workingDirectory: "/srv",
  };
}

function pathWith(
  files: Readonly<Record<string, Uint8Array | Unreadable>>,
  file: string | null = null,
): string {
  const request = loadRequest({ ...SETTINGS, file }, ["web"], systemWith(files));
  return typeof request === "string" ? request : request.path;
}

const SOME = new Uint8Array();

Deno.test("the file is the one that is named, else the one here, else the one in /etc", () => {
  equal(pathWith({ "/srv/denit.yaml": SOME, "/etc/denit.yaml": SOME }, "other.yaml"), "other.yaml");
  equal(pathWith({ "/srv/denit.yaml": SOME, "/etc/denit.yaml": SOME }), "./denit.yaml");
  equal(pathWith({ "/etc/denit.yaml": SOME }), "/etc/denit.yaml");
});

Deno.test("one that is there and cannot be read is not passed over", () => {
  const unreadable = { failure: "permission denied", missing: false };
  equal(pathWith({ "/srv/denit.yaml": unreadable, "/etc/denit.yaml": SOME }), "./denit.yaml");
});

Deno.test("what could not be read again is refused", () => {
  for (const path of ["-", "/dev/stdin", "/dev/fd/63", "/proc/self/fd/0"]) {
    equal(
      pathWith({ [path]: SOME }, path),
      `Cannot read ${path}: the file of services is read again at each HUP; name one that stays`,
    );
  }
  equal(pathWith({ "/srv/-.yaml": SOME }, "-.yaml"), "-.yaml");
});

Deno.test("where there is none, all places that were looked at are named", () => {
  match(
    pathWith({}),
    /^Cannot find a file of services: there is no \.\/denit\.yaml and no \/etc\/denit\.yaml; /,
  );
});

Deno.test("profiles, services, --compat and --timeout go along", () => {
  deepEqual(loadRequest({ ...SETTINGS, file: "a" }, ["web"], systemWith({})), {
    path: "a",
    select: ["web"],
    profiles: ["debug"],
    compat: true,
    timeoutMs: 5000,
  });
});
