import type { Part } from './cell-loads.ts';

/** Host cell (index) of each guest cell. */
export type Seating = readonly number[];

/**
 * All ways to put these guest cells on different host cells among `allowed`, but for exchanges of guest cells
 * with the same need; no more than `most`, in ascending order of the host cells.
 */
export function seatings(
  parts: readonly Part[],
  allowed: readonly number[],
  most: number,
): readonly Seating[] {
  const keys = parts.map(part => part.need.join());
  const found: Seating[] = [];
  const chosen: number[] = [];
  const extend = (): void => {
    if (found.length >= most) return;
    const row = chosen.length;
    if (row === parts.length) {
      found.push([...chosen]);
      return;
    }
    const twin = keys.lastIndexOf(keys[row]!, row - 1);
    const after = row > 0 && twin >= 0 ? chosen[twin]! : -1;
    for (const cell of allowed) {
      if (cell <= after || chosen.includes(cell)) continue;
      chosen.push(cell);
      extend();
      chosen.pop();
    }
  };
  extend();
  return found;
}
