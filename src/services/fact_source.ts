/** Where the facts of a run of services come from: signals, children, timers, and what is watched by the poller. */

import { pauseShortly } from "../../ffi/pause.ts";
import type { PollSet } from "../../ffi/poll.ts";
import { makeWait } from "../calm.ts";
import type { Reaped, TimerName } from "../core/model.ts";
import type { ServicesFact } from "../core/services/model.ts";
import { afterChildren, inTurn, reapChildren, takeSignals, takeTimers } from "../fact_source.ts";
import type { Log } from "../log.ts";
import type { Output } from "../output/output.ts";
import type { SignalSource } from "../signal_source.ts";
import type { Timers } from "../timers.ts";
import type { LastWords } from "./last_words.ts";
import type { Living } from "./living.ts";

export interface FactSourceParts {
  readonly signals: SignalSource;
  readonly timers: Timers<TimerName>;
  readonly poller: PollSet;
  readonly output: Output;
  readonly lastWords: LastWords;
  readonly living: Living;
  readonly log: Log;
  /** Whether the names of those that are reaped are wanted. */
  readonly named: boolean;
}

export interface ServicesFactSource {
  /** Tells what has happened and, if nothing has, waits until something does; output goes on meanwhile. */
  nextFacts(): readonly ServicesFact[];
  /** Takes a fact in, to be told with the next. */
  add(fact: ServicesFact): void;
  /** Has `time-came` told at a time; `null`: not at all. */
  wakeAt(atMs: number | null): void;
}

/** Makes the source. */
export function servicesFactSource(parts: FactSourceParts): ServicesFactSource {
  const { signals, timers, poller, output, lastWords, living, log, named } = parts;
  let added: ServicesFact[] = [];
  let wakeAtMs: number | null = null;
  poller.watch(signals.descriptor, "read", () => signals.acknowledge());

  const waitFor = makeWait();
  // As for one program: see src/fact_source.ts.
  const take = inTurn<ServicesFact>([takeCome, reap, (nowMs) => afterChildren(takeDue(nowMs), reap)]);

  function takeCome(nowMs: number): ServicesFact[] {
    const facts = [...takeSignals(signals, nowMs), ...added];
    added = [];
    return facts;
  }

  function takeDue(nowMs: number): ServicesFact[] {
    const facts: ServicesFact[] = takeTimers(timers, nowMs);
    if (wakeAtMs !== null && wakeAtMs <= nowMs) {
      wakeAtMs = null;
      facts.push({ type: "time-came", atMs: nowMs });
    }
    return facts;
  }

  function reap(): ServicesFact[] {
    return reapChildren(named).map((fact) => {
      if (fact.type !== "reaped") return fact;
      for (const { pid } of fact.children) output.takeLast(pid);
      return { ...fact, children: living.reaped(fact.children.map(withLastWords)) };
    });
  }

  function withLastWords(child: Reaped): Reaped {
    const words = lastWords.take(child.pid);
    return words === null ? child : { ...child, lastWords: words };
  }

  function waitMs(nowMs: number): number | null {
    const timersMs = timers.waitMs(nowMs) ?? Infinity;
    const ms = Math.min(timersMs, wakeAtMs === null ? Infinity : Math.max(0, wakeAtMs - nowMs));
    return ms === Infinity ? null : ms;
  }

  return {
    nextFacts(): readonly ServicesFact[] {
      for (;;) {
        const nowMs = performance.now();
        const facts = take(nowMs);
        const isDribbling = output.flush(nowMs);
        if (facts.length > 0) poller.wait(0); // output has its turn, however much else happens
        else {
          if (isDribbling) pauseShortly();
          waitFor(waitMs(nowMs), (limitMs) => poller.wait(limitMs));
        }
        log.drain();
        if (facts.length > 0) return facts;
      }
    },
    add: (fact) => void added.push(fact),
    wakeAt(atMs): void {
      wakeAtMs = atMs;
    },
  };
}
