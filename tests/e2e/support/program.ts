/** The program under test, and the two ways in which it is run. */

const given = Deno.env.get("DENIT_UNDER_TEST");

/** The folder of the repository, with a slash behind it. */
export const REPOSITORY: string = new URL("../../../", import.meta.url).pathname;

/** Beside FFI: what services need is loaded from their source, and the YAML library looks for variables. */
const SOURCE_PERMISSIONS = ["--allow-ffi", "--allow-read", "--allow-env=LOG_TOKENS,LOG_STREAM"];

/** The words that run denit: `DENIT_UNDER_TEST`, or else its source. Files are named by their whole path. */
export const DENIT: readonly string[] = given === undefined
  ? [Deno.execPath(), "run", "--no-prompt", ...SOURCE_PERMISSIONS, `${REPOSITORY}src/main.ts`]
  : given.split(" ").map(wholePath);

/** The words that run denit with more for the runtime behind its `run`; an executable takes none. */
export function denitWith(...more: readonly string[]): readonly string[] {
  const [deno, run, ...words] = DENIT;
  return run === "run" ? [deno!, run, ...more, ...words] : DENIT;
}

/** As first process of a PID namespace of its own, or as any process, which then makes itself subreaper. */
export type Mode = "PID 1" | "subreaper";
export const MODES: readonly Mode[] = ["PID 1", "subreaper"];

const asRoot = Deno.uid() === 0 ? [] : ["--user", "--map-root-user"];

/** The words that run a command in namespaces of its own. */
export function unshare(...options: string[]): string[] {
  return ["unshare", ...asRoot, ...options];
}

/** The words that run a command as first process of a PID namespace. */
export const AS_FIRST: readonly string[] = unshare("--pid", "--fork", "--mount-proc", "--kill-child");

/** The words that run a command in namespaces of a process: by default as `docker exec` does. */
export function nsenter(pid: number, namespaces: readonly string[] = ["--pid", "--mount"]): string[] {
  const asRoot = Deno.uid() === 0 ? [] : ["--user", "--preserve-credentials"];
  return ["nsenter", "--target", String(pid), ...asRoot, ...namespaces];
}

/** Why there can be no namespaces here; `null` where there can. */
export const noNamespaces: string | null = (() => {
  const [command, ...args] = AS_FIRST;
  try {
    const { success, stderr } = new Deno.Command(command!, { args: [...args, "true"] }).outputSync();
    return success ? null : new TextDecoder().decode(stderr).trim();
  } catch (error) {
    return String(error);
  }
})();

/** A Perl program of `tests/e2e/programs`: perl-base is on every Debian, and starts in 3 ms. */
export function program(name: string, ...args: string[]): string[] {
  return ["perl", `${REPOSITORY}tests/e2e/programs/${name}.pl`, ...args];
}

function wholePath(word: string, i: number): string {
  const folders = i === 0 && !word.includes("/") ? Deno.env.get("PATH")!.split(":") : [];
  for (const path of [word, ...folders.map((folder) => `${folder}/${word}`)]) {
    try {
      if (path.includes("/")) return Deno.realPathSync(path);
    } catch {
      // no file has that path
    }
  }
  return word;
}
