/**
 * Prints what denit is made of, as a CycloneDX document: the packages that its module graph imports, and Deno.
 *
 *     deno info --json src/services/services.ts | deno run --no-prompt --allow-read tools/sbom.ts
 *
 * That module's graph holds all packages: src/main.ts alone imports none but the one for suggestions.
 */

import config from "../deno.json" with { type: "json" };

/** What `deno info --json` tells, as far as it is read here. */
export interface ModuleGraph {
  readonly modules: readonly { readonly npmPackage?: string }[];
  /** All that deno.lock holds, also what only tests import. */
  readonly npmPackages: Readonly<Record<string, NpmPackage>>;
}

interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** The packages that it depends on, by their names in the graph. */
  readonly dependencies: readonly string[];
  /** The folder that it was unpacked to. */
  readonly localPath: string;
}

/** What `deno.lock` tells, as far as it is read here. */
export interface Lockfile {
  readonly npm: Readonly<Record<string, { readonly integrity: string }>>;
}

/** A component; CycloneDX 1.6. */
interface Component {
  readonly "bom-ref": string;
  readonly type: "application" | "library" | "platform";
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly licenses: readonly { readonly license: { readonly id: string } }[];
  readonly hashes?: readonly { readonly alg: "SHA-512"; readonly content: string }[];
}

/** The document; CycloneDX 1.6. */
export interface Sbom {
  readonly bomFormat: "CycloneDX";
  readonly specVersion: "1.6";
  readonly version: 1;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** Makes the document; `licenseOf` gives the SPDX id of the license of the package in a folder. */
export function makeSbom(
  graph: ModuleGraph,
  lockfile: Lockfile,
  denoVersion: string,
  licenseOf: (folder: string) => string,
): Sbom {
  const denit = component("application", "denit", config.version, config.license);
  const deno = {
    ...component("platform", "deno", denoVersion, "MIT"),
    purl: `pkg:github/denoland/deno@v${denoVersion}`,
  };
  const imported = importedPackages(graph);
  const packages = [...imported].map(([id, found]) => {
    const locked = lockfile.npm[id];
    if (locked === undefined) throw new Error(`Cannot vouch for ${id}: deno.lock does not have it`);
    return {
      ...component("library", found.name, found.version, licenseOf(found.localPath)),
      purl: `pkg:npm/${found.name.replace("@", "%40")}@${found.version}`,
      hashes: [{ alg: "SHA-512" as const, content: hexOf(locked.integrity) }],
    };
  });
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: denit },
    components: [deno, ...packages],
    dependencies: [
      { ref: denit["bom-ref"], dependsOn: [deno, ...packages].map((part) => part["bom-ref"]) },
      ...[...imported.values()].map((found) => ({
        ref: refOf(found),
        dependsOn: found.dependencies.map((id) => refOf(imported.get(id)!)),
      })),
    ],
  };
}

/** What modules import, and what that depends on. */
function importedPackages({ modules, npmPackages }: ModuleGraph): Map<string, NpmPackage> {
  const ids = new Set(modules.flatMap(({ npmPackage }) => npmPackage ?? []));
  for (const id of ids) for (const other of npmPackages[id]!.dependencies) ids.add(other); // grows while it is walked
  return new Map([...ids].sort().map((id) => [id, npmPackages[id]!]));
}

function refOf({ name, version }: Pick<NpmPackage, "name" | "version">): string {
  return `${name}@${version}`;
}

function component(
  type: Component["type"],
  name: string,
  version: string,
  license: string,
): Component {
  return {
    "bom-ref": refOf({ name, version }),
    type,
    name,
    version,
    licenses: [{ license: { id: license } }],
  };
}

/** The digest of a `sha512-BASE64` in hexadecimal. */
function hexOf(integrity: string): string {
  const [algorithm, digest] = integrity.split("-");
  if (algorithm !== "sha512" || digest === undefined) throw new Error(`Cannot read the digest ${integrity}`);
  return Uint8Array.fromBase64(digest).toHex();
}

if (import.meta.main) {
  const graph = await new Response(Deno.stdin.readable).json();
  const lockfile = JSON.parse(await Deno.readTextFile(new URL("../deno.lock", import.meta.url)));
  const licenseOf = (folder: string): string =>
    JSON.parse(Deno.readTextFileSync(`${folder}/package.json`)).license;
  const sbom = makeSbom(graph, lockfile, Deno.version.deno, licenseOf);
  await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(sbom, null, 2)}\n`));
}
