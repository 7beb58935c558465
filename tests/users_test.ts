import { lookUpUser } from "../src/users.ts";
import { deepEqual, equal } from "./assert.ts";

const PASSWD = `root:x:0:0:root:/root:/bin/bash
app:x:1000:1001:An App,,,:/srv/app:/bin/sh
# a comment
twin:x:1000:7::/twin:/bin/sh

broken:x:many:1:::
evil:x:4294967295:0:::
homeless:x:1002:1002:::
4000:x:4001:4001::/numeric:/bin/sh
`;
const GROUP = `root:x:0:
app:x:1001:
audio:x:29:app,other
video:x:44:other
logs:x:50:other,app
broken:x:many:app
`;
const OWN = { uid: 0, gid: 0, groups: [0, 3] };

function reader(files: Record<string, string>): (path: string) => string | null {
  return (path) => files[path] ?? null;
}

const read = reader({ "/etc/passwd": PASSWD, "/etc/group": GROUP });

const APP = { uid: 1000, gid: 1001, home: "/srv/app", name: "app" } as const;

for (
  const [what, user, groupAdd, expected] of [
    ["a name is looked up with its groups", "app", [], { ...APP, groups: [1001, 29, 50] }],
    ["a number is looked up too; the first entry counts", "1000", [], { ...APP, groups: [1001, 29, 50] }],
    [
      "a number without an entry has the group 0",
      "1234",
      [],
      { uid: 1234, gid: 0, groups: [0], home: "/", name: null },
    ],
    ["a named group is the only one", "app:audio", [], { ...APP, gid: 29, groups: [29] }],
    ["a group by number needs no entry", "app:999", [], { ...APP, gid: 999, groups: [999] }],
    ["both by number", "1234:5678", [], { uid: 1234, gid: 5678, groups: [5678], home: "/", name: null }],
    [
      "a group alone is for denit's own user",
      ":audio",
      [],
      { uid: 0, gid: 29, groups: [29], home: "/root", name: "root" },
    ],
    ["an empty group is none", "app:", [], { ...APP, groups: [1001, 29, 50] }],
    ["groups in addition, by name and number, each once", "app", ["video", "77", "29"], {
      ...APP,
      groups: [1001, 29, 50, 44, 77],
    }],
    ["groups in addition to a named one", "app:audio", ["video"], { ...APP, gid: 29, groups: [29, 44] }],
    [
      "without a user it is denit's own",
      null,
      ["video"],
      { ...OWN, groups: [0, 3, 44], home: null, name: null },
    ],
    ["a name of digits is a number", "4000", [], { uid: 4000, gid: 0, groups: [0], home: "/", name: null }],
    ["a user without a home has /", "homeless", [], {
      uid: 1002,
      gid: 1002,
      groups: [1002],
      home: "/",
      name: "homeless",
    }],
    [
      "the highest id",
      "2147483647:2147483647",
      [],
      { uid: 2 ** 31 - 1, gid: 2 ** 31 - 1, groups: [2 ** 31 - 1], home: "/", name: null },
    ],
  ] as const
) {
  Deno.test(what, () => deepEqual(lookUpUser(user, groupAdd, read, OWN), expected));
}

for (
  const [what, user, groupAdd, failure] of [
    ["an unknown name", "web", [], 'there is no user "web" in /etc/passwd'],
    ["a name with a broken entry", "broken", [], 'there is no user "broken" in /etc/passwd'],
    ["a name whose id means no change", "evil", [], 'there is no user "evil" in /etc/passwd'],
    ["an unknown group", "app:web", [], 'there is no group "web" in /etc/group'],
    ["a group with a broken entry", "app:broken", [], 'there is no group "broken" in /etc/group'],
    ["an unknown group in addition", "app", ["logs", "web"], 'there is no group "web" in /etc/group'],
    ["an unknown group in addition to denit's own", null, ["web"], 'there is no group "web" in /etc/group'],
    ["an id that is too high", "2147483648", [], "the user id 2147483648 is higher than 2147483647"],
    ["a group id that is too high", "0:4294967295", [], "the group id 4294967295 is higher than 2147483647"],
    ["a negative id", "-1", [], 'there is no user "-1" in /etc/passwd'],
    ["a second colon", "app:audio:x", [], 'there is no group "audio:x" in /etc/group'],
  ] as const
) {
  Deno.test(`${what} is refused`, () => deepEqual(lookUpUser(user, groupAdd, read, OWN), { failure }));
}

Deno.test("where there are no files numbers do, and names are refused", () => {
  const none = reader({});
  const nobody = { uid: 65534, gid: 65533, groups: [65533, 5], home: "/", name: null };
  deepEqual(lookUpUser("65534:65533", ["5"], none, OWN), nobody);
  deepEqual(lookUpUser("app", [], none, OWN), {
    failure: 'there is no user "app": /etc/passwd cannot be read',
  });
  deepEqual(lookUpUser("0:app", [], none, OWN), {
    failure: 'there is no group "app": /etc/group cannot be read',
  });
});

Deno.test("a passwd alone gives no further groups", () => {
  const found = lookUpUser("app", [], reader({ "/etc/passwd": PASSWD }), OWN);
  equal("groups" in found && found.groups.join(), "1001");
});

Deno.test("of a name that is far too long only the beginning is told", () => {
  for (const user of ["x".repeat(100_000), `0:${"x".repeat(100_000)}`, "9".repeat(100_000)]) {
    const found = lookUpUser(user, [], read, OWN);
    equal("failure" in found && found.failure.length < 400, true);
  }
});
