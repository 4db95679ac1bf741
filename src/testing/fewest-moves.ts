/** A cell with what guests may have of it. */
export interface CellRoom {
  readonly cpus: number;
  readonly memoryMiB: number;
}

/** A guest of one cell. */
export interface OneCellGuest {
  readonly cell: number;
  readonly cpus: number;
  readonly memoryMiB: number;
  /** Stays where it is, whatever happens. */
  readonly fixed: boolean;
}

/**
 * How few guests have to change cells so that a newcomer of one cell fits, by trying every arrangement; null when there is
 * none. Only numbers count, and in which order the guests go does not: nobody can do with fewer.
 */
export function fewestMoves(
  cells: readonly CellRoom[],
  guests: readonly OneCellGuest[],
  newcomer: { readonly cpus: number; readonly memoryMiB: number },
): number | null {
  const room = cells.map(cell => ({ ...cell }));
  let best: number | null = null;
  const seat = (index: number, moves: number): void => {
    if (best !== null && moves >= best) return;
    const guest = guests[index];
    if (guest === undefined) {
      if (room.some(cell => cell.cpus >= newcomer.cpus && cell.memoryMiB >= newcomer.memoryMiB)) best = moves;
      return;
    }
    room.forEach((cell, number) => {
      if (guest.fixed && number !== guest.cell) return;
      if (cell.cpus < guest.cpus || cell.memoryMiB < guest.memoryMiB) return;
      cell.cpus -= guest.cpus;
      cell.memoryMiB -= guest.memoryMiB;
      seat(index + 1, moves + (number === guest.cell ? 0 : 1));
      cell.cpus += guest.cpus;
      cell.memoryMiB += guest.memoryMiB;
    });
  };
  seat(0, 0);
  return best;
}
