/** Timers by name. */

/** The longest delay that the runtime's timers take; a longer one fires at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** Timers of which each name has at most one. */
export class Timers<Name extends string> {
  readonly #running = new Map<Name, ReturnType<typeof setTimeout>>();

  /** Calls `fire` after `delayMs`; a timer of that name that has not fired yet is forgotten. */
  set(name: Name, delayMs: number, fire: () => void): void {
    clearTimeout(this.#running.get(name));
    const delay = Math.min(delayMs, LONGEST_DELAY_MS);
    this.#running.set(
      name,
      setTimeout(() => delay < delayMs ? this.set(name, delayMs - delay, fire) : fire(), delay),
    );
  }
}
