/** Resolves after this many milliseconds. */
export function sleep(millis: number): Promise<void> {
  return new Promise(resolve => {
    setTimeout(resolve, millis);
  });
}

/**
 * Asks every `everyMs` until the answer is not null, and returns it. Throws at the deadline with `what` was waited
 * for and what `explain` adds (the tail of a console, say).
 */
export async function waitUntil<T>(
  ask: () => Promise<T | null> | T | null,
  wait: {
    readonly what: string;
    readonly timeoutMs: number;
    readonly everyMs?: number;
    readonly explain?: () => string;
  },
): Promise<T> {
  const end = Date.now() + wait.timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (Date.now() >= end) {
      throw new Error(
        `Waited ${wait.timeoutMs / 1000} s in vain for ${wait.what}.\n${wait.explain?.() ?? ''}`.trim(),
      );
    }
    await sleep(wait.everyMs ?? 200);
  }
}
