/**
 * Largest bipartite matching (augmenting paths): which columns (host cells) the rows (guest cells) can have at
 * the same time. `fits[row * columns + column]` below Infinity means that the pair fits. Returns how many rows
 * are seated; all of them = feasible.
 */
export function matchingSize(fits: Float64Array, rows: number, columns: number): number {
  const rowOf = new Int32Array(columns).fill(-1);
  const seen = new Uint8Array(columns);
  const seat = (row: number): boolean => {
    for (let column = 0; column < columns; column += 1) {
      if (seen[column] === 1 || fits[row * columns + column] === Infinity) continue;
      seen[column] = 1;
      const holder = rowOf[column]!;
      if (holder < 0 || seat(holder)) {
        rowOf[column] = row;
        return true;
      }
    }
    return false;
  };
  let seated = 0;
  for (let row = 0; row < rows; row += 1) {
    seen.fill(0);
    if (seat(row)) seated += 1;
  }
  return seated;
}
