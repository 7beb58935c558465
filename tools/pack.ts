/**
 * Packs a bundle into a string that it evaluates when it is run.
 *
 *     deno run --no-prompt --allow-read=dist --allow-write=dist tools/pack.ts dist/denit.js
 *
 * Without a cache of what it has seen before, as in each new container, `deno run` takes 4 ms to parse 35 KB of
 * JavaScript (for its imports, of which a bundle has none) before V8 parses it too. In a string it costs
 * nothing: the start is that much shorter, a fifth of the whole.
 */

const [path] = Deno.args;
if (path === undefined) throw new Error("Cannot pack: expected the path of a bundle");
const code = await Deno.readTextFile(path);
await Deno.writeTextFile(path, pack(code));

/** The same program in a string. A module's code is strict and has its own scope, and so has a function's. */
export function pack(code: string): string {
  return `new Function(${JSON.stringify(`"use strict";${code}`)})();\n`;
}
