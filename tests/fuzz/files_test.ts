/** Files of services, broken in every way: refused in clear lines, or loaded and sound. */

import { anyFile, isTaken, wholeIsRight } from "./support/files.ts";
import { always } from "./support/property.ts";

Deno.test("the file that all are made of has every key, and is right", wholeIsRight);

always("whatever the file says, it is loaded, or refused line by line", anyFile, isTaken, 5);
