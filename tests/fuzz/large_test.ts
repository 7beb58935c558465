/** Files as large as one may be, of one piece again and again: each is answered in bounded time. */

import fc from "fast-check";
import { loadProject } from "../../src/config/load.ts";
import { requestOf, systemOf } from "../config/system.ts";
import { isClear } from "./support/clear.ts";
import { always } from "./support/property.ts";

const MOST_BYTES = 1024 * 1024;

const STARTS = ["", "a: ", "[", 'a: "', "a: |\n ", "services:\n", "services: {web: {command: [", "x-a: &a "];
const PIECES = [
  ...[
    "a: ",
    "? ",
    "- ",
    "[",
    "{",
    "{a: ",
    "[a, ",
    "&a ",
    "*a ",
    "*a\n",
    "!a ",
    "- &a a\n",
    "- *a\n",
    "'",
    '"',
    "''",
  ],
  ...[
    "\\",
    "|\n",
    ">\n",
    " a\n",
    "a\n",
    "\n",
    " \n",
    "#\n",
    "# a",
    "%A\n",
    "---\n",
    "...\n",
    "\t",
    "\t\n",
    "a:\n",
  ],
  ...[
    "- a\n",
    "a: b\n",
    "? a\n: b\n",
    "- - a\n",
    "\r",
    "\r\n",
    ",",
    ":",
    "[],",
    "}",
    "]",
    "@",
    "a b",
    "\x07",
    "\0",
  ],
  ...[
    "\ufeff",
    "\u00e9",
    "\u{1f600}",
    "<<: {}\n",
    "<<: *a\n",
    "a: &a b\n",
    "a: *a\n",
    "- {a: b}\n",
    "$A ",
    "${",
    "${A:-",
  ],
  ...["$$", "-\n", "- |\n a\n", '- "a\n b"\n', "!!binary a\n", "x-a: $A\n", "*b,", "&b b, ", "a, "],
];

const size = fc.constantFrom(MOST_BYTES, MOST_BYTES / 4, MOST_BYTES / 16);
const large = fc.record({ start: fc.constantFrom(...STARTS), piece: fc.constantFrom(...PIECES), size });

always("a large file of one piece is answered in time", large, ({ start, piece, size }) => {
  const file = start + piece.repeat(Math.floor((size - start.length) / piece.length));
  const loaded = loadProject(requestOf(), systemOf(file));
  if (loaded.name === "refused") { for (const line of loaded.problems) isClear(line); }
}, 0.05);
