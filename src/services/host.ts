/** What main.ts gives to a run of services: all that belongs to the process as a whole. */

import type { Role } from "../core/model.ts";
import type { Log } from "../log.ts";
import type { SignalSource } from "../signal_source.ts";
import type { Line } from "../voice.ts";
import type * as Config from "./config.ts";

export interface Host {
  readonly signals: SignalSource;
  /** Becomes the one that adopts orphans. */
  readonly takeRole: (adopts: boolean, log: Log) => Role;
  /** Has the signal sent to us when our parent dies. */
  readonly dieWithParent: (signal: number) => void;
  /** Loads the parser of the file, which most runs do without. */
  readonly loadConfig: () => typeof Config;
  /** Says something and leaves. */
  readonly say: (lines: readonly Line[], code: number) => never;
  /** Leaves, once what the log said is written or nobody has taken it for so long. */
  readonly exit: (code: number, log: Log, limitMs: number) => never;
}
