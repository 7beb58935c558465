import { cString, cStringTable } from "../../ffi/c_string.ts";
import { deepEqual, equal, throws } from "../assert.ts";

Deno.test("a string becomes its UTF-8 bytes and one NUL", () => {
  deepEqual([...cString("")], [0]);
  deepEqual([...cString("web")], [0x77, 0x65, 0x62, 0]);
  deepEqual([...cString("\u{fc}")], [0xc3, 0xbc, 0]);
  deepEqual([...cString("\u{1f600}")], [0xf0, 0x9f, 0x98, 0x80, 0]);
});

Deno.test("bytes stay as they are, also where they are no UTF-8", () => {
  const bytes = new Uint8Array([0xff, 0x41]);
  deepEqual([...cString(bytes)], [0xff, 0x41, 0]);
  deepEqual([...bytes], [0xff, 0x41]);
});

Deno.test("refuses a NUL within, where C would see the end", () => {
  throws(() => cString("a\0b"), TypeError);
  throws(() => cString("\0"), /^TypeError: Cannot pass "\\u0000" on: it holds a NUL$/);
  throws(() => cString(new Uint8Array([0x61, 0])), TypeError);
  throws(() => cStringTable(["a", "b\0"]), TypeError);
});

Deno.test("a table points at each string, in order, and ends in NULL", () => {
  const table = cStringTable(["web", "", "\u{fc}", new Uint8Array([0x41])]);
  equal(table.pointers.length, 5);
  equal(table.pointers[4], 0n);
  const read = (i: number): string =>
    Deno.UnsafePointerView.getCString(Deno.UnsafePointer.create(table.pointers[i]!)!);
  deepEqual([0, 1, 2, 3].map(read), ["web", "", "\u{fc}", "A"]);
});

Deno.test("an empty table holds NULL alone", () => {
  deepEqual([...cStringTable([]).pointers], [0n]);
});
