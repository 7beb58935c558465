/** Lines as orders: what is to be told, and how grave it is. */

import type { Note, Order } from "./model.ts";

type Say = Extract<Order, { type: "log" }>;

/** Of interest to who follows a run. */
export function info(note: Note): Say {
  return { type: "log", level: "info", note };
}

/** Something is not as it should be. */
export function warning(note: Note): Say {
  return { type: "log", level: "warning", note };
}

/** Something could not be done. */
export function error(note: Note): Say {
  return { type: "log", level: "error", note };
}
