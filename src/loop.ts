/** Turns facts into orders, one fact at a time. */

import type { Fact, Order, State, Step } from "./core/model.ts";

/** Takes facts in; see {@linkcode startLoop}. */
export type Dispatch = (fact: Fact) => void;

/**
 * Runs the heart from its first step on: each fact goes through `reduce`, and its orders are performed in their
 * order, before the next fact. Facts that come about while orders are performed wait for their turn.
 *
 * What throws is reported and the run goes on: what was started depends on us.
 */
export function startLoop(
  first: Step,
  reduce: (state: State, fact: Fact) => Step,
  perform: (order: Order, dispatch: Dispatch) => void,
  report: (error: unknown) => void,
): Dispatch {
  let [state, orders] = first;
  const facts: Fact[] = [];
  let busy = false;

  const dispatch = (fact: Fact): void => {
    facts.push(fact);
    run();
  };

  function run(): void {
    if (busy) return;
    busy = true;
    try {
      for (;;) {
        for (const order of orders) {
          try {
            perform(order, dispatch);
          } catch (error) {
            report(error);
          }
        }
        const fact = facts.shift();
        if (fact === undefined) return;
        orders = [];
        try {
          [state, orders] = reduce(state, fact);
        } catch (error) {
          report(error);
        }
      }
    } finally {
      orders = [];
      busy = false;
    }
  }

  run();
  return dispatch;
}
