import { inSentence, lastReason, strerror } from "../../ffi/error_words.ts";
import { libc } from "../../ffi/libc.ts";
import { equal } from "../assert.ts";

Deno.test("what an error number means, by itself and within a sentence", () => {
  equal(strerror(2), "No such file or directory");
  equal(inSentence(28), "no space left on device");
  equal(inSentence(1234), "unknown error 1234");
});

Deno.test("why the last call failed", () => {
  equal(libc.close(1_000_000), -1);
  equal(lastReason(), "bad file descriptor");
});
