/** Commands that run to their end. */

/** What a command left behind. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What it reads; nothing without. */
  readonly stdin?: string | ReadableStream<Uint8Array>;
}

/** Runs a command and waits until it has ended. */
export async function run(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { stdin, ...where } = options;
  const child = new Deno.Command(words[0]!, {
    args: words.slice(1),
    ...where,
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const fed = stdin === undefined ? null : new Response(stdin).body!.pipeTo(child.stdin).catch(() => {}); // it may not read all
  const { code, stdout, stderr } = await child.output();
  await fed;
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs a command that must succeed, and returns what it printed. */
export async function must(words: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(words, options);
  if (code !== 0) throw new Error(`${words.join(" ")} ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}
