import { deepEqual } from "../assert.ts";
import { fixture } from "../fixture.ts";
import type { CredentialsFixture } from "./credentials_fixture.ts";

const credentials = fixture<CredentialsFixture>(import.meta.resolve("./credentials_fixture.ts"));

// What programs become is told in start_service_test.ts.
Deno.test({
  name: "opens files as another user, and as itself again",
  ignore: Deno.uid() !== 0,
  async fn() {
    const { result } = await credentials.call("withFiles", [1234, 2345], {
      through: ["setpriv", "--groups", "3"],
    });
    const own = "0\t0\t0\t0; 0\t0\t0\t0; 3";
    deepEqual(result, [own, "0\t0\t0\t1234; 0\t0\t0\t2345; 3", own]);
  },
});
