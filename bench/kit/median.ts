/** The middle of some values in order, the upper one of two; there must be at least one. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
