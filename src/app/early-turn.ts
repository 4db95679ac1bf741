import type { NodeLock } from './ports.ts';

/**
 * The node's lock, asked for before it is needed: flock(1) does its work while this process reads on. It may be left alone;
 * a refusal is told to whoever waits for it.
 */
export function askEarly(lock: () => NodeLock): Promise<() => void> {
  const asked = new Promise<() => void>(resolve => {
    resolve(lock().acquire());
  });
  asked.catch(() => undefined);
  return asked;
}

/** Gives a lock back that was asked for early; a second time is fine. */
export function giveBack(turn: Promise<() => void>): Promise<void> {
  return turn.then(
    unlock => {
      unlock();
    },
    () => undefined,
  );
}
