import type { Fact, Order, State, Step } from "../src/core/model.ts";
import { type Dispatch, runLoop } from "../src/loop.ts";
import { deepEqual } from "./assert.ts";

/** A state for a heart that needs none. */
const STATE: State = { name: "ended", exitCode: 0 };
/** Thrown to end the loop, which by itself goes on for ever. */
const OVER = new Error("Nothing more happens");

const order = (code: number): Order => ({ type: "exit", code });
const codeOf = (order: Order): number => order.type === "exit" ? order.code : -1;
const fact = (signal: number): Fact => ({ type: "signalled", signal, atMs: 0 });
const signalOf = (fact: Fact): number => fact.type === "signalled" ? fact.signal : -1;

interface Play {
  /** The orders of the first step. */
  readonly first?: readonly number[];
  /** What happens, by turns. */
  readonly turns?: readonly (readonly number[])[];
  /** The orders that each fact leads to. */
  readonly answers?: Readonly<Record<number, readonly number[]>>;
  readonly perform?: (code: number, dispatch: Dispatch<Fact>) => void;
  readonly reduce?: (signal: number) => void;
}

/** Runs the loop until nothing more happens, and tells all that did. */
function play({ first = [], turns = [], answers = {}, perform, reduce }: Play): string[] {
  const story: string[] = [];
  const left = turns.map((turn) => turn.map(fact));
  try {
    runLoop<State, Fact, Order>({
      first: [STATE, first.map(order)],
      reduce(state, fact): Step {
        story.push(`fact ${signalOf(fact)}`);
        reduce?.(signalOf(fact));
        return [state, (answers[signalOf(fact)] ?? []).map(order)];
      },
      perform(order, dispatch) {
        story.push(`order ${codeOf(order)}`);
        perform?.(codeOf(order), dispatch);
      },
      nextFacts() {
        story.push("wait");
        const facts = left.shift();
        if (facts === undefined) throw OVER;
        return facts;
      },
      report(error) {
        if (error === OVER) throw error;
        story.push(String(error));
      },
    });
  } catch (error) {
    if (error !== OVER) throw error;
  }
  return story;
}

Deno.test("performs the first orders before it waits for anything", () => {
  deepEqual(play({ first: [1, 2] }), ["order 1", "order 2", "wait"]);
});

Deno.test("performs the orders that a fact leads to, in their order, before the next fact", () => {
  deepEqual(play({ turns: [[7, 8], [9]], answers: { 7: [1, 2], 8: [3] } }), [
    ...["wait", "fact 7", "order 1", "order 2", "fact 8", "order 3"],
    ...["wait", "fact 9", "wait"],
  ]);
});

Deno.test("performs orders once", () => {
  deepEqual(play({ first: [1], turns: [[7], [8]], answers: { 7: [2] } }), [
    ...["order 1", "wait", "fact 7", "order 2", "wait", "fact 8", "wait"],
  ]);
});

Deno.test("a fact that comes about while orders are performed waits for its turn, and comes before others are asked for", () => {
  const story = play({
    first: [1, 2],
    turns: [[6]],
    answers: { 7: [3, 4], 8: [5] },
    perform(code, dispatch) {
      if (code === 1) [7, 8].map(fact).forEach(dispatch);
      if (code === 3) dispatch(fact(9));
    },
  });
  deepEqual(story, [
    ...["order 1", "order 2"],
    ...["fact 7", "order 3", "order 4"],
    ...["fact 8", "order 5"],
    ...["fact 9", "wait", "fact 6", "wait"],
  ]);
});

Deno.test("goes on where nothing has happened after all", () => {
  deepEqual(play({ turns: [[], [7]] }), ["wait", "wait", "fact 7", "wait"]);
});

Deno.test("hands each fact the state that the one before has left", () => {
  const seen: number[] = [];
  const left = [5, 6, 7];
  try {
    runLoop<State, Fact, Order>({
      first: [STATE, []],
      reduce(state, fact) {
        seen.push(state.name === "ended" ? state.exitCode : -1);
        return [{ name: "ended", exitCode: signalOf(fact) }, []];
      },
      perform: () => {},
      nextFacts() {
        const signal = left.shift();
        if (signal === undefined) throw OVER;
        return [fact(signal)];
      },
      report(error) {
        throw error;
      },
    });
  } catch (error) {
    if (error !== OVER) throw error;
  }
  deepEqual(seen, [0, 5, 6]);
});

Deno.test("reports an order that throws, and goes on with the next order and the next fact", () => {
  const story = play({
    first: [1, 2],
    turns: [[7]],
    answers: { 7: [3, 4] },
    perform(code) {
      if (code === 1 || code === 3) throw new Error(`no to ${code}`);
    },
  });
  deepEqual(story, [
    ...["order 1", "Error: no to 1", "order 2"],
    ...["wait", "fact 7", "order 3", "Error: no to 3", "order 4", "wait"],
  ]);
});

Deno.test("reports a source of facts that throws, and asks it again", () => {
  const story: string[] = [];
  let asked = 0;
  const ask = (): never => {
    asked++;
    throw asked === 3 ? OVER : new Error(`asked ${asked}`);
  };
  try {
    runLoop<State, Fact, Order>({
      first: [STATE, []],
      reduce: (state): Step => [state, []],
      perform: () => {},
      nextFacts: ask,
      report(error) {
        if (error === OVER) throw error;
        story.push(String(error));
      },
    });
  } catch (error) {
    if (error !== OVER) throw error;
  }
  deepEqual(story, ["Error: asked 1", "Error: asked 2"]);
});

Deno.test("reports a heart that throws, performs nothing twice, and goes on with the next fact", () => {
  const story = play({
    first: [1],
    turns: [[7, 8]],
    answers: { 7: [2], 8: [3] },
    reduce(signal) {
      if (signal === 7) throw new Error("no");
    },
  });
  deepEqual(story, ["order 1", "wait", "fact 7", "Error: no", "fact 8", "order 3", "wait"]);
});
