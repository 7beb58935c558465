/**
 * Makes dist/denit.js, the one file that stock Deno runs: `deno task bundle`.
 *
 * Without a cache of what it has seen before, as in each new container, `deno run` takes 4 ms to parse 35 KB of
 * JavaScript (for its imports, of which a bundle has none) before V8 parses it too. In a string it costs
 * nothing: the start is that much shorter, a fifth of the whole. What a single program does not need, five times as
 * much, is in comments, which cost less than half of what such a string would, and are read from the source of the
 * functions that they stand in, which V8 keeps. What these parts need of what the program itself has, they ask it for:
 * all of the text is in memory, and more than once.
 */

import { withEagerFunctions } from "./eager.ts";

/** What is evaluated when it is needed: what src/load_parts.ts loads, by the names of its functions. */
const PARTS = {
  loadExtras: "src/extras.ts",
  loadSuggest: "src/cli/suggest.ts",
  loadServices: "src/services/services.ts",
  loadConfig: "src/services/config.ts",
} as const;

const MAIN = "src/main.ts";
const LOADERS = "src/load_parts.ts";
/** What a part calls for an export that it needs of the program itself. */
const FROM_MAIN = "fromMain";
/** What stands for the end of a comment inside one. */
const END = "*\u0001/";

const FOLDER = "dist";

await Deno.mkdir(`${FOLDER}/stubs`, { recursive: true });
const modules = await exportsOf(await modulesOfMain());
for (const [i, { names }] of modules.entries()) {
  const lines = names.map((name) =>
    `export const ${name} = /* @__PURE__ */ ${FROM_MAIN}("${sharedName(i, name)}");\n`
  );
  await Deno.writeTextFile(stubOf(i), lines.join(""));
}
await writeImportMap("parts.json", modules.map(({ file }, i) => [file, stubOf(i)]));
const parts = Object.entries(PARTS).map(([loader, file]) => [loader, nameOf(file), file] as const);
for (const [, part, file] of parts) {
  await bundle("parts.json", file, part, "--platform=browser", "--format=cjs");
}
await Deno.writeTextFile(`${FOLDER}/load_parts.js`, await loaders());
await writeImportMap("main.json", [[LOADERS, `${FOLDER}/load_parts.js`]]);
await bundle("main.json", MAIN, "denit", "--platform=deno");
await Deno.writeTextFile(`${FOLDER}/denit.js`, await packedProgram());

/** The modules that the program itself is made of, without main.ts and what loads the parts. */
async function modulesOfMain(): Promise<readonly string[]> {
  const { modules } = await answerOf("info", MAIN) as ModuleGraph;
  const root = new URL(`file://${Deno.cwd()}/`).href;
  const imports = new Map(modules.map(({ specifier, dependencies = [] }) =>
    [
      specifier.replace(root, ""),
      dependencies.flatMap(({ code }) => code === undefined ? [] : [code.specifier.replace(root, "")]),
    ] as const
  ));
  const found = new Set<string>();
  const add = (file: string): void => {
    if (found.has(file) || file === LOADERS) return;
    found.add(file);
    imports.get(file)?.forEach(add);
  };
  add(MAIN);
  found.delete(MAIN);
  return [...found];
}

/** What of `deno info --json` is needed. */
interface ModuleGraph {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly { readonly code?: { readonly specifier: string } }[];
  }[];
}

/** The names of the values that each module exports. */
async function exportsOf(files: readonly string[]): Promise<{ file: string; names: readonly string[] }[]> {
  const { nodes } = await answerOf("doc", ...files) as Documentation;
  return Object.entries(nodes).map(([url, { symbols }]) => {
    const values = symbols.filter(({ declarations }) =>
      declarations.some(({ kind }) => kind !== "interface" && kind !== "typeAlias")
    );
    return { file: files.find((file) => url.endsWith(`/${file}`))!, names: values.map(({ name }) => name) };
  });
}

/** What of `deno doc --json` is needed. */
interface Documentation {
  readonly nodes: Readonly<
    Record<string, {
      readonly symbols: readonly {
        readonly name: string;
        readonly declarations: readonly { readonly kind: string }[];
      }[];
    }>
  >;
}

async function answerOf(subcommand: string, ...files: readonly string[]): Promise<unknown> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [subcommand, "--json", ...files],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`Cannot bundle: deno ${subcommand} failed`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** A short name for an export of the `i`th module, which no other has. */
function sharedName(i: number, name: string): string {
  return `m${i}_${modules[i]!.names.indexOf(name)}`;
}

/** What stands in the place of the module that is the `i`th, when a part is bundled. */
function stubOf(i: number): string {
  return `${FOLDER}/stubs/${i}.js`;
}

/** Writes an import map that puts files in the place of others. */
async function writeImportMap(name: string, replaced: readonly (readonly [string, string])[]): Promise<void> {
  const { imports } = JSON.parse(await Deno.readTextFile("deno.json"));
  const more = Object.fromEntries(replaced.map(([file, by]) => [`../${file}`, `../${by}`]));
  await Deno.writeTextFile(`${FOLDER}/${name}`, JSON.stringify({ imports: { ...imports, ...more } }));
}

async function bundle(
  importMap: string,
  file: string,
  name: string,
  ...words: readonly string[]
): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--minify", ...words, "--import-map", `${FOLDER}/${importMap}`],
      ...["--output", `${FOLDER}/${name}.js`, file],
    ],
  }).spawn().status;
  if (!success) throw new Error(`Cannot bundle ${file}`);
}

/** The name of a part: its file's, without folder and ending. */
function nameOf(file: string): string {
  return /(\w+)\.ts$/.exec(file)![1]!;
}

/** What takes the place of src/load_parts.ts: a function for each part, and one for what these ask for. */
async function loaders(): Promise<string> {
  const used = new Set<string>();
  for (const [, part] of parts) {
    const code = await Deno.readTextFile(`${FOLDER}/${part}.js`);
    for (const [, name] of code.matchAll(new RegExp(`\\b${FROM_MAIN}\\("(\\w+)"\\)`, "g"))) used.add(name!);
  }
  const imports = modules.flatMap(({ file, names }, i) =>
    names.filter((name) => used.has(sharedName(i, name)))
      .map((name) => `import { ${name} as ${sharedName(i, name)} } from "../${file}";\n`)
  );
  return [
    ...imports,
    `let own; function ${FROM_MAIN}(name) { return (own ??= { ${[...used].join(", ")} })[name]; }\n`,
    ...parts.map(([name, part]) => loader(name, part)),
  ].join("");
}

/** A function in the place of one of src/load_parts.ts: evaluates a part, a CommonJS module. */
function loader(name: string, part: string): string {
  return `export function ${name}() {
    const text = ${packed(part)}.toString(), module = { exports: {} };
    const code = text.slice(text.indexOf("/*") + 2, text.lastIndexOf("*/")).replaceAll(${
    JSON.stringify(END)
  }, "*/");
    new Function("module", "${FROM_MAIN}", code)(module, ${FROM_MAIN});
    return module.exports;
  }\n`;
}

/** The name of the function with the part in its comment, as the bundle of main.ts finds it when it runs. */
function packed(part: string): string {
  return `${part}InComment`;
}

/** The same program, packed. A module's code is strict and has its own scope, and so has a function's. */
async function packedProgram(): Promise<string> {
  const strict = '"use strict";';
  const program = strict + await Deno.readTextFile(`${FOLDER}/denit.js`);
  const names = parts.map(([, part]) => packed(part));
  const comments = await Promise.all(parts.map(async ([, part]) => {
    const code = await Deno.readTextFile(`${FOLDER}/${part}.js`);
    return `function(){/*${strict}${code.replaceAll("*/", END)}*/}`;
  }));
  const pack = (program: string): string =>
    `new Function(${[...names, program].map((word) => JSON.stringify(word))})(${comments});\n`;
  return pack(await withEagerFunctions(program, names, pack));
}
