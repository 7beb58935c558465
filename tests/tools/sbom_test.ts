import { deepEqual, equal, throws } from "../assert.ts";
import { makeSbom, type ModuleGraph } from "../../tools/sbom.ts";

const GRAPH: ModuleGraph = {
  modules: [{ npmPackage: "@scope/outer@1.2.3_inner@0.1.0" }, {}],
  npmPackages: {
    "@scope/outer@1.2.3_inner@0.1.0": {
      name: "@scope/outer",
      version: "1.2.3",
      dependencies: ["inner@0.1.0"],
      localPath: "/outer",
    },
    "inner@0.1.0": { name: "inner", version: "0.1.0", dependencies: [], localPath: "/inner" },
    "only-for-tests@1.0.0": {
      name: "only-for-tests",
      version: "1.0.0",
      dependencies: [],
      localPath: "/tests",
    },
  },
};

const LOCKFILE = {
  npm: {
    "@scope/outer@1.2.3_inner@0.1.0": { integrity: `sha512-${new Uint8Array(64).fill(0x11).toBase64()}` },
    "inner@0.1.0": { integrity: `sha512-${new Uint8Array(64).fill(0x22).toBase64()}` },
    "only-for-tests@1.0.0": { integrity: `sha512-${new Uint8Array(64).fill(0x33).toBase64()}` },
  },
};

const licenseOf = (folder: string): string => folder === "/outer" ? "ISC" : "MIT";

Deno.test("the SBOM names each package of the module graph, with its digest and license, and Deno", () => {
  const { components, dependencies } = makeSbom(GRAPH, LOCKFILE, "2.0.0", licenseOf);
  deepEqual(components, [
    {
      "bom-ref": "deno@2.0.0",
      type: "platform",
      name: "deno",
      version: "2.0.0",
      licenses: [{ license: { id: "MIT" } }],
      purl: "pkg:github/denoland/deno@v2.0.0",
    },
    {
      "bom-ref": "@scope/outer@1.2.3",
      type: "library",
      name: "@scope/outer",
      version: "1.2.3",
      licenses: [{ license: { id: "ISC" } }],
      purl: "pkg:npm/%40scope/outer@1.2.3",
      hashes: [{ alg: "SHA-512", content: "11".repeat(64) }],
    },
    {
      "bom-ref": "inner@0.1.0",
      type: "library",
      name: "inner",
      version: "0.1.0",
      licenses: [{ license: { id: "MIT" } }],
      purl: "pkg:npm/inner@0.1.0",
      hashes: [{ alg: "SHA-512", content: "22".repeat(64) }],
    },
  ]);
  const [denit, ...rest] = dependencies;
  deepEqual(denit?.dependsOn, ["deno@2.0.0", "@scope/outer@1.2.3", "inner@0.1.0"]);
  deepEqual(rest, [
    { ref: "@scope/outer@1.2.3", dependsOn: ["inner@0.1.0"] },
    { ref: "inner@0.1.0", dependsOn: [] },
  ]);
});

Deno.test("the SBOM vouches for no package that is not locked", () => {
  throws(
    () => makeSbom(GRAPH, { npm: {} }, "2.0.0", licenseOf),
    /Cannot vouch for @scope\/outer@1.2.3/,
  );
});

Deno.test("the task sbom prints what denit imports from npm", async () => {
  const { stdout, code } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "sbom"],
    cwd: new URL("../..", import.meta.url),
  }).output();
  equal(code, 0);
  const { bomFormat, components } = JSON.parse(new TextDecoder().decode(stdout));
  equal(bomFormat, "CycloneDX");
  deepEqual(components.map(({ name }: { name: string }) => name), [
    "deno",
    "@valibot/to-json-schema",
    "croner",
    "fastest-levenshtein",
    "valibot",
    "yaml",
  ]);
});
