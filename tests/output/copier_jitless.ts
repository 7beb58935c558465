/** Run with V8's `--jitless`: whether there is a copier, and what becomes of many lines. */

import { libc } from "../../ffi/libc.ts";
import { makePipe } from "../../ffi/pipe.ts";
import { makeCopier } from "../../src/output/copier.ts";
import { plainForm } from "../../src/output/forms.ts";
import { Source } from "../../src/output/source.ts";

const encoder = new TextEncoder();
Deno.stdout.writeSync(encoder.encode(makeCopier(100_000) === null ? "no copier\n" : "a copier\n"));
const { read, write } = makePipe()!;
const source = new Source(read, plainForm("> "), {
  room: () => Infinity,
  write: (lines) => Deno.stdout.writeSync(lines),
});
const lines = encoder.encode("a line\n".repeat(5000));
libc.write(write, lines, BigInt(lines.length));
source.turn(() => new Date(0));
