/** Whom a signal goes to that is meant for a program. */

import type { Policy, Target } from "./model.ts";

/** Whom a signal for the program goes to that was started as `pid`, and leads its process group unless it has left it. */
export function targetOf(signalTo: Policy["signalTo"], pid: number): Target {
  switch (signalTo) {
    case "group":
      return { name: "group", id: pid, orLeader: true };
    case "main":
      return { name: "process", pid };
    case "all":
      return { name: "everyone" };
  }
}
