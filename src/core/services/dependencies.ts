/** Whether what a service depends on lets it start. */

import type { ServiceState } from "./model.ts";
import type { Dependency } from "./project.ts";

/** How a dependency stands: `"failed"` if it will not be met. `words` is what became of it: `ended with 1`. */
export type Standing =
  | { readonly name: "met" }
  | { readonly name: "pending" }
  | { readonly name: "failed"; readonly code: number; readonly words: string };

const MET: Standing = { name: "met" };
const PENDING: Standing = { name: "pending" };

/** The exit code of who was kept from starting by something that has none itself. */
const WITHOUT_CODE = 1;

export function standing(condition: Dependency["condition"], on: ServiceState): Standing {
  if (on.goal.name !== "run") return PENDING; // until it is what the file now says
  const { phase } = on;
  switch (condition) {
    case "started":
      return on.startedOnce ? MET : ofResult(on, "ended before its post_start had");
    case "healthy":
      if (phase.name === "up" && phase.health?.status === "healthy") return MET;
      if (phase.name === "up" && phase.health?.status === "unhealthy") {
        return { name: "failed", code: WITHOUT_CODE, words: "is unhealthy" };
      }
      return ofResult(on, "ended before it was healthy");
    case "completed successfully":
      return phase.name === "down" && phase.result.name === "completed" ? MET : ofResult(on, null);
  }
}

/** What a service that is down means; `completed` says why a success is none here. */
function ofResult({ phase }: ServiceState, completed: string | null): Standing {
  if (phase.name !== "down") return PENDING;
  switch (phase.result.name) {
    case "failed":
      return { name: "failed", code: phase.result.code, words: phase.result.words };
    case "completed":
      return completed === null ? PENDING : { name: "failed", code: WITHOUT_CODE, words: completed };
    case "stopped":
      return PENDING;
  }
}
