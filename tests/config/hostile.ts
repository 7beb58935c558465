/** Pieces of files that someone made to hurt. */

/** Ten of the one before, ten times: ten thousand million values in a kilobyte. */
export function bomb(): string {
  const lists = Array.from(
    { length: 10 },
    (_, i) => `x-${i}: &a${i} [${Array(10).fill(i === 0 ? "x" : `*a${i - 1}`).join(",")}]\n`,
  );
  return lists.join("");
}

/** So many services `s0`, `s1` and so on, with more keys in each, which begin with a comma. */
export function services(count: number, keysOf: (i: number) => string = () => ""): string {
  const lines = Array.from({ length: count }, (_, i) => `  s${i}: {command: a${keysOf(i)}}\n`);
  return `services:\n${lines.join("")}`;
}
