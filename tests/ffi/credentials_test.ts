import { deepEqual } from "../assert.ts";
import { fixture } from "../fixture.ts";
import type { CredentialsFixture } from "./credentials_fixture.ts";

const credentials = fixture<CredentialsFixture>(import.meta.resolve("./credentials_fixture.ts"));

const ignore = Deno.uid() !== 0;
const through = ["setpriv", "--groups", "3"];
const APP = { uid: 1234, gid: 2345, groups: [5] };
const [ROOT, AS_APP] = ["0\t0\t0\t0; 0\t0\t0\t0; 3", "1234\t1234\t0\t1234; 2345\t2345\t0\t2345; 5"] as const;

Deno.test({
  name: "acts as another user, and is itself again whatever happened meanwhile",
  ignore,
  async fn() {
    const { result } = await credentials.call("acts", [APP], { through });
    deepEqual(result, { own: { uid: 0, gid: 0, groups: [3] }, seen: [ROOT, AS_APP, ROOT, ROOT] });
  },
});

for (
  const [what, as, seen] of [
    ["another user id", { uid: 1234, gid: 0, groups: [3] }, "1234\t1234\t0\t1234; 0\t0\t0\t0; 3"],
    ["another group id", { uid: 0, gid: 2345, groups: [3] }, "0\t0\t0\t0; 2345\t2345\t0\t2345; 3"],
    ["other groups", { uid: 0, gid: 0, groups: [5, 7] }, "0\t0\t0\t0; 0\t0\t0\t0; 5 7"],
    ["no groups", { uid: 0, gid: 0, groups: [] }, "0\t0\t0\t0; 0\t0\t0\t0; "],
    ["what it is anyway", { uid: 0, gid: 0, groups: [3, 3] }, ROOT],
  ] as const
) {
  Deno.test({
    name: `acts with ${what} alone`,
    ignore,
    async fn() {
      const { result } = await credentials.call("acts", [as], { through });
      deepEqual(result.seen, [ROOT, seen, ROOT, ROOT]);
    },
  });
}

Deno.test({
  name: "does nothing more as anybody once it could not become itself again",
  ignore,
  async fn() {
    const { result } = await credentials.call("losesWay", [APP], { through });
    const refused = "denit acted as another user before, and could not become itself again";
    const lost = "1234\t1234\t1234\t1234; 2345\t2345\t0\t2345; 5";
    deepEqual(result, [ROOT, lost, { refused }, { refused }]);
  },
});

Deno.test({
  name: "opens files as another user, and as itself again",
  ignore,
  async fn() {
    const { result } = await credentials.call("withFiles", [1234, 2345], { through });
    deepEqual(result, [ROOT, "0\t0\t0\t1234; 0\t0\t0\t2345; 3", ROOT]);
  },
});
