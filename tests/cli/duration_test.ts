import { parseDuration } from "../../src/cli/duration.ts";
import { equal } from "../assert.ts";

for (
  const [text, ms] of [
    ["0", 0],
    ["0s", 0],
    ["500ms", 500],
    ["8s", 8000],
    ["1m", 60_000],
    ["1h", 3_600_000],
    ["1m30s", 90_000],
    ["1h2m3s4ms", 3_723_004],
    ["1.5h", 5_400_000],
    ["0.25s", 250],
    ["1500us", 1.5],
    ["1s500ms", 1500],
    ["90s", 90_000],
    ["8760h", 365 * 24 * 3_600_000],
  ] as const
) {
  Deno.test(`${text} is ${ms} ms`, () => equal(parseDuration(text), ms));
}

for (
  const text of [
    ...["", " ", "8", "0.0", "s", "ms", "8 s", " 8s", "8s ", "8S", "8sec", "8d", "1w", "5ns", "-8s", "+8s"],
    ...[
      ".5s",
      "5.s",
      "1..5s",
      "1e3s",
      "0x8s",
      "1,5s",
      "off",
      "8s\n",
      "8760h1s",
      "366h1000000h",
      "9".repeat(400) + "s",
    ],
  ]
) {
  Deno.test(`${JSON.stringify(text.slice(0, 20))} is no duration`, () => equal(parseDuration(text), null));
}
