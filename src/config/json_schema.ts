/** What `denit config --schema` prints: the JSON Schema of the file, made of what the code itself checks by. */

import { toJsonSchema } from "@valibot/to-json-schema";
import { File } from "./schema.ts";

const DRAFT = "http://json-schema.org/draft-07/schema#";

/** A JSON Schema (draft 7), for editors and for other programs. What a form cannot say is not in it. */
export function schemaText(): string {
  const schema = toJsonSchema(File, { typeMode: "output", ignoreActions: ["check", "raw_check"] });
  return `${JSON.stringify({ $schema: DRAFT, title: "denit's file of services", ...schema }, null, 2)}\n`;
}
