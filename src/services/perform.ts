/** Carries the orders of a run of services out. */

import type { Poller } from "../../ffi/poll.ts";
import { sendSignal } from "../../ffi/process.ts";
import type { Part, ServicesFact, ServicesOrder } from "../core/services/model.ts";
import { describeServiceNote } from "../core/services/words.ts";
import { SIGKILL } from "../core/signals.ts";
import type { Dispatch } from "../loop.ts";
import type { Drained, Output } from "../output/output.ts";
import { type CommonSurroundings, performCommon } from "../perform.ts";
import { type RunningProbe, startProbe } from "../probe.ts";
import type { Jobs } from "./jobs.ts";
import type { LastWords } from "./last_words.ts";
import { launch, type LaunchSurroundings } from "./launch.ts";
import { findLeftovers, leftoversOf, withGroups } from "./leftovers.ts";
import type { Living } from "./living.ts";
import type { Rereading } from "./reader.ts";

type Of<Type extends ServicesOrder["type"]> = Extract<ServicesOrder, { type: Type }>;

export interface ServicesSurroundings extends CommonSurroundings, LaunchSurroundings {
  readonly poller: Poller;
  readonly output: Output;
  readonly lastWords: LastWords;
  readonly living: Living;
  readonly jobs: Jobs;
  /** Takes facts in that come about later, in a wait of the poller. */
  readonly later: Dispatch<ServicesFact>;
  /** Has the fact `time-came` come about at a time; `null`: not at all. */
  readonly wakeAt: (atMs: number | null) => void;
  readonly rereading: Rereading;
}

/** What performs the orders of a run of services. */
export interface ServicesPerformer {
  /**
   * Performs an order and dispatches the facts that come of it.
   *
   * A program that is started may still have to be executed then: that takes as long as to begin the next, and so both
   * are done at once. What has come of it is dispatched with the next order of any kind, or by {@linkcode settle}.
   */
  perform(order: ServicesOrder, dispatch: Dispatch<ServicesFact>): void;
  /** The fact that is still to be dispatched, if there is one. Ask before anything else is waited for, or is reaped. */
  settle(): ServicesFact[];
}

export function servicesPerformer(around: ServicesSurroundings): ServicesPerformer {
  const probes = new Map<string, RunningProbe>();
  let isBlindTold = false;
  let started: (() => ServicesFact) | null = null;

  function settle(): ServicesFact[] {
    const fact = started?.();
    started = null;
    return fact === undefined ? [] : [fact];
  }

  function perform(order: ServicesOrder, dispatch: Dispatch<ServicesFact>): void {
    const next = order.type === "start" ? tryToStart(order, around) : null;
    settle().forEach(dispatch);
    if (order.type === "start") started = next;
    else performAlone(order, dispatch);
  }

  function performAlone(order: Exclude<ServicesOrder, Of<"start">>, dispatch: Dispatch<ServicesFact>): void {
    switch (order.type) {
      case "probe":
        return probe(order, dispatch);
      case "cancel-probe":
        probes.get(order.service)?.cancel();
        probes.delete(order.service);
        return;
      case "find-leftovers": {
        const found = withGroups(order.of, tryToFind(order));
        return dispatch({ type: "leftovers-found", found, atMs: performance.now() });
      }
      case "kill-leftovers":
        for (const pid of leftoversOf(order.service, order.part, order.session, around.living, around)) {
          sendSignal(pid, SIGKILL);
        }
        return;
      case "plan-job":
        return around.jobs.plan(order.service, order.schedule);
      case "reload":
        around.output.reopenFiles();
        return around.rereading.begin();
      case "wake-at":
        return around.wakeAt(order.atMs);
      case "tell":
        return around.log.write(order.level, { type: "problem", message: describeServiceNote(order.note) });
      case "drain": {
        const drained = tryToDrain(around);
        return around.later({ type: "drained", ...drained, atMs: performance.now() }); // signals have their turn
      }
      case "count":
      case "survey": // the first one where somebody would not wait
        try {
          around.rereading.abandon(); // what it is read for has ended
        } finally {
          performCommon(order, around, dispatch);
        }
        return;
      case "send-signal":
      case "set-timer":
      case "log":
      case "exit":
        return performCommon(order, around, dispatch);
    }
  }

  /** An error of our own must not keep a service from its next run. */
  function tryToFind({ of }: Of<"find-leftovers">): ReturnType<typeof findLeftovers> {
    let reason = "there is no /proc that tells";
    try {
      const found = findLeftovers(of, around.living, around);
      if (found !== null) return found;
    } catch (error) {
      reason = String(error);
    }
    if (!isBlindTold) {
      const message =
        `Cannot find all that services leave behind: ${reason}; who is not in their process group runs on`;
      around.log.write("warning", { type: "problem", message });
    }
    isBlindTold = true;
    return null;
  }

  function probe({ service, probe }: Of<"probe">, dispatch: Dispatch<ServicesFact>): void {
    const answer = (failure: string | null): ServicesFact => {
      probes.delete(service);
      return { type: "probe-answered", service, failure, atMs: performance.now() };
    };
    const running = startProbe(probe, around.poller, (failure) => around.later(answer(failure)));
    if ("failure" in running) dispatch(answer(running.failure));
    else probes.set(service, running);
  }

  return { perform, settle };
}

/** Who takes none of the last output for so long is not waited for. */
const DRAIN_MS = 500;

/** An error of our own loses what is left, but must not keep the run from its end. */
function tryToDrain({ output, log }: ServicesSurroundings): Drained {
  try {
    return output.drain(DRAIN_MS);
  } catch (error) {
    log.write("error", { type: "problem", message: `Cannot write the rest of the output: ${String(error)}` });
    return { left: [], moved: false };
  }
}

/** Begins a start; what is returned tells what has come of it. An error of our own is a start that failed. */
function tryToStart(order: Of<"start">, around: ServicesSurroundings): () => ServicesFact {
  try {
    const finish = start(order, around);
    return () => {
      try {
        return finish();
      } catch (error) {
        return notStarted(order, String(error));
      }
    };
  } catch (error) {
    return () => notStarted(order, String(error));
  }
}

/** What services go without, each told once: their probes and next runs go without it, too. */
const lacks = new Set<string>();

function start(order: Of<"start">, around: ServicesSurroundings): () => ServicesFact {
  const { part, program, service } = order;
  const streams = part === "probe" ? around.lastWords.open() : around.output.open(service);
  if (streams === null) return () => notStarted(order, "there is no descriptor left for its output");
  const finish = orElse(streams.failed, () => launch(service.name, part, program, streams, around));
  return () => {
    const result = orElse(streams.failed, finish);
    const atMs = performance.now();
    if ("name" in result) {
      streams.failed();
      return { type: "not-started", service: service.name, part, failure: result, atMs };
    }
    const { pid, problems, late } = result;
    around.living.started(pid, { service: service.name, part, late });
    streams.started(pid);
    for (const problem of problems) {
      const message = `${service.name}: ${problem}`;
      if (late === null && lacks.has(message)) continue;
      lacks.add(message);
      around.log.write("warning", { type: "problem", message });
    }
    return { type: "started", service: service.name, part, pid, atMs };
  };
}

/** Does something, and something else if that throws, which it goes on to do. */
function orElse<Result>(otherwise: () => void, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    otherwise();
    throw error;
  }
}

function notStarted(
  { service, part }: { service: { name: string }; part: Part },
  reason: string,
): ServicesFact {
  const failure = { name: "refused", reason, systemReason: reason } as const;
  return { type: "not-started", service: service.name, part, failure, atMs: performance.now() };
}
