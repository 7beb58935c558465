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

Deno.test("control characters are escaped: a line stays one, moves no cursor, and is not turned round", () => {
  const controls = Array.from({ length: 256 }, (_, i) => i).filter((code) =>
    code < 32 || code >= 127 && code < 160
  );
  const directions = [0x61c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069];
  for (const code of [...controls, ...directions]) {
    const character = String.fromCharCode(code);
    const escaped = `a\\u${code.toString(16).padStart(4, "0")}b`;
    equal(escapeControls(`a${character}b`), escaped);
    equal(formatLine("info", `a${character}b`, "text", TIME), `denit: info: ${escaped}`);
    const line = formatLine("info", `a${character}b`, "json", TIME);
    ok(!line.includes(character), JSON.stringify(line));
    equal(JSON.parse(line).message, `a${character}b`);
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
      shown.map((each) => ({ stream: "stderr", text: `denit: ${each}: Cannot do it: \\u001b[31mno\\u000a` })),
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
