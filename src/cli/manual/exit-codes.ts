/** What each exit code says, for help and manual. */
export const EXIT_MEANINGS: readonly (readonly [code: number, meaning: string])[] = [
  [0, 'done, or it fits'],
  [1, "a fault of Pinfold's own"],
  [2, 'wrong usage or request'],
  [3, 'does not fit'],
  [4, 'node not reachable'],
  [5, 'lock or state busy or damaged'],
  [6, 'applied only in part; of doctor: a check failed'],
];
