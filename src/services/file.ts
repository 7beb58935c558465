/** The file of services: where it is, and how it is read. */

import { readWhole } from "../../ffi/file.ts";
import { readVariable } from "../../ffi/environment.ts";
import { currentDirectory } from "../../ffi/process.ts";
import type { FileSettings } from "../cli/services.ts";
import type { ConfigSystem, LoadRequest } from "../config/system.ts";

/** Where the file is looked for when nobody says where it is. */
const USUAL_PATHS = ["./denit.yaml", "/etc/denit.yaml"] as const;

/** What denit was given open: the process that reads the file has it not, and at a HUP nobody could read it again. */
const GIVEN_OPEN = /^(?:-|\/dev\/stdin|\/(?:dev|proc\/self)\/fd\/[0-9]+)$/;

/** More than any file of services or of variables has. */
const LONGEST = 16 * 1024 * 1024;

/** What to load, by the settings and the services that are named; a string says why there is nothing to load. */
export function loadRequest(
  { file, profiles, compat, timeoutMs }: FileSettings,
  select: readonly string[],
  system: ConfigSystem,
): LoadRequest | string {
  if (file !== null && GIVEN_OPEN.test(file)) {
    return `Cannot read ${file}: the file of services is read again at each HUP; name one that stays`;
  }
  const path = file ?? USUAL_PATHS.find((path) => {
    const content = system.readFile(path.replace(/^\./, system.workingDirectory));
    return content instanceof Uint8Array || !content.missing;
  });
  if (path !== undefined) return { path, select, profiles, compat, timeoutMs };
  const meant = select.find((word) => /\.ya?ml$/.test(word)) ?? "FILE";
  return `Cannot find a file of services: there is no ${
    USUAL_PATHS.join(" and no ")
  }; write one, or name it by --file ${meant}`;
}

/** The system as a file of services sees it. */
export function configSystem(): ConfigSystem {
  return {
    readFile: (path) => readWhole(path, LONGEST),
    variable: readVariable,
    workingDirectory: currentDirectory(),
  };
}
