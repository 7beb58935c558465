import {
  dockerForm,
  type Form,
  LONGEST_FORMED,
  LONGEST_LINE,
  objectForm,
  type Piece,
  plainForm,
} from "../../src/output/forms.ts";
import { deepEqual, equal, ok } from "../assert.ts";

const AUTHOR = { service: "web", stream: "stdout", pid: 12 } as const;
const TIME = new Date("2026-11-25T01:02:03.456Z");

/** What becomes of a line in a form. */
function formed(form: Form, line: string | Uint8Array, piece: Piece = "whole"): string {
  const bytes = typeof line === "string" ? new TextEncoder().encode(line) : line;
  const [start, at] = [3, 3 + bytes.length];
  const buffer = new Uint8Array(at + LONGEST_FORMED);
  buffer.set(bytes, start);
  form.stamp(TIME);
  return new TextDecoder("utf-8", { fatal: true }).decode(
    buffer.subarray(at, form.put(buffer, start, start + bytes.length, at, piece)),
  );
}

/** The message, as it stands in the object that a line becomes. */
function messageOf(line: string | Uint8Array, piece?: Piece): string {
  const [, message] = /^\{.*?,"message":(.*?)(?:,"partial":true)?\}\n$/s.exec(
    formed(objectForm(AUTHOR), line, piece),
  )!;
  return message!;
}

Deno.test("text: the line as it is behind its prefix", () => {
  equal(formed(plainForm("web  | "), "a line\r"), "web  | a line\r\n");
  equal(formed(plainForm("web  | "), ""), "web  | \n");
  equal(formed(plainForm(""), "\x1b[31mred\x1b[0m\0"), "\x1b[31mred\x1b[0m\0\n");
  for (const piece of ["part", "last part"] as const) equal(formed(plainForm("> "), "x", piece), "> x\n");
});

Deno.test("text: bytes that are no UTF-8 stay what they are", () => {
  const buffer = Uint8Array.of(0xff, 0xc3, 0, 0, 0);
  equal(plainForm("").put(buffer, 0, 2, 2, "whole"), 5);
  deepEqual([...buffer.subarray(2)], [0xff, 0xc3, 0x0a]);
});

Deno.test("JSON: an object a line, with time, service, stream, pid and message", () => {
  equal(
    formed(objectForm(AUTHOR), "hello"),
    '{"time":"2026-11-25T01:02:03.456Z","service":"web","stream":"stdout","pid":12,"message":"hello"}\n',
  );
  const name = { ...AUTHOR, service: 'a "b"' };
  deepEqual(JSON.parse(formed(objectForm(name), "x")), { time: TIME.toISOString(), ...name, message: "x" });
});

Deno.test("JSON: the time is that of the last stamp", () => {
  const form = objectForm(AUTHOR);
  for (const second of ["05", "06"]) {
    const buffer = new Uint8Array(1000);
    form.stamp(new Date(`2026-11-25T01:02:${second}.000Z`));
    const end = form.put(buffer, 0, 0, 0, "whole");
    equal(
      JSON.parse(new TextDecoder().decode(buffer.subarray(0, end))).time,
      `2026-11-25T01:02:${second}.000Z`,
    );
  }
});

for (
  const text of [
    ...[
      "",
      "plain",
      'a "quoted" word',
      "back\\slash",
      "tab\tand\x01control\x7f",
      "\x1b[31mred\x1b[0m",
      "end\r",
    ],
    ...[
      "gr\u00fcn \u2713 \u{1f680}",
      "\ufeffBOM",
      "\u2028",
      "{",
      "{}x",
      '{"a":1',
      "[1]",
      "12",
      '"s"',
      "{'a':1}",
      "null",
    ],
  ]
) {
  Deno.test(`JSON: the message ${JSON.stringify(text)} is a string`, () => {
    const message = JSON.parse(messageOf(text));
    equal(message, text);
  });
}

for (
  const text of [
    "{}",
    '{"a":1}',
    '  {"n":12345678901234567890, "b":[{}]}\t\r',
    '{"gr\u00fcn":"\u2713"}',
    '{"a":1,"a":2}',
  ]
) {
  Deno.test(`JSON: the message ${text.trim()} is kept as the object that it is`, () => {
    equal(messageOf(text), text);
    equal(typeof JSON.parse(formed(objectForm(AUTHOR), text)).message, "object");
  });
}

Deno.test("JSON: wherever what must be escaped stands, the message is the line", () => {
  for (const special of ['"', "\\", "\n", "\x1f", "\x7f", "\u0080", "\u{1f600}", "\0"]) {
    for (let length = 0; length < 12; length++) {
      for (let at = 0; at <= length; at++) {
        const line = `${"~ !#[]^".slice(0, at)}${special}${"x".repeat(length - at)}`;
        equal(JSON.parse(messageOf(line)), line);
      }
    }
  }
});

Deno.test("JSON: what is not UTF-8 becomes U+FFFD, in an object too", () => {
  equal(messageOf(Uint8Array.of(0x61, 0xff, 0x62)), '"a\ufffdb"');
  const bytes = new TextEncoder().encode('{"a":"?"}');
  bytes[6] = 0xff;
  equal(JSON.parse(messageOf(bytes)), '{"a":"\ufffd"}');
});

Deno.test("JSON: a part that more follows is marked, and no part is taken for an object", () => {
  const partial = JSON.parse(formed(objectForm(AUTHOR), "{}", "part"));
  deepEqual([partial.message, partial.partial], ["{}", true]);
  const last = JSON.parse(formed(objectForm(AUTHOR), "{}", "last part"));
  deepEqual([last.message, "partial" in last], ["{}", false]);
});

Deno.test("Docker's json-file: the line with its end, the stream, and the time to the nanosecond", () => {
  const rest = '"stream":"stderr","time":"2026-11-25T01:02:03.456000000Z"}\n';
  equal(formed(dockerForm("stderr"), 'a "b"\t'), `{"log":"a \\"b\\"\\t\\n",${rest}`);
  equal(formed(dockerForm("stderr"), ""), `{"log":"\\n",${rest}`);
  equal(formed(dockerForm("stderr"), "{}"), `{"log":"{}\\n",${rest}`);
  equal(formed(dockerForm("stderr"), "x", "part"), `{"log":"x",${rest}`);
  equal(formed(dockerForm("stderr"), "x", "last part"), `{"log":"x\\n",${rest}`);
});

Deno.test("no line becomes longer than is said", () => {
  for (const byte of [0x01, 0x22, 0x61, 0xff]) {
    const buffer = new Uint8Array(LONGEST_LINE + LONGEST_FORMED).fill(byte, 0, LONGEST_LINE);
    for (const form of [plainForm("x".repeat(100)), objectForm(AUTHOR), dockerForm("stdout")]) {
      form.stamp(TIME);
      const end = form.put(buffer, 0, LONGEST_LINE, LONGEST_LINE, "part");
      ok(end > 2 * LONGEST_LINE && end <= buffer.length);
      equal(buffer[end - 1], 0x0a);
    }
  }
});
