import { splitWords } from "../../src/config/words.ts";
import { deepEqual } from "../assert.ts";

for (
  const [text, words] of [
    ["", []],
    ["  ", []],
    ["run", ["run"]],
    ["run --port 80", ["run", "--port", "80"]],
    [" run \t a\n b ", ["run", "a", "b"]],
    ["sh -c 'echo a; echo b | cat'", ["sh", "-c", "echo a; echo b | cat"]],
    ['run "a b"', ["run", "a b"]],
    [`run a"b c"'d e'f`, ["run", "ab cd ef"]],
    [`run "" ''`, ["run", "", ""]],
    ["run a\\ b", ["run", "a b"]],
    ['run "a\\"b"', ["run", 'a"b']],
    ["run 'a\\b'", ["run", "a\\b"]],
    ["run a\\nb\\tc", ["run", "a\nb\tc"]],
    ["run \\;", ["run", ";"]],
    ["run $HOME *.txt ~", ["run", "$HOME", "*.txt", "~"]],
    ["run # a", ["run", "#", "a"]],
  ] as const
) {
  Deno.test(`${JSON.stringify(text)} has the words ${JSON.stringify(words)}`, () => {
    deepEqual(splitWords(text), words);
  });
}

for (
  const [text, failure] of [
    ["run 'a", "a quote (') is not closed"],
    ['run "a', 'a quote (") is not closed'],
    ["run a\\", "a backslash at the end escapes nothing"],
    ...[...";&|<>()`"].map((sign) =>
      [`a ${sign} b`, `${sign} needs a shell: write ["/bin/sh", "-c", "..."], or put it in quotes`] as const
    ),
  ] as const
) {
  Deno.test(`${JSON.stringify(text)} is refused`, () => deepEqual(splitWords(text), { failure }));
}
