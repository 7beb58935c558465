/**
 * The images of the suite. Where no registry of images is reached, the bases are made from this machine's own
 * Debian packages and its Deno; what stands on them is built by the repository's own Dockerfiles.
 */

import { must, run } from "./command.ts";
import type { Engine } from "./engine.ts";

/** The repository's folder. */
export const ROOT: string = new URL("../../..", import.meta.url).pathname.replace(/\/$/, "");

/** The packages whose files make up the userland: those that the Dockerfile's lines and the tests' programs use. */
const PACKAGES: readonly string[] = [
  "bash",
  "coreutils",
  "dash",
  "findutils",
  "grep",
  "libc-bin",
  "perl-base",
  "sed",
];

/** The names of the images. */
export const IMAGES = {
  /** A Debian userland, without Deno. */
  userland: "denit-test/userland",
  /** In place of `denoland/deno`: the userland, Deno, and what `deno bundle` would download. */
  deno: "denit-test/deno",
  /** The same, and with a stand-in for the base of executables, which cannot be downloaded everywhere. */
  denoWithBase: "denit-test/deno-with-base",
  /** The Dockerfile's target `bundle`. */
  bundle: "denit-test/bundle",
  /** examples/docker/bundle.Dockerfile with the tests' programs: what nearly all tests run. */
  program: "denit-test/program",
  /** examples/docker/services.Dockerfile on top of that, with the tests' file of services. */
  services: "denit-test/services",
} as const;

/** Makes the images that all tests need. */
export async function makeImages(engine: Engine): Promise<void> {
  await importUserland(engine);
  await buildDeno(engine);
  await build(engine, IMAGES.bundle, [
    "--target",
    "bundle",
    "--build-arg",
    `DENO_IMAGE=${IMAGES.deno}`,
    ROOT,
  ]);

  const folder = `${engine.folder}/program`;
  await must(["cp", "--recursive", `${ROOT}/tests/docker/programs`, folder]);
  await must(["cp", `${ROOT}/examples/orphan-story/get.pl`, folder]);
  const example = ["--build-arg", `BASE=${IMAGES.userland}`, "--build-arg", `DENIT=${IMAGES.bundle}`];
  await build(engine, `${IMAGES.program}-base`, [
    ...example,
    "--file",
    `${ROOT}/examples/docker/bundle.Dockerfile`,
    ROOT,
  ]);
  await buildFrom(
    engine,
    IMAGES.program,
    folder,
    `FROM ${IMAGES.program}-base\nCOPY *.pl *.sh /srv/\nWORKDIR /srv\n`,
  );
  await build(engine, IMAGES.services, [
    "--build-arg",
    `BASE=${IMAGES.program}`,
    "--build-arg",
    `DENIT=${IMAGES.bundle}`,
    "--file",
    `${ROOT}/examples/docker/services.Dockerfile`,
    folder,
  ]);
}

/** Builds by the classic builder, which needs no image of its own, and without a network. */
export async function build(engine: Engine, tag: string, words: readonly string[]): Promise<string> {
  return await must(["docker", "build", "--network", "none", "--tag", tag, ...words], { env: engine.env });
}

/** Builds from a Dockerfile that is only a text, with the files of a folder. */
export async function buildFrom(
  engine: Engine,
  tag: string,
  folder: string,
  dockerfile: string,
): Promise<void> {
  const file = `${folder}.Dockerfile`;
  await Deno.writeTextFile(file, dockerfile);
  await build(engine, tag, ["--file", file, folder]);
}

async function importUserland(engine: Engine): Promise<void> {
  const listed = (await must(["dpkg", "--listfiles", ...PACKAGES])).split("\n");
  const files = listed.filter((path) =>
    /^\/(bin|sbin|lib|usr|etc)\//.test(path) && !path.startsWith("/usr/share/")
  );
  const paths = new Set<string>();
  for (const path of ["/bin/sh", ...files]) addWithTargets(path, paths);
  const programs = [...paths].filter(isDynamicElf);
  for (const library of await librariesOf([Deno.execPath(), ...programs])) addWithTargets(library, paths);
  // Where /bin is a link to /usr/bin, it is one in the image too.
  for (const path of ["/bin", "/sbin", "/lib", "/lib32", "/lib64"]) if (isLink(path)) paths.add(path);

  const list = `${engine.folder}/userland.list`;
  const tar = `${engine.folder}/userland.tar`;
  await Deno.writeTextFile(list, [...paths].sort().map((path) => path.slice(1)).join("\n"));
  await must(["tar", "--create", "--file", tar, "--directory", "/", "--no-recursion", "--files-from", list]);
  await must(["docker", "import", tar, IMAGES.userland], { env: engine.env });
}

/** Adds a file under the path that it really has, and if it is a link, what it links to. Folders and absent files are left out. */
function addWithTargets(path: string, paths: Set<string>): void {
  const slash = path.lastIndexOf("/");
  const name = path.slice(slash);
  let folder;
  try {
    folder = Deno.realPathSync(path.slice(0, slash) || "/");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  const real = `${folder === "/" ? "" : folder}${name}`;
  if (isLink(real)) {
    const target = Deno.readLinkSync(real);
    paths.add(real);
    addWithTargets(target.startsWith("/") ? target : `${folder}/${target}`, paths);
  } else if (isFile(real)) paths.add(real);
}

function isLink(path: string): boolean {
  return lstat(path)?.isSymlink ?? false;
}

function isFile(path: string): boolean {
  return lstat(path)?.isFile ?? false;
}

function lstat(path: string): Deno.FileInfo | null {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function isDynamicElf(path: string): boolean {
  if (isLink(path)) return false;
  using file = Deno.openSync(path);
  const head = new Uint8Array(18);
  if (file.readSync(head) !== head.length) return false;
  const ET_DYN = 3; // position-independent, as all of Debian's programs and libraries are
  return head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46 && head[16] === ET_DYN;
}

/** The files of the C library and others that programs need, as `ldd` names them. */
export async function librariesOf(programs: readonly string[]): Promise<Set<string>> {
  const { stdout } = await run(["ldd", ...programs]); // fails for what is linked statically, which needs none
  return new Set(Array.from(stdout.matchAll(/^\t(?:\S+ => )?(\/\S+) \(/gm), (match) => match[1]!));
}

async function buildDeno(engine: Engine): Promise<void> {
  const folder = `${engine.folder}/deno`;
  await Deno.mkdir(`${folder}/deno-dir`, { recursive: true });
  await Deno.copyFile(Deno.execPath(), `${folder}/deno`);

  // Bundling once fills the cache with what it would download in the image, where there is no network.
  for (const entry of ["src/main.ts", "src/services/services.ts"]) {
    const bundle = ["bundle", "--quiet", "--output", `${engine.folder}/bundle.js`, entry];
    await must([Deno.execPath(), ...bundle], { cwd: ROOT, env: { DENO_DIR: `${folder}/deno-dir` } });
  }

  await buildFrom(
    engine,
    IMAGES.deno,
    folder,
    `FROM ${IMAGES.userland}\nCOPY deno /usr/bin/deno\nCOPY deno-dir /deno-dir\nENV DENO_DIR=/deno-dir\n`,
  );
  await buildFrom(
    engine,
    IMAGES.denoWithBase,
    folder,
    `FROM ${IMAGES.deno}\nENV DENORT_BIN=/usr/bin/deno\n`,
  );
}
