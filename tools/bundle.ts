/**
 * Makes dist/denit.js, the one file that stock Deno runs: `deno task bundle`.
 *
 * Without a cache of what it has seen before, as in each new container, `deno run` takes 4 ms to parse 35 KB of
 * JavaScript (for its imports, of which a bundle has none) before V8 parses it too. In a string it costs
 * nothing: the start is that much shorter, a fifth of the whole. What a single program does not need, five times as
 * much, is in comments, which cost less than half of what such a string would, and are read from the source of the
 * functions that they stand in, which V8 keeps. So is what few runs of a single program call. What these parts need of
 * what the program itself has, they ask it for: all of the text is in memory, and more than once.
 */

import config from "../deno.json" with { type: "json" };
import { arranged } from "./arrange.ts";

/** What is evaluated when it is needed: what src/load_parts.ts loads, by the names of its functions. */
const PARTS = {
  loadExtras: "src/extras.ts",
  loadSuggest: "src/cli/suggest.ts",
  loadServices: "src/services/services.ts",
  loadConfig: "src/services/config.ts",
} as const;

const MAIN = new URL("../src/main.ts", import.meta.url).href;
const LOADERS = new URL("../src/load_parts.ts", import.meta.url).href;
/** What a part calls for an export that it needs of the program itself. */
const FROM_MAIN = "fromMain";
/** What the program calls for the code in the comment of a function. */
const TEXT_IN = "textIn";
/** The comment with the functions of the program that few runs call. */
const LATE = "lateInComment";
/** What stands for the end of a comment inside one. */
const END = "*\u0001/";
const STRICT = '"use strict";';

const FOLDER = "dist";
const BUNDLE = `${FOLDER}/denit.js`;

await Deno.mkdir(`${FOLDER}/stubs`, { recursive: true });
const modules = await exportsOf(await modulesOfMain());
for (const [i, { names }] of modules.entries()) {
  const lines = names.map((name) =>
    `export const ${name} = /* @__PURE__ */ ${FROM_MAIN}("${sharedName(i, name)}");\n`
  );
  await Deno.writeTextFile(`${FOLDER}/stubs/${i}.js`, lines.join(""));
}
const stubs = Object.fromEntries(modules.map(({ url }, i) => [url, `./stubs/${i}.js`]));
const parts: (Comment & { readonly loader: string })[] = [];
for (const [loader, file] of Object.entries(PARTS)) {
  const code = await bundle(file, stubs, "--platform=browser", "--format=cjs");
  parts.push({ loader, name: `${nameOf(file)}InComment`, code });
}
await Deno.writeTextFile(`${FOLDER}/load_parts.js`, loaders());
const program = await bundle(MAIN, { [LOADERS]: "./load_parts.js" }, "--platform=deno");
await Deno.writeTextFile(BUNDLE, packed(program, parts));
const { program: arrangedProgram, late } = await arranged(program, BUNDLE, `${TEXT_IN}(${LATE})`);
await Deno.writeTextFile(BUNDLE, packed(arrangedProgram, [...parts, { name: LATE, code: late }]));

/** The modules that the program itself is made of, as URLs, without main.ts and what loads the parts. */
async function modulesOfMain(): Promise<readonly string[]> {
  const { modules }: ModuleGraph = JSON.parse(await outputOf("info", "--json", MAIN));
  const imports = new Map(modules.map(({ specifier, dependencies = [] }) =>
    [
      specifier,
      dependencies.flatMap(({ code }) => code === undefined ? [] : [code.specifier]),
    ] as const
  ));
  const found = new Set<string>();
  const add = (url: string): void => {
    if (found.has(url) || url === LOADERS) return;
    found.add(url);
    imports.get(url)?.forEach(add);
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
async function exportsOf(urls: readonly string[]): Promise<{ url: string; names: readonly string[] }[]> {
  const { nodes }: Documentation = JSON.parse(await outputOf("doc", "--json", ...urls));
  return Object.entries(nodes).map(([url, { symbols }]) => {
    const values = symbols.filter(({ declarations }) =>
      declarations.some(({ kind }) => kind !== "interface" && kind !== "typeAlias")
    );
    return { url, names: values.map(({ name }) => name) };
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

/** A short name for an export of the `i`th module, which no other has. */
function sharedName(i: number, name: string): string {
  return `m${i}_${modules[i]!.names.indexOf(name)}`;
}

/** The text of a file with all that it imports; other files, as seen from dist, stand in the place of some. */
async function bundle(
  file: string,
  replaced: Readonly<Record<string, string>>,
  ...words: readonly string[]
): Promise<string> {
  const importMap = `${FOLDER}/import_map.json`;
  await Deno.writeTextFile(importMap, JSON.stringify({ imports: { ...config.imports, ...replaced } }));
  return await outputOf("bundle", "--quiet", "--minify", ...words, "--import-map", importMap, file);
}

async function outputOf(...words: readonly string[]): Promise<string> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), { args: [...words], stderr: "inherit" })
    .output();
  if (!success) throw new Error(`Cannot bundle: deno ${words.join(" ")} failed`);
  return new TextDecoder().decode(stdout);
}

/** The name of a part: its file's, without folder and ending. */
function nameOf(file: string): string {
  return /(\w+)\.ts$/.exec(file)![1]!;
}

/** Code in a comment of the bundle. */
interface Comment {
  /** Of the program's parameter that is the function with the comment in it. */
  readonly name: string;
  readonly code: string;
}

/** What takes the place of src/load_parts.ts: a function for each part, and one for what these ask for. */
function loaders(): string {
  const asked = new RegExp(`\\b${FROM_MAIN}\\("(\\w+)"\\)`, "g");
  const used = new Set(parts.flatMap(({ code }) => [...code.matchAll(asked)].map(([, name]) => name!)));
  const imports = modules.flatMap(({ url, names }, i) =>
    names.filter((name) => used.has(sharedName(i, name)))
      .map((name) => `import { ${name} as ${sharedName(i, name)} } from "${url}";\n`)
  );
  return [
    ...imports,
    `let own; function ${FROM_MAIN}(name) { return (own ??= { ${[...used].join(", ")} })[name]; }\n`,
    `function load(comment) {
      const module = { exports: {} };
      new Function("module", "${FROM_MAIN}", ${TEXT_IN}(comment))(module, ${FROM_MAIN});
      return module.exports;
    }\n`,
    ...parts.map(({ loader, name }) => `export function ${loader}() { return load(${name}); }\n`),
  ].join("");
}

/** The file of the program: a module's code is strict and has its own scope, and so has a function's. */
function packed(program: string, comments: readonly Comment[]): string {
  const words = [TEXT_IN, ...comments.map(({ name }) => name), STRICT + program].map((word) =>
    JSON.stringify(word)
  );
  const textIn = `function(f){f=f.toString();return f.slice(f.indexOf("/*")+2,f.lastIndexOf("*/"))` +
    `.replaceAll(${JSON.stringify(END)},"*/")}`;
  const functions = comments.map(({ code }) => `function(){/*${STRICT}${code.replaceAll("*/", END)}*/}`);
  return `new Function(${words})(${[textIn, ...functions]});\n`;
}
