import { closeDescriptor, makePipe, resizePipe } from "../../ffi/pipe.ts";
import { libc } from "../../ffi/libc.ts";
import { type Form, LONGEST_LINE, objectForm, plainForm } from "../../src/output/forms.ts";
import { type Sink, Source } from "../../src/output/source.ts";
import { deepEqual, equal, ok } from "../assert.ts";
import { pipeSize } from "../ffi/posix.ts";
import { randomFrom } from "../random.ts";

const now = (): Date => new Date(0);

/** A pipe, the source that reads it, and what arrived. */
class Bench implements Disposable, Sink {
  readonly source: Source;
  readonly descriptor: number;
  #write: number | null;
  #room = Infinity;
  text = "";

  constructor(form = plainForm("> ")) {
    const { read, write } = makePipe()!;
    this.descriptor = read;
    this.#write = write;
    this.source = new Source(read, form, this);
  }

  room(): number {
    return this.#room;
  }

  setRoom(bytes: number): void {
    this.#room = bytes;
  }

  write(lines: Uint8Array<ArrayBuffer>): void {
    ok(lines.at(-1) === 0x0a, "what is passed on ends with a line");
    this.text += new TextDecoder().decode(lines);
    this.#room -= lines.length;
  }

  /** Writes into the pipe, no more than it holds. */
  put(text: string | Uint8Array<ArrayBuffer>): void {
    const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    equal(libc.write(this.#write!, bytes, BigInt(bytes.length)), BigInt(bytes.length));
  }

  hangUp(): void {
    closeDescriptor(this.#write!);
    this.#write = null;
  }

  turn(): ReturnType<Source["turn"]> {
    return this.source.turn(now);
  }

  /** Takes turns until there is nothing more to read. */
  turns(): string {
    let result: ReturnType<Source["turn"]>;
    do result = this.turn(); while (result === "read");
    return result;
  }

  [Symbol.dispose](): void {
    if (this.#write !== null) closeDescriptor(this.#write);
    closeDescriptor(this.descriptor);
  }
}

Deno.test("passes on lines that are whole, and the rest when its end comes", () => {
  using bench = new Bench();
  equal(bench.turn(), "nothing");
  bench.put("one\n\ntw");
  equal(bench.turn(), "read");
  equal(bench.text, "> one\n> \n");
  bench.put("o");
  equal(bench.turn(), "read");
  equal(bench.text, "> one\n> \n");
  bench.put("!\nthree\n");
  equal(bench.turn(), "read");
  equal(bench.text, "> one\n> \n> two!\n> three\n");
  equal(bench.turn(), "nothing");
});

Deno.test("writes a line without an end out when the pipe ends", () => {
  using bench = new Bench();
  bench.put("one\ntwo");
  bench.hangUp();
  equal(bench.turns(), "ended");
  equal(bench.text, "> one\n> two\n");
});

Deno.test("a pipe that ends with a line, or with nothing, adds none", () => {
  for (const text of ["", "one\n"]) {
    using bench = new Bench();
    bench.put(text);
    bench.hangUp();
    equal(bench.turns(), "ended");
    equal(bench.text, text === "" ? "" : "> one\n");
  }
});

Deno.test("ends on demand with what was read, while others still hold the pipe", () => {
  using bench = new Bench();
  bench.put("open");
  equal(bench.turns(), "nothing");
  bench.source.end();
  equal(bench.turn(), "ended");
  equal(bench.text, "> open\n");
});

Deno.test("a line of 1 MB is passed on in parts, of which nothing is lost", () => {
  using bench = new Bench();
  const bytes = 1024 * 1024;
  const line = Uint8Array.from({ length: bytes }, (_, i) => 0x21 + i * i % 94);
  for (let at = 0; at < bytes; at += 50_000) {
    bench.put(line.slice(at, at + 50_000));
    bench.turns();
  }
  bench.put("\nnext\n");
  bench.turns();
  const parts = bench.text.split("\n").map((part) => part.slice("> ".length));
  deepEqual(parts.splice(-2), ["next", ""]);
  equal(parts.join(""), new TextDecoder().decode(line));
  equal(parts.length, bytes / LONGEST_LINE);
  ok(parts.every(({ length }) => length === LONGEST_LINE));
});

Deno.test("a line that just fits is no part; all parts but the last are marked", () => {
  for (
    const [length, marks] of [[LONGEST_LINE, [undefined]], [2 * LONGEST_LINE + 1, [
      true,
      true,
      undefined,
    ]]] as const
  ) {
    using bench = new Bench(objectForm({ service: "web", stream: "stdout", pid: 1 }));
    bench.put("x".repeat(length - 1));
    bench.turns();
    bench.put("y\nnext\n");
    bench.turns();
    const lines = bench.text.trimEnd().split("\n").map((line) => JSON.parse(line));
    deepEqual(lines.map(({ partial }) => partial), [...marks, undefined]);
    equal(lines.slice(0, -1).map(({ message }) => message).join(""), `${"x".repeat(length - 1)}y`);
  }
});

Deno.test("a line is not cut within a character", () => {
  using bench = new Bench(objectForm({ service: "web", stream: "stdout", pid: 1 }));
  const line = `x${"\u{1f680}".repeat(LONGEST_LINE / 4)}\u00fc`;
  bench.put(`${line}\n`);
  bench.turns();
  const messages = bench.text.trimEnd().split("\n").map((line) => JSON.parse(line).message);
  equal(messages.length, 2);
  equal(messages.join(""), line);
});

Deno.test("bytes that are no UTF-8 are cut where the bound is", () => {
  using bench = new Bench();
  bench.put(new Uint8Array(LONGEST_LINE + 10).fill(0x80));
  bench.hangUp();
  equal(bench.turns(), "ended");
  equal(bench.text.split("\n").length, 3);
});

Deno.test("keeps what the sink has no room for, reads no more meanwhile, and loses nothing", () => {
  using bench = new Bench(plainForm("x".repeat(100)));
  const lines = Array.from({ length: 10_000 }, (_, i) => String(i));
  bench.put(lines.map((line) => `${line}\n`).join("")); // formed, 1 MB
  bench.setRoom(1);
  equal(bench.turn(), "full");
  bench.put("last\n");
  bench.hangUp();
  let turns = 1;
  for (let before = -1;; turns++) {
    ok(bench.text.length > before, "each turn passes something on");
    before = bench.text.length;
    bench.setRoom(1);
    if (bench.turn() === "ended") break;
  }
  ok(turns > 10, `${turns} turns`);
  const expected = [...lines, "last"].map((line) => `${"x".repeat(100)}${line}\n`).join("");
  equal(bench.text, expected);
});

Deno.test("one turn reads a bounded part of what is there, and less where there is little room", () => {
  using bench = new Bench(plainForm(""));
  resizePipe(bench.descriptor, 1024 * 1024);
  bench.put("x".repeat(99).concat("\n").repeat(9000));
  for (const [room, most] of [[Infinity, 256 * 1024], [100 * 1024, 100 * 1024]] as const) {
    const before = bench.text.length;
    bench.setRoom(room);
    equal(bench.turn(), "read");
    const passed = bench.text.length - before;
    ok(passed > 0.9 * most && passed <= most, `${passed} bytes, with room for ${room}`);
  }
});

const NEARLY_FULL = "x".repeat(99).concat("\n").repeat(600);

Deno.test("of very many who fill their pipes only some are given larger ones, and others when these have ended", () => {
  using all = new DisposableStack();
  const benches = Array.from({ length: 20 }, () => all.use(new Bench()));
  const fill = (bench: Bench): boolean => {
    const size = pipeSize(bench.descriptor);
    for (let turns = 0; turns < 16; turns++) {
      bench.put(NEARLY_FULL);
      bench.turn();
    }
    return pipeSize(bench.descriptor) > size;
  };
  const given = benches.filter(fill).length;
  ok(given > 0 && given <= 16, `${given} of ${benches.length}`);
  for (const bench of benches) {
    bench.hangUp();
    equal(bench.turns(), "ended");
  }
  using another = new Bench();
  ok(fill(another));
  another.hangUp();
  equal(another.turns(), "ended");
});

Deno.test("whoever fills his pipe again and again is given a larger one", () => {
  using bench = new Bench();
  const size = pipeSize(bench.descriptor);
  let turns = 0;
  for (; pipeSize(bench.descriptor) === size && turns < 100; turns++) {
    bench.put(NEARLY_FULL);
    equal(bench.turn(), "read");
  }
  equal(turns, 16);
  equal(pipeSize(bench.descriptor), 256 * 1024);
  equal(bench.turn(), "nothing");
  equal(bench.text.length, turns * 600 * 102);
});

/** Forms, each with the way back from a line that was passed on to what was written. */
const FORMS: Readonly<Record<string, [form: () => Form, written: (line: string) => string]>> = {
  text: [() => plainForm("> "), (line) => /^> (.*)$/s.exec(line)![1]!],
  // Of a part "partial" tells that more follows, which is tested above.
  JSON: [
    () => objectForm({ service: "web", stream: "stdout", pid: 1 }),
    (line) => JSON.parse(line).message,
  ],
};

for (const [name, [form, written]] of Object.entries(FORMS)) {
  Deno.test(`${name}: however the bytes come, and however little room there is, the same lines come out`, () => {
    const random = randomFrom(1);
    const below = (bound: number): number => Math.floor(random() * bound);
    const pick = (text: string): string => text[below(text.length)]!;
    const word = (): string => pick("xyz") + (below(30) === 0 ? pick(`"\\\t {}\x7f`) : "");
    for (let round = 0; round < 120; round++) {
      using bench = new Bench(form());
      const longest = below(20) === 0 ? 3 * LONGEST_LINE : 80;
      const lines = Array.from(
        { length: below(round % 3 === 0 ? 2000 : 60) },
        () => Array.from({ length: below(longest) / (longest > 80 ? 1 : 2) }, word).join(""),
      ).slice(0, longest > 80 ? 30 : undefined);
      const open = below(2) === 0 ? "" : "open";
      const text = lines.map((line) => `${line}\n`).join("") + open;
      for (let at = 0; at < text.length;) {
        const next = at + 1 + below(below(2) === 0 ? 100 : 60_000);
        bench.put(text.slice(at, next));
        at = next;
        do bench.setRoom(below(3) === 0 ? Infinity : 1); while (bench.turn() !== "nothing");
      }
      bench.hangUp();
      while (bench.turn() !== "ended");
      const parts = [...lines, ...open === "" ? [] : [open]]
        .flatMap((line) => line === "" ? [""] : line.match(new RegExp(`.{1,${LONGEST_LINE}}`, "g"))!);
      ok(bench.text === "" || bench.text.endsWith("\n"), `round ${round}`);
      const passedOn = bench.text.split("\n").slice(0, -1);
      deepEqual(passedOn.map(written), parts, `round ${round}`);
    }
  });
}
