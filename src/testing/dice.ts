/** Numbers from 0 up to, not including, `below`: a linear congruential generator (Numerical Recipes' constants). */
export type Dice = (below: number) => number;

/** Dice that always roll the same for the same seed, on every machine. */
export function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
