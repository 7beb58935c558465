/** Waiting for many descriptors at once: poll(2). */

import { POLLIN, POLLOUT } from "./abi.ts";
import { errno, libc } from "./libc.ts";
import { pause, TOO_MANY_TO_POLL } from "./pause.ts";

const WORDS = 2; // struct pollfd: the descriptor, then the events that are wanted and those that came, 16 bits each
const LONGEST_POLL_MS = 2 ** 31 - 1;

/** Whoever waits for descriptors registers with this. */
export interface Poller {
  /**
   * Calls `onReady` in each wait that finds the descriptor ready, or broken, which shows in the read or write that
   * follows. Takes the place of an earlier watch of the same descriptor.
   */
  watch(descriptor: number, forWhat: "read" | "write", onReady: () => void): void;
  /** Forgets the descriptor. Call it before closing: the number may be somebody else's next. */
  unwatch(descriptor: number): void;
}

interface Watch {
  readonly descriptor: number;
  readonly events: number;
  readonly onReady: () => void;
}

/** The descriptors that are waited for. */
export class PollSet implements Poller {
  readonly #watches = new Map<number, Watch>();
  /** The watches in the order of the requests; `null` where it must be made anew. */
  #order: Watch[] | null = null;
  #requests = new Int32Array(0);

  watch(descriptor: number, forWhat: "read" | "write", onReady: () => void): void {
    this.#watches.set(descriptor, { descriptor, events: forWhat === "read" ? POLLIN : POLLOUT, onReady });
    this.#order = null;
  }

  unwatch(descriptor: number): void {
    if (this.#watches.delete(descriptor)) this.#order = null;
  }

  /**
   * Waits until a descriptor is ready or `timeoutMs` is over (`null`: never), and calls whoever watches one that is.
   *
   * Each is called at most once, and not if a call before it has changed its watch. May return sooner: a signal that
   * is handled ends the wait.
   */
  wait(timeoutMs: number | null): void {
    const order = this.#order ??= this.#arrange();
    const requests = this.#requests;
    for (const [i, { events }] of order.entries()) requests[i * WORDS + 1] = events;
    const timeout = timeoutMs === null ? -1 : Math.min(Math.ceil(timeoutMs), LONGEST_POLL_MS);
    let ready = libc.poll(new Uint8Array(requests.buffer), BigInt(order.length), timeout);
    if (ready < 0 && errno() === TOO_MANY_TO_POLL) ready = lookAtEach(requests, order.length, timeout);
    for (let i = 0; ready > 0 && i < order.length; i++) {
      if (requests[i * WORDS + 1]! >> 16 === 0) continue;
      ready--;
      const watch = order[i]!;
      if (this.#watches.get(watch.descriptor) === watch) watch.onReady();
    }
  }

  #arrange(): Watch[] {
    const order = [...this.#watches.values()];
    this.#requests = new Int32Array(order.length * WORDS);
    for (const [i, { descriptor }] of order.entries()) this.#requests[i * WORDS] = descriptor;
    return order;
  }
}

/** In the place of a poll(2) for all, where that is for too many: each is looked at by itself, now and then. */
function lookAtEach(requests: Int32Array<ArrayBuffer>, count: number, timeoutMs: number): number {
  pause(timeoutMs);
  let ready = 0;
  for (let i = 0; i < count; i++) {
    const request = new Uint8Array(requests.buffer, i * WORDS * requests.BYTES_PER_ELEMENT);
    if (libc.poll(request, 1n, 0) > 0) ready++;
  }
  return ready;
}
