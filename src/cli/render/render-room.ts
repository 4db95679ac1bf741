import { counted } from '../../domain/counted.ts';
import { MOST_GUESTS, type Room } from '../../engine/room-for.ts';
import { wrapText } from './wrap-text.ts';

/** How many more guests fit, as lines; null: they ask for no placement. */
export function renderRoom(room: Room | null, width: number): string[] {
  if (room === null)
    return wrapText('Guests of this shape ask for no placement, so nothing here limits them.', width);
  const cells = room.cells.map(({ hostCell, guests }) => `${guests} on cell ${hostCell}`);
  const sum = room.more ? `At least ${MOST_GUESTS}` : `${room.total}`;
  return wrapText(
    `${sum} more ${room.total === 1 ? 'guest' : 'guests'} of this shape ${room.total === 1 ? 'fits' : 'fit'} now${
      cells.length > 1 ? ` (alone on each of ${counted(cells.length, 'cell')}: ${cells.join(', ')})` : ''
    }.`,
    width,
  );
}
