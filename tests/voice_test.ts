import type { Level, Note } from "../src/core/model.ts";
import { escapeControls, formatLine, makeVoice } from "../src/voice.ts";
import { deepEqual, equal, ok } from "./assert.ts";

const TIME = new Date("2026-01-02T03:04:05.678Z");
const NOTE: Note = { type: "problem", message: "Cannot do it: \x1b[31mno\n" };

Deno.test("a line for people names denit and the level", () => {
  equal(
    formatLine("warning", "killed 12 (sleep 1000)", "text", TIME),
    "denit: warning: killed 12 (sleep 1000)",
  );
});

Deno.test("a line for machines is one object of JSON, with time, level and source", () => {
  const line = formatLine("error", 'say "hi"\n', "json", TIME);
  deepEqual(JSON.parse(line), {
    time: "2026-01-02T03:04:05.678Z",
    level: "error",
    source: "denit",
    message: 'say "hi"\n',
  });
});

Deno.test("control characters are escaped: a line stays one, and moves no cursor", () => {
  const controls = Array.from({ length: 256 }, (_, i) => i).filter((code) =>
    code < 32 || code >= 127 && code < 160
  );
  for (const code of controls) {
    const character = String.fromCharCode(code);
    const hex = code.toString(16).padStart(2, "0");
    equal(escapeControls(`a${character}b`), `a\\x${hex}b`);
    equal(formatLine("info", `a${character}b`, "text", TIME), `denit: info: a\\x${hex}b`);
    ok(!formatLine("info", `a${character}b`, "json", TIME).includes("\n"));
  }
  for (const hex of ["061c", "200e", "200f", "2028", "2029", "202a", "202e", "2066", "2069"]) {
    equal(escapeControls(`a${String.fromCharCode(parseInt(hex, 16))}b`), `a\\u${hex}b`);
  }
  equal(escapeControls("\u{fc} \u2026 \u{1f600}"), "\u{fc} \u2026 \u{1f600}");
});

for (
  const [level, shown] of [
    ["error", ["error"]],
    ["warning", ["error", "warning"]],
    ["info", ["error", "warning", "info"]],
  ] as const
) {
  Deno.test(`at level ${level} it shows ${shown.join(", ")}, on standard error`, () => {
    const voice = makeVoice(level, "text");
    const levels: readonly Level[] = ["error", "warning", "info"];
    deepEqual(
      levels.flatMap((each) => voice(each, NOTE)),
      shown.map((each) => ({ stream: "stderr", text: `denit: ${each}: Cannot do it: \\x1b[31mno\\x0a` })),
    );
  });
}

Deno.test("speaks JSON where that was asked for, with the present time", () => {
  const [line, ...more] = makeVoice("error", "json")("error", NOTE);
  deepEqual(more, []);
  const { time, ...rest } = JSON.parse(line!.text);
  deepEqual(rest, { level: "error", source: "denit", message: "Cannot do it: \x1b[31mno\n" });
  ok(Math.abs(Date.parse(time) - Date.now()) < 60_000);
});
