/** All that reading a file of services asks of the system: given in, so that the rest is pure. */

export interface ConfigSystem {
  /** A whole file, by its absolute path; or why not, in words. */
  readonly readFile: (path: string) => Uint8Array | Unreadable;
  /** A variable of denit's own environment. */
  readonly variable: (name: string) => string | undefined;
  /** The folder that denit was started in, an absolute path. */
  readonly workingDirectory: string;
}

export interface Unreadable {
  readonly failure: string;
  /** Whether there is no such file, so that one that is not required may be passed over. */
  readonly missing: boolean;
}

/** What is asked for on the command line. */
export interface LoadRequest {
  /** The file, as it was written; relative to the working directory. */
  readonly path: string;
  /** Services by name; none: all that no profile withholds. */
  readonly select: readonly string[];
  readonly profiles: readonly string[];
  /** Whether keys that belong to Docker are passed over. */
  readonly compat: boolean;
  /** How long the whole shutdown may take. */
  readonly timeoutMs: number;
}

/** The absolute path, without `.` and `..`, of a path as it is from a folder, which is an absolute one. */
export function resolvePath(folder: string, path: string): string {
  const steps: string[] = [];
  for (const step of (path.startsWith("/") ? path : `${folder}/${path}`).split("/")) {
    if (step === "..") steps.pop();
    else if (step !== "" && step !== ".") steps.push(step);
  }
  return `/${steps.join("/")}`;
}

/** The folder that a file is in, by its absolute path. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
