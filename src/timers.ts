/** Timers by name, as values: nothing runs by itself, who waits asks for how long. */

/** Timers of which each name has at most one. Times are a monotonic clock's milliseconds. */
export class Timers<Name extends string> {
  readonly #dueMs = new Map<Name, number>();

  /** Sets a timer; one of that name that has not fired yet is forgotten. */
  set(name: Name, dueMs: number): void {
    this.#dueMs.set(name, dueMs);
  }

  /** How long it is until the next one is due, 0 if one is; `null` if there is none. */
  waitMs(nowMs: number): number | null {
    return this.#dueMs.size === 0 ? null : Math.max(0, Math.min(...this.#dueMs.values()) - nowMs);
  }

  /** The timers that are due, the earliest first; they are then forgotten. */
  takeDue(nowMs: number): Name[] {
    const due = [...this.#dueMs].filter(([, dueMs]) => dueMs <= nowMs).sort(([, a], [, b]) => a - b);
    for (const [name] of due) this.#dueMs.delete(name);
    return due.map(([name]) => name);
  }
}
