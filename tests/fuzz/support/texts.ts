/** Texts and bytes that hurt. */

import fc from "fast-check";

/** Texts of which each has broken some program. */
export const BAD_TEXTS: readonly string[] = [
  ...[
    "",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\0",
    "a\0b",
    "\\",
    "\\n",
    "'",
    '"',
    "`",
    "-",
    "--",
    "---",
    "=",
    ":",
    "#",
    "%",
  ],
  ...["\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x9b31m", "\x7f", "\x08\x08", "a\rb", "a\x85b", "a\u2028b"],
  ...["\u202edesrever", "\u2066a\u2069", "\u200b", "\ufeff", "\ufffd", "\uffff", "\u{1f600}", "e\u0301"],
  ...["\ud800", "\udc00a", "\ud83d", "\u0130", "\u0131nt", "\ufb01le", "\u00df"],
  ...["0", "-0", "-1", "1.5", "1e3", "1e309", "-1e309", "0x10", "0o17", "017", "1_000", "9007199254740993"],
  ...["99999999999999999999", "4294967296", "2147483648", "65536", "256", "+1", "1.", ".5", "1,5", "\u0661"],
  ...["true", "yes", "on", "no", "null", "~", ".inf", "-.inf", ".nan", "2026-01-01", "12:30:45"],
  ...["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf", "__defineGetter__"],
  ...[
    "$",
    "$$",
    "${",
    "${}",
    "$A",
    "${A",
    "${A:-${B:-c}}",
    "${A:?told}",
    "${A:?}",
    "%s%n",
    "*",
    "?",
    "../../x",
  ],
  ...[
    "1s",
    "1ms1us",
    "0.0000001s",
    "9000h",
    "1h1h",
    "1S",
    "99999999999h",
    "1m30",
    "TERM",
    "SIGKILL",
    "RTMAX+1",
  ],
  ...["x".repeat(300), "\u{1f600}".repeat(200), "x".repeat(70_000), "-".repeat(500), "\n".repeat(300)],
];

const anyCodeUnit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));

/** Any text at all: lone surrogates, controls, all that is above, and pieces of it together. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...BAD_TEXTS) },
  { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 30 }) },
  { weight: 2, arbitrary: fc.string({ unit: "binary-ascii", maxLength: 30 }) },
  { weight: 1, arbitrary: fc.string({ unit: anyCodeUnit, maxLength: 20 }) },
  {
    weight: 2,
    arbitrary: fc.array(fc.constantFrom(...BAD_TEXTS), { maxLength: 5 }).map((all) => all.join("")),
  },
);

/** A text of these pieces, with some that hurt between them. */
export function textOf(pieces: readonly string[], maxLength = 20): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...pieces) },
    { weight: 1, arbitrary: anyText },
  );
  return fc.array(piece, { maxLength }).map((all) => all.join(""));
}

/** The text, or one that is it no more: something cut out, put in, or turned round. */
export function mutated(text: string, pieces: readonly string[]): fc.Arbitrary<string> {
  const change = fc.record({
    at: fc.nat({ max: text.length }),
    length: fc.oneof(fc.constant(0), fc.nat({ max: 8 }), fc.nat({ max: text.length })),
    piece: fc.oneof(fc.constant(""), fc.constantFrom(...pieces), anyText),
  });
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) =>
    changes.reduce((all, { at, length, piece }) => all.slice(0, at) + piece + all.slice(at + length), text)
  );
}
