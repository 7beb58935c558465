/** How the command lines of the inits are read that denit stands in for. */

import { parseCatatonit } from "./catatonit.ts";
import type { DropInName } from "./choose.ts";
import { parseDumbInit } from "./dumb_init.ts";
import type { Parser } from "./invocation.ts";
import { parseTini } from "./tini.ts";

export const PARSERS: Readonly<Record<DropInName, Parser>> = {
  "tini": parseTini,
  "docker-init": parseTini,
  "dumb-init": parseDumbInit,
  "catatonit": parseCatatonit,
};
