import { markOf, readMarkValue } from "../../src/services/mark.ts";
import { deepEqual, equal } from "../assert.ts";

Deno.test("a mark tells the service and which of its programs", () => {
  deepEqual(readMarkValue(markOf("web-2", "post_start")), { service: "web-2", part: "post_start" });
});

Deno.test("the mark of another denit, and anything else that stands in the variable, tells nothing", () => {
  const [own, service, part] = markOf("web", "main").split("/") as [string, string, string];
  for (
    const mark of ["", "web", `${own}0/${service}/${part}`, `0-0/${service}/${part}`, `${own}/${service}`]
  ) {
    equal(readMarkValue(mark), null, mark);
  }
});
