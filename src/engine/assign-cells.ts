/**
 * Cheapest assignment of rows to different columns (Hungarian method with potentials, O(rows² × columns)).
 * `costs[row * columns + column]` is a whole number or Infinity for "does not fit"; `open[column]` is 1 where
 * the column may be used. Returns the column of each row, or null when not all rows can be seated: exactly then
 * no matching exists.
 */
export function assignCells(
  costs: Float64Array,
  size: { readonly rows: number; readonly columns: number },
  open: Uint8Array,
): Int32Array | null {
  const { rows, columns } = size;
  const rowPotential = new Float64Array(rows + 1);
  const columnPotential = new Float64Array(columns + 1);
  const rowOf = new Int32Array(columns + 1);
  const way = new Int32Array(columns + 1);
  const least = new Float64Array(columns + 1);
  const visited = new Uint8Array(columns + 1);
  for (let row = 1; row <= rows; row += 1) {
    rowOf[0] = row;
    let at = 0;
    least.fill(Infinity);
    visited.fill(0);
    do {
      visited[at] = 1;
      const current = rowOf[at]!;
      let delta = Infinity;
      let next = -1;
      for (let column = 1; column <= columns; column += 1) {
        if (visited[column] === 1 || open[column - 1] === 0) continue;
        const reduced =
          costs[(current - 1) * columns + column - 1]! - rowPotential[current]! - columnPotential[column]!;
        if (reduced < least[column]!) {
          least[column] = reduced;
          way[column] = at;
        }
        if (least[column]! < delta) {
          delta = least[column]!;
          next = column;
        }
      }
      if (next < 0) return null;
      for (let column = 0; column <= columns; column += 1) {
        if (visited[column] === 1) {
          rowPotential[rowOf[column]!]! += delta;
          columnPotential[column]! -= delta;
        } else least[column]! -= delta;
      }
      at = next;
    } while (rowOf[at] !== 0);
    for (; at !== 0; at = way[at]!) rowOf[at] = rowOf[way[at]!]!;
  }
  const columnOf = new Int32Array(rows);
  for (let column = 1; column <= columns; column += 1)
    if (rowOf[column]! > 0) columnOf[rowOf[column]! - 1] = column - 1;
  return columnOf;
}
