/** How a program of a service is started, from what the file says to what the system is told. */

import { ownCredentials } from "../../ffi/credentials.ts";
import { type Variable, withChanges } from "../../ffi/environment.ts";
import type { SpawnFailure } from "../../ffi/executable.ts";
import { readWhole } from "../../ffi/file.ts";
import { beginService, type ServiceStarted } from "../../ffi/start_service.ts";
import type { Part } from "../core/services/model.ts";
import type { Program } from "../core/services/project.ts";
import type { Opening } from "../output/output.ts";
import { lookUpUser, type User } from "../users.ts";
import { MARK, markOf, numberOf } from "./mark.ts";

/** What holds for every program. */
export interface LaunchSurroundings {
  /** The variables that denit was given. */
  readonly environment: readonly Variable[];
  /** Where programs are started that name no folder. */
  readonly workingDirectory: string;
  /** Signals that the caller had ignored, and that stay so. */
  readonly ignored: readonly number[];
}

/** Starts it, with these streams. What is returned waits until it has been executed, and must be called once. */
export function launch(
  service: string,
  part: Part,
  program: Program,
  { stdout, stderr }: Pick<Opening, "stdout" | "stderr">,
  { environment, workingDirectory, ignored }: LaunchSurroundings,
): () => ServiceStarted | SpawnFailure {
  const { user, groupAdd } = program;
  const identity = user === null && groupAdd.length === 0
    ? null
    : lookUpUser(user, groupAdd, readText, ownCredentials());
  if (identity !== null && "failure" in identity) {
    const { failure } = identity;
    return () => ({ name: "refused", reason: failure, systemReason: failure });
  }
  const names = identity === null ? {} : namesOf(identity);
  return beginService({
    argv: program.command,
    environment: withChanges(environment, {
      ...names,
      ...program.environment,
      [MARK]: markOf(service, part),
    }),
    workingDirectory: program.workingDirectory ?? workingDirectory,
    stdout,
    stderr,
    credentials: identity === null ? null : { uid: identity.uid, gid: identity.gid, groups: identity.groups },
    umask: program.umask,
    mark: numberOf(service, part),
    limits: program.limits,
    nice: program.nice,
    oomScoreAdjust: program.oomScoreAdjust,
    ignored,
  });
}

/** The variables that tell a program who it runs as, login(1). */
function namesOf({ home, name }: User): Record<string, string> {
  return { ...home !== null && { HOME: home }, ...name !== null && { USER: name, LOGNAME: name } };
}

/** More than any /etc/passwd or /etc/group of a container has. */
const LONGEST = 16 * 1024 * 1024;

function readText(path: string): string | null {
  const content = readWhole(path, LONGEST);
  return content instanceof Uint8Array ? new TextDecoder().decode(content) : null;
}
