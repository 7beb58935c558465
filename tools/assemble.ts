/** Makes src/output/copy_lines.ts of src/output/copy_lines.wat: `deno task assemble`. */

import wabt from "wabt";

const FOLDER = new URL("../src/output/", import.meta.url);
const [SOURCE, MODULE] = [new URL("copy_lines.wat", FOLDER), new URL("copy_lines.ts", FOLDER)] as const;

/** The text of src/output/copy_lines.ts. */
export async function assembled(): Promise<string> {
  const module = (await wabt()).parseWat(SOURCE.pathname, await Deno.readTextFile(SOURCE));
  const bytes = module.toBinary({}).buffer;
  module.destroy();
  return `/** Made of copy_lines.wat by \`deno task assemble\`, in base64. */
export const COPY_LINES =
  "${bytes.toBase64()}";
`;
}

if (import.meta.main) await Deno.writeTextFile(MODULE, await assembled());
