/**
 * Packs bundles into text that is evaluated when it is needed.
 *
 *     deno run --no-prompt --allow-read --allow-write=dist tools/pack.ts services    before main.ts is bundled
 *     deno run --no-prompt --allow-read --allow-write=dist tools/pack.ts denit       after it
 *
 * Without a cache of what it has seen before, as in each new container, `deno run` takes 4 ms to parse 35 KB of
 * JavaScript (for its imports, of which a bundle has none) before V8 parses it too. In a string it costs
 * nothing: the start is that much shorter, a fifth of the whole. What only services need, five times as much, is in
 * a comment, which costs less than half of what such a string would, and is read from the source of the function that
 * it stands in, which V8 keeps.
 */

/** The function with the services' bundle, a CommonJS module, as the bundle of main.ts finds it when it runs. */
const SERVICES = "packedServices";

/** What stands for the end of a comment inside one. */
const END = "*\u0001/";

if (import.meta.main) {
  switch (Deno.args[0]) {
    case "services":
      await prepare();
      break;
    case "denit": {
      const [main, services] = await Promise.all(["dist/denit.js", "dist/services.js"].map(readText));
      await Deno.writeTextFile("dist/denit.js", pack(main!, services!));
      break;
    }
    default:
      throw new Error("Cannot pack: expected services or denit");
  }
}

/** Writes what stands in for src/load_services.ts in the bundle, and the import map that puts it there. */
async function prepare(): Promise<void> {
  const { imports } = JSON.parse(await readText("deno.json"));
  await Deno.writeTextFile("dist/load_services.js", `export function loadServices() { ${evaluated()} }\n`);
  const map = { ...imports, "../src/load_services.ts": "./load_services.js" };
  await Deno.writeTextFile("dist/import_map.json", `${JSON.stringify({ imports: map }, null, 2)}\n`);
}

function evaluated(): string {
  const text = `${SERVICES}.toString()`;
  return `const text = ${text}, module = { exports: {} };
    const code = text.slice(text.indexOf("/*") + 2, text.lastIndexOf("*/")).replaceAll(${
    JSON.stringify(END)
  }, "*/");
    new Function("module", code)(module);
    return module.exports;`;
}

/** The same program, packed. A module's code is strict and has its own scope, and so has a function's. */
export function pack(main: string, services: string): string {
  const strict = '"use strict";';
  const comment = `/*${strict}${services.replaceAll("*/", END)}*/`;
  return `new Function("${SERVICES}",${JSON.stringify(strict + main)})(function(){${comment}});\n`;
}

function readText(path: string): Promise<string> {
  return Deno.readTextFile(path);
}
