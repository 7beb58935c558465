/** What holds for the source as a whole: who may import whom, and what no file may hold. */

import { VERSION } from "../src/version.ts";
import { deepEqual, equal, ok } from "./assert.ts";

const ROOT = new URL("..", import.meta.url);

interface Rule {
  /** The files that the rule is for. */
  readonly files: RegExp;
  /** What they may import, and what they may import types of beside that. */
  readonly values: RegExp;
  readonly types?: RegExp;
}

/** Who may import whom: each file stands under the first rule that fits it. */
const RULES: readonly Rule[] = [
  { files: /^ffi\//, values: /^ffi\// },
  { files: /^src\/core\//, values: /^src\/core\// },
  { files: /^src\/cli\/suggest\.ts$/, values: /^fastest-levenshtein$/ },
  { files: /^src\/cli\//, values: /^src\/(cli\/|core\/|voice\.ts$)/, types: /^src\/plan\.ts$/ },
  { files: /^src\/config\/(yaml|syntax_errors)\.ts$/, values: /^(yaml$|src\/config\/)/ },
  { files: /^src\/config\/cron\.ts$/, values: /^croner$/ },
  { files: /^src\/config\/schema\.ts$/, values: /^(valibot$|src\/(config|cli|core)\/)/ },
  { files: /^src\/config\/json_schema\.ts$/, values: /^(@valibot\/to-json-schema$|src\/config\/)/ },
  { files: /^src\/config\//, values: /^src\/(config\/|core\/|cli\/(duration|suggest)\.ts$)/ },
  { files: /^src\/drop_in\/listen_pid\.ts$/, values: /^(ffi\/|src\/drop_in\/choose\.ts$)/ },
  {
    files: /^src\/drop_in\//,
    values: /^src\/(drop_in\/|cli\/getopt\.ts$|core\/|voice\.ts$)/,
    types: /^src\/plan\.ts$/,
  },
  { files: /^src\/(loop|voice|plan)\.ts$/, values: /^src\/core\//, types: /^src\/voice\.ts$/ },
  { files: /^src\/(timers|version|users|print_project)\.ts$/, values: /^nothing$/ },
  {
    files: /^src\/load_parts\.ts$/,
    values: /^src\/(extras|cli\/suggest)\.ts$/,
    types: /^src\/(cli\/suggest|services\/(services|config))\.ts$/,
  },
  { files: /^src\/extras\.ts$/, values: /^src\/(cli|drop_in|version)/ },
  {
    files: /^src\/(calm|signal_source|fact_source|perform|processes|probe|writer|log)\.ts$/,
    values: /^(ffi\/|src\/(calm|core\/signals|processes|writer)\.ts$)/,
    types: /^src\/(core\/|loop\.ts$|log\.ts$|plan\.ts$|signal_source\.ts$|timers\.ts$|voice\.ts$)/,
  },
  { files: /^src\/output\//, values: /^(ffi\/|src\/output\/)/, types: /^src\/(core\/|writer\.ts$)/ },
  { files: /^src\/services\/services\.ts$/, values: /^(ffi|src\/(?!config\/))/, types: /^src\/config\// },
  { files: /^src\/services\/config\.ts$/, values: /^(ffi|src\/(?!core\/services\/|output\/))/ },
  { files: /^src\/services\/command_line\.ts$/, values: /^(ffi|src)\// },
  {
    files: /^src\/services\//,
    values:
      /^(ffi\/|src\/(services\/(?!(services|config)\.ts$)|core\/(services\/words|signals)\.ts$|calm\.ts$|fact_source\.ts$|perform\.ts$|print_project\.ts$|processes\.ts$|probe\.ts$|users\.ts$))/,
    types: /^src\//,
  },
  { files: /^src\/main\.ts$/, values: /^(ffi|src)\// },
];

for (const file of sourceFiles()) {
  Deno.test(`${file} imports only what it may`, () => {
    const rule = RULES.find(({ files }) => files.test(file));
    ok(rule !== undefined, "no rule fits this file");
    for (const { target, ofTypes } of importsOf(file)) {
      ok(rule.values.test(target) || ofTypes && rule.types?.test(target), `${file} imports ${target}`);
    }
  });
}

Deno.test("what every run loads is denit's own: no node:*, no package, no help, no suggestions", () => {
  const loaded = new Set(["src/main.ts"]);
  for (const file of loaded) { // grows while it is walked
    if (file === "src/load_parts.ts") continue; // in the bundle what it loads is text until it is asked for
    for (const { target, ofTypes, dynamic } of importsOf(file)) if (!ofTypes && !dynamic) loaded.add(target);
  }
  ok(loaded.size > 20);
  for (const file of loaded) ok(/^(ffi|src)\//.test(file), `a run loads ${file}`);
  deepEqual(["cli/help", "cli/suggest", "version"].filter((name) => loaded.has(`src/${name}.ts`)), []);
  const forServices = /^src\/(services|config|output|core\/services)\//;
  deepEqual([...loaded].filter((file) => forServices.test(file)), []);
});

Deno.test("only main.ts ends the process", () => {
  const ends = sourceFiles().filter((file) => /\bDeno\s*\.\s*exit\b|\bexitNow\b/.test(codeOf(file)));
  deepEqual(ends, ["ffi/process.ts", "src/main.ts"]); // ffi/process.ts declares exitNow, ...
  equal(codeOf("ffi/process.ts").match(/exitNow/g)!.length, 1); // ... and does not call it
  deepEqual(sourceFiles().filter((file) => /\b_exit\s*\(/.test(codeOf(file))), ["ffi/process.ts"]);
});

Deno.test("the core knows no clock, no chance, no process and no I/O", () => {
  for (const file of sourceFiles().filter((file) => file.startsWith("src/core/"))) {
    const impure =
      /\b(Deno|performance|Date|setTimeout|setInterval|console|fetch|globalThis|crypto|random)\b/;
    equal(impure.exec(codeOf(file))?.[0], undefined, file);
  }
});

Deno.test("the C library is opened in one place", () => {
  deepEqual(sourceFiles().filter((file) => /\bdlopen\b/.test(codeOf(file))), ["ffi/libc.ts"]);
});

Deno.test("pointers stay in ffi/", () => {
  const holders = sourceFiles().filter((file) =>
    /\bUnsafe(Pointer|Fn|Callback)|\blibc\.(?!ts\b)/.test(codeOf(file))
  );
  deepEqual(holders.filter((file) => !file.startsWith("ffi/")), []);
});

Deno.test("the version is deno.json's", () => {
  equal(VERSION, JSON.parse(readText("deno.json")).version);
  ok(/^\d+\.\d+\.\d+$/.test(VERSION));
});

Deno.test("no file holds characters that hide, that turn others round, or that only look like others", async () => {
  const HIDDEN = /\p{Cf}|\p{Co}|\p{Zl}|\p{Zp}|(?! )\p{Zs}|(?![\n\t])\p{Cc}/u;
  const LOOK_ALIKE =
    /\p{Script=Cyrillic}|\p{Script=Greek}|\p{Script=Armenian}|[\uff01-\uffee\u{1d400}-\u{1d7ff}]/u;
  for (const [file, text] of await trackedFiles()) {
    for (const [i, line] of text.split("\n").entries()) {
      const found = HIDDEN.exec(line) ?? LOOK_ALIKE.exec(line);
      const code = found?.[0].codePointAt(0)?.toString(16);
      equal(code, undefined, `${file}:${i + 1} holds U+${code}`);
    }
  }
});

Deno.test("no file names a folder of one machine, or the host of a registry", async () => {
  const FOLDER = /(?<![\w.])\/(?:home|Users|root|work)\/[\w.]/;
  const HOST =
    /\b(?:registry|artifactory|nexus|verdaccio)[\w-]*(?:\.[\w-]+)*\.(?:com|org|net|io|dev)\b|\.(?:internal|corp|lan)\b/;
  const ADDRESS = /https?:\/\/(?!127\.0\.0\.1)\d+\.\d+\.\d+\.\d+/;
  for (const [file, text] of await trackedFiles()) {
    for (const [i, line] of text.split("\n").entries()) {
      const found = FOLDER.exec(line) ?? HOST.exec(line) ?? ADDRESS.exec(line);
      equal(found?.[0], undefined, `${file}:${i + 1}`);
    }
  }
});

Deno.test("the lock file holds no address: packages come from whichever registry is set", () => {
  equal(/https?:/.exec(readText("deno.lock")), null);
});

interface Import {
  /** The file, from the root; or what stands there, where that is no relative path. */
  readonly target: string;
  /** Whether only types are imported. */
  readonly ofTypes: boolean;
  readonly dynamic: boolean;
}

function importsOf(file: string): Import[] {
  const code = codeOf(file);
  const targetOf = (specifier: string): string =>
    specifier.startsWith(".")
      ? new URL(specifier, new URL(file, ROOT)).pathname.slice(ROOT.pathname.length)
      : specifier;
  const statically = /^(?:import|export)\s+(type\s)?(?:([^"'`;]*?)\sfrom\s+)?"([^"]+)"/gm;
  return [
    ...[...code.matchAll(statically)].map(([, type, names, specifier]) => ({
      target: targetOf(specifier!),
      ofTypes: type !== undefined || namesOnlyTypes(names ?? ""),
      dynamic: false,
    })),
    ...[...code.matchAll(/\bimport\(\s*"([^"]+)"/g)].map(([, specifier]) => ({
      target: targetOf(specifier!),
      ofTypes: false,
      dynamic: true,
    })),
  ];
}

/** Whether all of `{ type A, type B }` are types. */
function namesOnlyTypes(names: string): boolean {
  const each = names.replace(/[{}]/g, "").split(",").map((name) => name.trim()).filter((name) => name !== "");
  return each.length > 0 && each.every((name) => name.startsWith("type "));
}

/** The files of the program, from the root. */
function sourceFiles(folder = ""): string[] {
  if (folder === "") return [...sourceFiles("ffi/"), ...sourceFiles("src/")];
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap(({ name, isDirectory }) =>
    isDirectory ? sourceFiles(`${folder}${name}/`) : name.endsWith(".ts") ? [folder + name] : []
  ).sort();
}

/** A file without its comments. */
function codeOf(file: string): string {
  return readText(file).replace(/\/\*[^]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}

function readText(file: string): string {
  return Deno.readTextFileSync(new URL(file, ROOT));
}

/** What git lists, each name with a NUL behind it; `null` where there is no git, or no checkout. */
async function gitFiles(): Promise<string | null> {
  try {
    const list = await new Deno.Command("git", {
      args: ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
      cwd: ROOT,
      stderr: "null",
    }).output();
    return list.success ? new TextDecoder().decode(list.stdout) : null;
  } catch {
    return null;
  }
}

/** Every file that git tracks or would; without git the files of the program and its tests. */
async function trackedFiles(): Promise<(readonly [file: string, text: string])[]> {
  const list = await gitFiles();
  const files = list !== null
    ? list.split("\0").filter((file) => file !== "")
    : [...sourceFiles(), ...sourceFiles("tests/"), "deno.json", "deno.lock"];
  const decoder = new TextDecoder("utf-8", { fatal: true });
  return files.flatMap((file) => {
    try {
      return [[file, decoder.decode(Deno.readFileSync(new URL(file, ROOT)))] as const];
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return []; // deleted, and git does not know it yet
      throw new Error(`${file} is no UTF-8`, { cause: error });
    }
  });
}
