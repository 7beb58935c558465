/**
 * Turns facts into orders, one fact at a time.
 *
 * Synchronous, as the loops of the small inits are: it waits in poll(2) on the main thread and never returns to the
 * runtime's event loop. So a signal is forwarded without a hop through another thread, nothing of the runtime's own
 * gets its turn (`deno run` would catch HUP, INT, TERM and USR1 for its inspector), no promise can be left
 * unhandled, and when nothing happens nothing runs.
 */

/** Takes a fact in that came about while an order was performed. */
export type Dispatch<Fact> = (fact: Fact) => void;

/** What the loop turns between. Only `report` may not throw. */
export interface LoopParts<State, Fact, Order> {
  readonly first: readonly [State, readonly Order[]];
  readonly reduce: (state: State, fact: Fact) => readonly [State, readonly Order[]];
  readonly perform: (order: Order, dispatch: Dispatch<Fact>) => void;
  /** Waits for something to happen; what happened. */
  readonly nextFacts: () => readonly Fact[];
  /** Tells of an error of our own. */
  readonly report: (error: unknown) => void;
}

/**
 * Runs the heart from its first step on, for ever: an order to exit ends the process.
 *
 * Each fact's orders are performed in their order before the next fact is looked at. What throws is reported and
 * the run goes on: what was started depends on us.
 */
export function runLoop<State, Fact, Order>(
  { first, reduce, perform, nextFacts, report }: LoopParts<State, Fact, Order>,
): never {
  let [state, orders] = first;
  const facts: Fact[] = [];
  for (;;) {
    for (const order of orders) {
      try {
        perform(order, (fact) => facts.push(fact));
      } catch (error) {
        report(error);
      }
    }
    orders = [];
    try {
      if (facts.length === 0) { for (const fact of nextFacts()) facts.push(fact); }
      const fact = facts.shift();
      if (fact !== undefined) [state, orders] = reduce(state, fact);
    } catch (error) {
      report(error);
    }
  }
}
