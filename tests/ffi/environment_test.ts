import { readVariable, valueOf, withChanges } from "../../ffi/environment.ts";
import { deepEqual, equal, ok } from "../assert.ts";
import { fixture } from "../fixture.ts";
import { tempFolder } from "../temp_folder.ts";
import type { EnvironmentFixture } from "./environment_fixture.ts";

const environment = fixture<EnvironmentFixture>(import.meta.resolve("./environment_fixture.ts"));

Deno.test("reads a variable, also one that is empty; one that is not set is undefined", () => {
  Deno.env.set("DENIT_TEST_VARIABLE", "a=b \u{fc}\n");
  equal(readVariable("DENIT_TEST_VARIABLE"), "a=b \u{fc}\n");
  Deno.env.set("DENIT_TEST_VARIABLE", "");
  equal(readVariable("DENIT_TEST_VARIABLE"), "");
  Deno.env.delete("DENIT_TEST_VARIABLE");
  equal(readVariable("DENIT_TEST_VARIABLE"), undefined);
  equal(readVariable("DENIT_TEST"), undefined);
});

Deno.test("no variable has a name with a NUL or = in it", () => {
  for (const name of ["PATH\0", "A\0B", "PATH="]) equal(readVariable(name), undefined);
});

Deno.test("shows U+FFFD for what is no UTF-8", async () => {
  const set = `$ENV{"DENIT_RAW"} = "a\\xff\\xfeb"; exec @ARGV`;
  const { result } = await environment.call("readVariable", ["DENIT_RAW"], { through: ["perl", "-e", set] });
  equal(result, "a\ufffd\ufffdb");
});

for (
  const [what, path] of [
    ["a PATH without node", "/no/such/folder:/no/such"],
    ["a PATH with a folder that is called as the runtime's own", "/no/such/node_compat_bin:/x"],
    ["an empty PATH", ""],
    ["no PATH", null],
  ] as const
) {
  Deno.test(`takes back what the runtime changes in ${what}`, async () => {
    const perl = `%ENV = (B => 1, ${path === null ? "" : `PATH => "${path}", `}A => "=\\xff"); exec @ARGV`;
    const { result } = await environment.call("restore", [], { through: [PERL, "-e", perl] });
    deepEqual(result.after, result.given);
    equal(result.given.length, path === null ? 2 : 3);
  });
}

Deno.test("changes nothing where the runtime did not", async () => {
  await using folder = await tempFolder();
  await folder.write("node", "#!/bin/sh\n", 0o755);
  const { result } = await environment.call("restore", [], {
    through: [PERL, "-e", `%ENV = (B => 1, PATH => "${folder.path}", A => 2); exec @ARGV`],
  });
  deepEqual(result.before, result.given);
  deepEqual(result.after, result.given);
});

Deno.test("leaves the runtime's variable alone where the caller has set it", async () => {
  const { result } = await environment.call("restore", [], { env: { DENO_NODE_SHIM_ACTIVE: "1" } });
  deepEqual(result.after, result.before);
});

Deno.test("puts changes into the environment, and keeps the rest byte for byte and in its order", async () => {
  const set = `%ENV = (B => "b", PATH => "/usr/bin", A => "a=1", RAW => "\\xff\\n", EMPTY => ""); exec @ARGV`;
  const changes = { B: null, A: "changed", NEW: "\u{fc}=", NOT: null, ["__proto__"]: "x" };
  const { result: { given, changed } } = await environment.call("change", [changes], {
    through: [PERL, "-e", set],
  });
  const hex = (text: string): string =>
    [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const kept = given.filter((entry) => !entry.startsWith(hex("A=")) && !entry.startsWith(hex("B=")));
  ok(kept.includes(hex("RAW=") + "ff0a"));
  ok(kept.includes(hex("EMPTY=")));
  deepEqual(changed, [...kept, ...["A=changed", "NEW=\u{fc}=", "__proto__=x"].map(hex)]);
});

Deno.test("the value of a variable is that of the first of its name, as bytes", () => {
  const variables = [
    ...withChanges([], { A: "B=1", BB: "1", B: "2=", EMPTY: "" }),
    ...withChanges([], { B: "3" }),
  ];
  const read = (name: string): string | null => {
    const value = valueOf(variables, name);
    return value === null ? null : new TextDecoder().decode(value);
  };
  deepEqual(["A", "B", "EMPTY", "b", "NONE"].map(read), ["B=1", "2=", "", null, null]);
});

const PERL = "/usr/bin/perl";
