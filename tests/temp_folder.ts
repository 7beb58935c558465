/** A folder for one test. */

/** Makes a folder that is removed, with all in it, when it goes out of scope. */
export async function tempFolder(): Promise<TempFolder> {
  return new TempFolder(await Deno.makeTempDir({ prefix: "denit-test-" }));
}

export class TempFolder implements AsyncDisposable {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Writes a file with these permissions; returns its path. */
  async write(name: string, content: string | Uint8Array, mode = 0o644): Promise<string> {
    const path = `${this.path}/${name}`;
    await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    await Deno.chmod(path, mode);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}
