/** Plays facts to the heart of a run of services and shows its orders as lines that people can read. */

import type { Reaped, Remaining, StartFailure } from "../../../src/core/model.ts";
import type {
  Part,
  Phase,
  ServicesFact,
  ServicesOrder,
  ServicesPolicy,
  ServicesState,
} from "../../../src/core/services/model.ts";
import type {
  Dependency,
  HealthPlan,
  Program,
  RestartPolicy,
  Service,
} from "../../../src/core/services/project.ts";
import { beginServices, reduceServices } from "../../../src/core/services/reduce.ts";
import { describeServiceNote } from "../../../src/core/services/words.ts";
import { signalName } from "../../../src/core/signals.ts";
import { deepEqual, fail, ok } from "../../assert.ts";
import { exited, showOrder as showCommonOrder, signalled } from "../play.ts";

/** The policy of `denit up`, as the first process of its namespace. */
export const POLICY: ServicesPolicy = { role: "first", verbose: false, warnReaped: false, timeoutMs: 9000 };

export const ONCE: RestartPolicy = {
  when: "never",
  attempts: null,
  countsAll: false,
  delayMs: null,
  windowMs: 10_000,
};
export const ALWAYS: RestartPolicy = { ...ONCE, when: "always" };
export const ON_FAILURE: RestartPolicy = { ...ONCE, when: "on failure" };

/** A program that is only its name. */
export function program(...command: [string, ...string[]]): Program {
  return {
    command,
    environment: {},
    user: null,
    groupAdd: [],
    workingDirectory: null,
    umask: null,
    nice: null,
    oomScoreAdjust: null,
    limits: [],
  };
}

/** A service with Compose's defaults, but for some things. */
export function service(name: string, changes: Partial<Service> = {}): Service {
  return {
    name,
    program: program(name),
    logging: { name: "denit" },
    dependsOn: [],
    restart: ONCE,
    stopSignal: 15,
    signalTo: "group",
    stopGraceMs: 10_000,
    health: null,
    postStart: [],
    preStop: [],
    essential: "failure",
    schedule: null,
    forwardSignals: [],
    ...changes,
  };
}

export function on(
  name: string,
  condition: Dependency["condition"] = "started",
  changes: Partial<Dependency> = {},
): Dependency {
  return { service: name, condition, required: true, restart: false, ...changes };
}

/** A healthcheck by a program, every 10 s, with 2 s for an answer. */
export function health(changes: Partial<HealthPlan> = {}): HealthPlan {
  return {
    test: { name: "program", program: program("check") },
    intervalMs: 10_000,
    timeoutMs: 2000,
    retries: 3,
    startPeriodMs: 0,
    startIntervalMs: 1000,
    ...changes,
  };
}

/** A fact before it has a time. */
export type Event = ServicesFact extends infer Each ? Each extends ServicesFact ? Omit<Each, "atMs"> : never
  : never;

/** A run of the heart. */
export interface ServicesPlay {
  readonly state: ServicesState;
  /** The orders of the first step. */
  readonly first: readonly string[];
  /**
   * Tells a fact; returns the orders that follow, without lines at level info, and without `wake-at`. In the place of
   * `drain` stands what follows it where all output is written at once.
   */
  tell(event: Event, atMs?: number): string[];
  /**
   * Tells whom the first look finds and, where they have time to end by themselves, the same when that is over; returns
   * the orders that follow then.
   */
  firstLook(event: Extract<Event, { type: "leftovers-found" }>): string[];
  /** Tells the next time that was asked for, then; returns the orders that follow. */
  wait(): string[];
  /** A program has been started, or one that was ordered gets this pid. */
  up(service: string, pid: number, atMs?: number, part?: Part): string[];
  /** A child has ended, with nothing left behind. */
  end(child: Reaped, atMs?: number): string[];
  phase(service: string): Phase["name"] | "gone";
  /** What has been told at level info so far. */
  readonly story: readonly string[];
  /** What the clock shows: the time of the last fact. */
  readonly nowMs: number;
}

/** Starts a run of services under a policy that differs from {@linkcode POLICY} in some things. */
export function serve(services: readonly Service[], changes: Partial<ServicesPolicy> = {}): ServicesPlay {
  let nowMs = 0;
  let wakeAtMs: number | null = null;
  const [begun, orders] = beginServices({ ...POLICY, ...changes }, { services }, nowMs);
  let state = begun;
  const story: string[] = [];
  const show = (orders: readonly ServicesOrder[]): string[] => {
    for (const order of orders) {
      if (order.type === "wake-at") wakeAtMs = order.atMs;
      if (order.type === "tell" && order.level === "info") story.push(describeServiceNote(order.note));
    }
    return orders.filter((order) =>
      order.type !== "wake-at" && !((order.type === "tell" || order.type === "log") && order.level === "info")
    ).map(showOrder);
  };
  const first = show(orders);
  const tell = (event: Event, atMs = nowMs): string[] => {
    nowMs = atMs;
    const [next, orders] = reduceServices(state, { ...event, atMs } as ServicesFact);
    state = next;
    const shown = show(orders);
    return shown.at(-1) === "drain" ? [...shown.slice(0, -1), ...tell(DRAINED)] : shown;
  };
  return {
    story,
    get state(): ServicesState {
      return state;
    },
    get nowMs(): number {
      return nowMs;
    },
    first,
    tell,
    firstLook(event): string[] {
      const orders = tell(event);
      const { services } = state as Extract<ServicesState, { name: "serving" }>;
      const isLingering = services.values().some(({ phase }) =>
        phase.name === "clearing" && phase.lingerUntilMs !== null && nowMs < phase.lingerUntilMs
      );
      if (!isLingering) return orders;
      deepEqual(orders, []);
      const looks = this.wait();
      ok(looks.every((order) => order.startsWith("find leftovers of")), looks.join());
      return tell(event);
    },
    wait(): string[] {
      const atMs = wakeAtMs ?? fail("no time was asked for");
      wakeAtMs = null;
      return tell({ type: "time-came" }, Math.max(nowMs, atMs));
    },
    up: (service, pid, atMs, part = "main") => tell({ type: "started", service, part, pid }, atMs),
    end(child, atMs): string[] {
      const orders = tell({ type: "reaped", children: [child] }, atMs);
      const looked = orders.flatMap((order) =>
        /^find leftovers of (.*)$/.exec(order)?.[1]?.split(", ") ?? []
      );
      const found = new Map(looked.map((name) => [name, []]));
      return [
        ...orders.filter((order) => !order.startsWith("find leftovers")),
        ...looked.length === 0 ? [] : tell({ type: "leftovers-found", found }),
      ];
    },
    phase: (name) =>
      state.name === "serving" ? state.services.get(name)?.phase.name ?? "gone" : fail(state.name),
  };
}

/** The services, each up: the first as 20, the second as 21 and so on. */
export function serveUp(...parameters: Parameters<typeof serve>): ServicesPlay {
  const run = serve(...parameters);
  parameters[0].forEach(({ name }, i) => run.up(name, 20 + i));
  return run;
}

/** A service's own program ends with a code, or as told. */
export { exited };

export function notStarted(service: string, part: Part = "main", reason = "the reason"): Event {
  const failure: StartFailure = { name: "not found", reason, systemReason: reason };
  return { type: "not-started", service, part, failure };
}

export function answered(service: string, failure: string | null): Event {
  return { type: "probe-answered", service, failure };
}

export function found(
  service: string,
  ...processes: Remaining[]
): Extract<Event, { type: "leftovers-found" }> {
  return { type: "leftovers-found", found: new Map([[service, processes]]) };
}

/** All output is written. */
export const DRAINED: Event = { type: "drained", left: [], moved: true };

export const SOMEBODY_LEFT: Event = { type: "counted", anyone: true };
export const NOBODY_LEFT: Event = { type: "counted", anyone: false };

export function signal(name: string): Event {
  return signalled(name) as Event;
}

/** An order as a line. */
export function showOrder(order: ServicesOrder): string {
  switch (order.type) {
    case "start":
      return `start ${order.part === "main" ? "" : `${order.part} of `}${order.service.name}${
        order.part === "main" ? "" : `: ${order.program.command.join(" ")}`
      }`;
    case "probe":
      return `probe ${order.service} by ${order.probe.name}`;
    case "cancel-probe":
      return `cancel the probe of ${order.service}`;
    case "find-leftovers":
      return `find leftovers of ${order.of.map(({ service }) => service).join(", ")}`;
    case "kill-leftovers":
      return `kill leftovers of the ${order.part} of ${order.service}`;
    case "plan-job":
      return order.schedule === null
        ? `plan ${order.service} no more`
        : `plan ${order.service} at ${order.schedule}`;
    case "reload":
      return "reload";
    case "wake-at":
      return `wake at ${order.atMs} ms`;
    case "tell":
      return `${order.level}: ${describeServiceNote(order.note)}`;
    case "send-signal":
      return order.target.name === "group"
        ? `${signalName(order.signal)} to group ${order.target.id}`
        : showCommonOrder(order);
    case "drain":
      return "drain";
    case "count":
    case "survey":
    case "set-timer":
    case "log":
    case "exit":
      return showCommonOrder(order);
  }
}
