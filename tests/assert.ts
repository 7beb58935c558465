/**
 * The assertions of every test. They stand in for `@std/assert`, so that the tests need no registry but npm's.
 *
 * The strict ones by their own names: imported by name from `node:assert/strict`, Deno's `equal` is the loose one.
 */
export {
  deepStrictEqual as deepEqual,
  doesNotMatch,
  fail,
  match,
  notStrictEqual as notEqual,
  ok,
  strictEqual as equal,
  throws,
} from "node:assert/strict";
