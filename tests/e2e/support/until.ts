/** Waiting for a condition, never for a time. */

/** Longer than anything takes on a busy machine; a test that works never waits that long. */
const LIMIT_MS = 20_000;
const PAUSE_MS = 10;

type Met<T> = Exclude<T, null | undefined | false>;

/** Waits until `check` gives something, and returns that. After the limit it throws an error that tells what was missing. */
export async function until<T>(
  check: () => T | Promise<T>,
  what: string | (() => string),
  limitMs: number = LIMIT_MS,
): Promise<Met<T>> {
  const start = performance.now();
  for (;;) {
    const result = await check();
    if (result !== null && result !== undefined && result !== false) return result as Met<T>;
    if (performance.now() - start > limitMs) {
      throw new Error(`Waited ${limitMs / 1000} s in vain: ${typeof what === "string" ? what : what()}`);
    }
    await pause(PAUSE_MS);
  }
}

/** The promise's result, or an error after the limit. */
export async function within<T>(
  promise: Promise<T>,
  what: () => string,
  limitMs: number = LIMIT_MS,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Waited ${limitMs / 1000} s in vain: ${what()}`)),
      limitMs,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** For spreading moments over a time, never for waiting that something may have happened meanwhile. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Runs the work for each item, so many at a time. */
export async function forEach<T>(
  items: Iterable<T>,
  work: (item: T) => Promise<void>,
  atOnce = 4,
): Promise<void> {
  const queue = [...items].values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
