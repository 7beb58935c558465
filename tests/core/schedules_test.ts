/** Thousands of random runs against a small model of the kernel: what must hold in whichever order things happen. */

import type { Fact, Order, Reaped, Remaining, Role, State, Target, TimerName } from "../../src/core/model.ts";
import { begin, reduce } from "../../src/core/reduce.ts";
import { LINGER_MS } from "../../src/core/rest.ts";
import { SIGCONT, SIGKILL, SIGTERM } from "../../src/core/signals.ts";
import { describe } from "../../src/core/words.ts";
import { type Dispatch, runLoop } from "../../src/loop.ts";
import { deepEqual, equal, ok } from "../assert.ts";
import { randomFrom } from "../random.ts";
import { MAIN, POLICY } from "./play.ts";

/** Thrown to end the loop, which by itself goes on for ever. */
const OVER = new Error("The run is over");
const DENIT = 1;
const GRACE_MS = 500;
/** The longest time between two surveys in such a grace, and more. */
const FOUND_WITHIN_MS = 250;
const SCHEDULES = 1500;

Deno.test("whatever happens in whichever order, denit leaves last, once, in time, and with main's status", () => {
  let unforced = 0;
  let forced = 0;
  for (let seed = 1; seed <= SCHEDULES; seed++) {
    const run = playSchedule(seed);
    const about = `seed ${seed}:\n${run.story.join("\n")}`;
    equal(run.exits.length, 1, `one exit, ${about}`);
    equal(run.exits[0], run.mainCode, `main's status, ${about}`);
    deepEqual(run.leftAtExit, [], `nobody is left, ${about}`);
    ok(run.exitAtMs - run.mainEndedAtMs <= LINGER_MS + GRACE_MS + 100, `in time, ${about}`);
    deepEqual(run.killedEarly, [], `nobody is killed before the grace is over, ${about}`);
    deepEqual(run.askedTwice, [], `nobody is asked twice, ${about}`);
    deepEqual(
      run.killedUnasked,
      [],
      `whoever was there in time was asked, ${about}`,
    );
    if (run.exitAtMs - run.mainEndedAtMs < GRACE_MS) unforced++;
    else forced++;
  }
  ok(unforced > SCHEDULES / 10 && forced > SCHEDULES / 10, `both ends happen: ${unforced}, ${forced}`);
});

/** How a process takes TERM. */
type Temper = "ends at once" | "ends later" | "forks, then ends" | "ignores it";

interface Program {
  readonly pid: number;
  readonly startTicks: string;
  readonly temper: Temper;
  parent: number;
  /** Since when it is a child of denit. */
  orphanSinceMs: number;
  asked: number;
  zombie: boolean;
}

interface Outcome {
  readonly exits: number[];
  readonly leftAtExit: number[];
  readonly killedEarly: number[];
  readonly killedUnasked: number[];
  readonly askedTwice: number[];
  readonly story: string[];
  readonly mainCode: number;
  mainEndedAtMs: number;
  exitAtMs: number;
}

function playSchedule(seed: number): Outcome {
  const random = randomFrom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const role: Role = pick(["first", "subreaper"]);
  const story: string[] = [`as ${role}`];
  const outcome: Outcome = {
    exits: [],
    leftAtExit: [],
    killedEarly: [],
    killedUnasked: [],
    askedTwice: [],
    story,
    mainCode: Math.floor(random() * 256),
    mainEndedAtMs: Infinity,
    exitAtMs: Infinity,
  };

  let nowMs = 0;
  let nextPid = MAIN;
  const alarms: { readonly atMs: number; readonly ring: () => void }[] = [];
  const timers = new Map<TimerName, { atMs: number; ring: () => void }>();
  const programs = new Map<number, Program>();
  const told: Fact[] = [];
  const tell = (fact: Fact): void => void told.push(fact);
  const later = (delayMs: number, ring: () => void): void =>
    void alarms.push({ atMs: nowMs + delayMs, ring });

  function fork(parent: number, temper?: Temper): Program {
    const pid = nextPid++;
    const startTicks = String(Math.floor(nowMs));
    const tempers = ["ends at once", "ends later", "forks, then ends", "ignores it"] as const;
    const program: Program = {
      pid,
      startTicks,
      parent,
      temper: temper ?? pick(tempers.slice(0, random() < 0.3 ? 4 : 3)),
      orphanSinceMs: nowMs,
      asked: 0,
      zombie: false,
    };
    programs.set(pid, program);
    story.push(`${nowMs.toFixed(0)}: ${parent} forks ${pid}, which at TERM ${program.temper}`);
    return program;
  }

  function end(program: Program): void {
    if (program.zombie || !programs.has(program.pid)) return;
    story.push(`${nowMs.toFixed(0)}: ${program.pid} ends`);
    if (program.pid === MAIN) outcome.mainEndedAtMs = nowMs;
    for (const other of programs.values()) {
      if (other.parent === program.pid) [other.parent, other.orphanSinceMs] = [DENIT, nowMs];
    }
    program.zombie = true;
    if (program.parent !== DENIT) programs.delete(program.pid); // its parent reaps it
    else later(random() < 0.5 ? 0 : random() * 5, reap);
  }

  function reap(): void {
    const zombies = [...programs.values()].filter(({ zombie }) => zombie);
    if (zombies.length === 0) return;
    for (const { pid } of zombies) programs.delete(pid);
    const children = zombies.map(({ pid }): Reaped => ({
      pid,
      status: { name: "exited", code: pid === MAIN ? outcome.mainCode : 0 },
    }));
    tell({ type: "reaped", children, atMs: nowMs });
  }

  function receive(program: Program, signal: number, byGroup: boolean): void {
    if (program.zombie) return;
    if (signal === SIGKILL) {
      const graceIsOver = nowMs >= outcome.mainEndedAtMs + GRACE_MS;
      if (!graceIsOver) outcome.killedEarly.push(program.pid);
      const found = program.parent === DENIT && nowMs - program.orphanSinceMs > FOUND_WITHIN_MS;
      if (found && program.asked === 0) outcome.killedUnasked.push(program.pid);
      return end(program);
    }
    if (signal !== SIGTERM) return;
    if (!byGroup && ++program.asked > 1) outcome.askedTwice.push(program.pid);
    switch (program.temper) {
      case "ends at once":
        return end(program);
      case "ends later":
        return later(random() * 200, () => end(program));
      case "forks, then ends":
        later(random() * 50, () => void (programs.has(program.pid) && fork(program.pid, "ends at once")));
        return later(50 + random() * 50, () => end(program));
      case "ignores it":
        return;
    }
  }

  function send(target: Target, signal: number): void {
    story.push(`${nowMs.toFixed(0)}: ${signal} to ${JSON.stringify(target)}`);
    if (signal === SIGCONT) return;
    switch (target.name) {
      case "group": // here everyone stays in a group of his own but main
        return void [...programs.values()].filter(({ pid }) => pid === target.id).forEach((program) =>
          receive(program, signal, true)
        );
      case "process": {
        const program = programs.get(target.pid);
        return program === undefined ? undefined : receive(program, signal, false);
      }
      case "everyone":
        return [...programs.values()].forEach((program) => receive(program, signal, false));
    }
  }

  function perform(order: Order, dispatch: Dispatch<Fact>): void {
    equal(outcome.exits.length, 0, `no order after the exit, ${seed}`);
    switch (order.type) {
      case "spawn":
        fork(DENIT, "ignores it");
        return dispatch({ type: "spawned", pid: MAIN, foreground: false, handOff: [], atMs: nowMs });
      case "send-signal":
        return send(order.target, order.signal);
      case "count":
        return dispatch({ type: "counted", anyone: programs.size > 0, atMs: nowMs });
      case "survey": {
        const remaining = [...programs.values()]
          .filter(({ zombie, parent }) => !zombie || parent === DENIT)
          .map(({ pid, parent, startTicks }): Remaining => ({ pid, parent, startTicks }));
        return dispatch({ type: "surveyed", remaining, atMs: nowMs });
      }
      case "set-timer":
        timers.set(order.timer, {
          atMs: nowMs + order.delayMs,
          ring: () => tell({ type: "timer-fired", timer: order.timer, atMs: nowMs }),
        });
        return;
      case "log":
        return void story.push(`${nowMs.toFixed(0)}: ${describe(order.note)}`);
      case "exit":
        outcome.exits.push(order.code);
        outcome.exitAtMs = nowMs;
        outcome.leftAtExit.push(...programs.keys());
        return;
      case "suspend-with":
      case "reclaim-terminal":
      case "leave-by-interrupt":
      case "stop-self":
        return;
    }
  }

  for (let i = Math.floor(random() * 8); i > 0; i--) {
    later(random() * 100, () => {
      const parents = [...programs.values()].filter(({ zombie }) => !zombie);
      if (parents.length > 0) fork(pick(parents).pid);
    });
  }
  for (let i = Math.floor(random() * 4); i > 0; i--) {
    later(random() * 300, () => {
      const others = [...programs.values()].filter(({ pid }) => pid !== MAIN);
      if (others.length > 0) end(pick(others));
    });
    later(random() * 300, () => tell({ type: "signalled", signal: 1, atMs: nowMs }));
  }
  later(random() * 150, () => end(programs.get(MAIN)!));

  /** Lets time pass until something happens; throws when the run is over. */
  function nextFacts(): Fact[] {
    for (let steps = 0; outcome.exits.length === 0 && steps < 1000; steps++) {
      const next = [...alarms, ...timers.values()].toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      nowMs = Math.max(nowMs, next.atMs);
      const alarm = alarms.indexOf(next);
      if (alarm >= 0) alarms.splice(alarm, 1);
      for (const [name, timer] of timers) if (timer === next) timers.delete(name);
      next.ring();
      if (told.length > 0) return told.splice(0);
    }
    throw OVER;
  }

  try {
    runLoop<State, Fact, Order>({
      first: begin({ ...POLICY, role, graceMs: GRACE_MS }, ["web"]),
      reduce,
      perform,
      nextFacts,
      report(error) {
        throw error;
      },
    });
  } catch (error) {
    if (error !== OVER) throw error;
  }
  return outcome;
}
