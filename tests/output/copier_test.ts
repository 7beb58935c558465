import { LARGEST_FRAME, makeCopier } from "../../src/output/copier.ts";
import { dockerForm, type Form, LONGEST_LINE, objectForm, plainForm } from "../../src/output/forms.ts";
import { assembled } from "../../tools/assemble.ts";
import { deepEqual, equal, ok } from "../assert.ts";
import { randomFrom } from "../random.ts";

const READ = 80 * 1024;
const OUT = READ + 16;
const SIZE = OUT + 400 * 1024;
const NEWLINE = 0x0a;
const TIME = new Date("2026-11-25T01:02:03.456Z");
const encoder = new TextEncoder();

const FORMS: Readonly<Record<string, Form>> = {
  "with a prefix": plainForm("web  | "),
  "as it is": plainForm(""),
  "as JSON": objectForm({ service: "web", stream: "stdout", pid: 12 }),
  "as Docker's JSON": dockerForm("stderr"),
};
for (const form of Object.values(FORMS)) form.stamp(TIME);

const copier = makeCopier(SIZE)!;

/** Puts text where it is copied from; returns where it ends. */
function put(text: string | Uint8Array<ArrayBuffer>): number {
  const bytes = typeof text === "string" ? encoder.encode(text) : text;
  copier.buffer.fill(0);
  copier.buffer.set(bytes);
  copier.buffer[bytes.length] = NEWLINE;
  return bytes.length;
}

/** Copies from the text's start on; which line is next, and what was copied. */
function copied(text: string, form: Form, limit = SIZE): [number, string] {
  const end = put(text);
  const [next, at] = copier.copy(0, end, OUT, limit, form.frame());
  return [next, new TextDecoder().decode(copier.buffer.subarray(OUT, at))];
}

/** The lines of a text, one by one, from the line that begins at `start` on. */
function formed(form: Form, start: number, end: number): Uint8Array<ArrayBuffer> {
  const buffer = copier.buffer.slice();
  let at = OUT;
  while (start < end) {
    const lineEnd = buffer.indexOf(NEWLINE, start);
    at = form.put(buffer, start, lineEnd, at, "whole");
    start = lineEnd + 1;
  }
  return buffer.slice(OUT, at);
}

for (const [name, form] of Object.entries(FORMS)) {
  Deno.test(`${name}: lines that are copied are what they are one by one`, () => {
    const random = randomFrom(7);
    const below = (bound: number): number => Math.floor(random() * bound);
    let many = 0;
    for (let round = 0; round < 400; round++) {
      const odd = [0, 0, 20, 300][round % 4]!; // one byte of so many may be any
      const bytes = Uint8Array.from({ length: below(round % 10 === 0 ? READ : 600) }, () => {
        if (odd > 0 && below(odd) === 0) return below(256);
        return below(40) === 0 ? NEWLINE : 0x61 + below(26);
      });
      const end = put(bytes);
      const limit = OUT + below(bytes.length + 200);
      for (let [start, at] = [0, OUT];;) {
        const before = copier.buffer.slice(0, OUT);
        const [next, out] = copier.copy(start, end, at, limit, form.frame());
        deepEqual(copier.buffer.slice(0, OUT), before, "what is read stays as it is");
        ok(next >= start && next <= end && (next === 0 || copier.buffer[next - 1] === NEWLINE));
        deepEqual(copier.buffer.slice(at, out), formed(form, start, next));
        if (next > start) many++;
        const last = copier.buffer.subarray(next, end).indexOf(NEWLINE);
        if (out >= limit || last < 0) break;
        ok(form.frame().fits === "plain", "nothing else stops it");
        start = next + last + 1; // the line that it has stopped at
        at = out;
      }
    }
    ok(many > 200, `${many} calls have copied something`);
  });

  Deno.test(`${name}: a line without an end is left, and one that is too long`, () => {
    const [longest, longer] = [LONGEST_LINE, LONGEST_LINE + 1].map((length) => `${"x".repeat(length)}\n`);
    equal(copied("one\ntwo", form)[0], 4);
    equal(copied("two", form)[0], 0);
    equal(copied("", form)[0], 0);
    equal(copied(`${longest}one`, form)[0], longest!.length);
    equal(copied(`one\n${longer}`, form)[0], 4);
  });

  Deno.test(`${name}: the first line that begins at the limit is left`, () => {
    const [, one] = copied("one\n", form);
    equal(copied("one\ntwo\nthree\n", form, OUT + one.length)[0], 4);
    equal(copied("one\ntwo\nthree\n", form, OUT + one.length + 1)[0], 8);
    equal(copied("one\ntwo\nthree\n", form, OUT)[0], 0);
  });
}

Deno.test("as text every line is copied, whatever it says", () => {
  const text = `{"a":1}\n  blank\n"\\\t\u00fc\0\n`;
  deepEqual(copied(text, plainForm("> ")), [
    encoder.encode(text).length,
    `> {"a":1}\n>   blank\n> "\\\t\u00fc\0\n`,
  ]);
});

Deno.test("as JSON a line is left that is no text as it stands, or may be an object", () => {
  const form = FORMS["as JSON"]!;
  for (let byte = 0; byte < 256; byte++) {
    for (const length of [0, 1, 14, 15, 16, 17, 40]) {
      const line = new Uint8Array(length + 3).fill(0x78);
      line[length] = byte;
      line[length + 2] = NEWLINE;
      const isPlain = byte >= 0x20 && byte < 0x80 && byte !== 0x22 && byte !== 0x5c || byte === NEWLINE;
      const mayBeObject = length === 0 && (byte === 0x20 || byte === 0x7b);
      const end = put(line);
      const [next] = copier.copy(0, end, OUT, SIZE, form.frame());
      equal(next === end, isPlain && !mayBeObject, `byte ${byte} behind ${length}`);
    }
  }
});

Deno.test("a frame for which there is no room is left to others", () => {
  const fits = plainForm("x".repeat(LARGEST_FRAME - 1));
  equal(copied("one\n", fits)[1], `${"x".repeat(LARGEST_FRAME - 1)}one\n`);
  deepEqual(copied("one\n", plainForm("x".repeat(LARGEST_FRAME))), [0, ""]);
});

Deno.test("where there is no WebAssembly there is no copier, and lines are formed all the same", async () => {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--v8-flags=--jitless", "--allow-ffi"],
      new URL("copier_jitless.ts", import.meta.url).pathname,
    ],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = new TextDecoder().decode(stdout);
  equal(text, `no copier\n${"> a line\n".repeat(5000)}`, new TextDecoder().decode(stderr));
});

Deno.test("the module in src is what its text says: deno task assemble", async () => {
  const module = await Deno.readTextFile(new URL("../../src/output/copy_lines.ts", import.meta.url));
  equal(module, await assembled());
});
