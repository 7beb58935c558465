/**
 * Makes dist/denit.js, the one file that stock Deno runs: `deno task bundle`.
 *
 * Without a cache of what it has seen before, as in each new container, `deno run` takes 4 ms to parse 35 KB of
 * JavaScript (for its imports, of which a bundle has none) before V8 parses it too. In a string it costs
 * nothing: the start is that much shorter, a fifth of the whole. What a single program does not need, five times as
 * much, is in comments, which cost less than half of what such a string would, and are read from the source of the
 * functions that they stand in, which V8 keeps.
 */

/** What is evaluated when it is needed: what src/load_parts.ts loads, by the names of its functions. */
const PARTS = {
  loadExtras: "src/extras.ts",
  loadSuggest: "src/cli/suggest.ts",
  loadServices: "src/services/services.ts",
  loadConfig: "src/services/config.ts",
} as const;

/** What stands for the end of a comment inside one. */
const END = "*\u0001/";

const FOLDER = "dist";

await Deno.mkdir(FOLDER, { recursive: true });
const parts = Object.entries(PARTS).map(([loader, file]) => [loader, nameOf(file), file] as const);
for (const [, part, file] of parts) {
  await bundle(
    "--platform=browser",
    "--format=cjs",
    "--output",
    `${FOLDER}/${part}.js`,
    file,
  );
}
await Deno.writeTextFile(
  `${FOLDER}/load_parts.js`,
  parts.map(([name, part]) => loader(name, part)).join(""),
);
await Deno.writeTextFile(`${FOLDER}/import_map.json`, await importMap());
await bundle(
  ...["--platform=deno", "--import-map", `${FOLDER}/import_map.json`],
  ...["--output", `${FOLDER}/denit.js`, "src/main.ts"],
);
await Deno.writeTextFile(`${FOLDER}/denit.js`, await pack());

async function bundle(...words: readonly string[]): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--minify", ...words],
  })
    .spawn().status;
  if (!success) throw new Error(`Cannot bundle: deno bundle ${words.join(" ")}`);
}

/** The name of a part: its file's, without folder and ending. */
function nameOf(file: string): string {
  return /(\w+)\.ts$/.exec(file)![1]!;
}

/** A function in the place of one of src/load_parts.ts: evaluates a part, a CommonJS module. */
function loader(name: string, part: string): string {
  return `export function ${name}() {
    const text = ${packed(part)}.toString(), module = { exports: {} };
    const code = text.slice(text.indexOf("/*") + 2, text.lastIndexOf("*/")).replaceAll(${
    JSON.stringify(END)
  }, "*/");
    new Function("module", code)(module);
    return module.exports;
  }\n`;
}

/** The name of the function with the part in its comment, as the bundle of main.ts finds it when it runs. */
function packed(part: string): string {
  return `${part}InComment`;
}

/** Puts the loaders in the place of src/load_parts.ts. */
async function importMap(): Promise<string> {
  const { imports } = JSON.parse(await Deno.readTextFile("deno.json"));
  return JSON.stringify({ imports: { ...imports, "../src/load_parts.ts": "./load_parts.js" } });
}

/** The same program, packed. A module's code is strict and has its own scope, and so has a function's. */
async function pack(): Promise<string> {
  const strict = '"use strict";';
  const main = strict + await Deno.readTextFile(`${FOLDER}/denit.js`);
  const names = parts.map(([, part]) => JSON.stringify(packed(part)));
  const comments = await Promise.all(parts.map(async ([, part]) => {
    const code = await Deno.readTextFile(`${FOLDER}/${part}.js`);
    return `function(){/*${strict}${code.replaceAll("*/", END)}*/}`;
  }));
  return `new Function(${names},${JSON.stringify(main)})(${comments});\n`;
}
