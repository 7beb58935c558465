/** Whether tests can have a PID namespace of their own here. */

/** The words that give what follows them a PID namespace, as its first process; `null` where that is not allowed. */
export const namespaces: readonly string[] | null = await findNamespaces();

async function findNamespaces(): Promise<readonly string[] | null> {
  const words = [
    ...["unshare", ...Deno.uid() === 0 ? [] : ["--user", "--map-root-user"]],
    ...["--pid", "--fork", "--kill-child"],
  ];
  const [command, ...args] = [...words, "--mount-proc", "true"];
  try {
    const { success } = await new Deno.Command(command!, { args, stdout: "null", stderr: "null" }).output();
    return success ? words : null;
  } catch {
    return null; // no unshare
  }
}
