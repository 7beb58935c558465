/** How a test runs the services of a file. */

import type { Bench, Ended, Running, Setting } from "../support/bench.ts";
import { program } from "../support/program.ts";

/** A file of services as plain data; JSON is YAML. */
export type FileOfServices = Readonly<Record<string, unknown>>;

/** Writes the file where `denit up` finds it; returns the folder that it is in. */
export function writeFile(bench: Bench, file: FileOfServices | string, folder = bench.folder()): string {
  const text = typeof file === "string" ? file : JSON.stringify(file, null, 2);
  Deno.writeTextFileSync(`${folder}/denit.yaml`, text);
  return folder;
}

/** Starts `denit up` with a file. */
export function up(
  bench: Bench,
  file: FileOfServices | string,
  words: readonly string[] = [],
  setting: Setting = {},
): Running {
  return bench.denit(["up", ...words], { cwd: writeFile(bench, file), ...setting });
}

/** Runs `denit up` with a file to its end. */
export async function runUp(
  bench: Bench,
  file: FileOfServices | string,
  words: readonly string[] = [],
  setting: Setting = {},
): Promise<Ended> {
  return await up(bench, file, words, setting).ended();
}

/** A service that runs a script by sh. */
export function sh(script: string, more: FileOfServices = {}): FileOfServices {
  return { command: ["sh", "-c", script.replaceAll("$", "$$$$")], ...more };
}

/**
 * Words for sh that wait until a command prints that: what only root may give a process it is given when it runs, and
 * its first steps may be earlier.
 */
export function untilIs(command: string, value: string | number): string {
  return `until test "$(${command})" = "${value}"; do sleep 0.01; done`;
}

/** A service that runs a Perl program of tests/e2e/programs. */
export function perl(name: string, args: readonly string[] = [], more: FileOfServices = {}): FileOfServices {
  return { command: program(name, ...args), ...more };
}

/** A service that says that it runs, and then sleeps until it is asked to end; a shell, so that it can be asked at once. */
export function lasting(more: FileOfServices = {}): FileOfServices {
  return sh("echo ready; exec sleep 1000", more);
}

/** A folder with these files, by their paths in it; plain data is a file of services. */
export function folderWith(
  bench: Bench,
  files: Readonly<Record<string, FileOfServices | string | Uint8Array>>,
): string {
  const folder = bench.folder();
  for (const [path, content] of Object.entries(files)) {
    const target = `${folder}/${path}`;
    Deno.mkdirSync(target.replace(/\/[^/]*$/, ""), { recursive: true });
    if (content instanceof Uint8Array) Deno.writeFileSync(target, content);
    else Deno.writeTextFileSync(target, typeof content === "string" ? content : JSON.stringify(content));
  }
  return folder;
}

/** The names of what is in a folder, sorted. */
export function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();
}
