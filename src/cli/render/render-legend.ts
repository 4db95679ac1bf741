import type { MapPicture, PictureGuest } from '../../formats/map/map-picture.ts';
import { columnsOf } from '../../formats/map/visible-name.ts';
import { wrapAnywhere, wrapList } from '../../formats/map/wrap-columns.ts';
import { type Colors, paintGuest, paintMark } from './paint.ts';

/** Names up to this many columns stand before what their guest holds; a longer one has lines of its own above it. */
const NAME_COLUMNS = 24;
/** Columns of ` A ` before a name. */
const LETTER_COLUMNS = 3;
/** Blanks between a name and what its guest holds, and between signs. */
const NAME_GAP = 2;
const SIGN_GAP = 3;

/** One line a guest, then the signs that the map uses. No name is cut; what is too long goes on below. */
export function renderLegend(
  picture: MapPicture,
  { colors, width }: { readonly colors: Colors; readonly width: number },
): string[] {
  const columns = Math.max(
    0,
    ...picture.guests.map(({ name }) => columnsOf(name)).filter(count => count <= NAME_COLUMNS),
  );
  const guests = picture.guests.flatMap((guest, index) => {
    const letter = ` ${paintGuest(guest.letter, index, colors)} `;
    const [first, ...rest] = guestLines(guest, columns, width);
    return [`${letter}${first ?? ''}`.trimEnd(), ...rest.map(line => `${' '.repeat(LETTER_COLUMNS)}${line}`)];
  });
  return [...guests, ...(guests.length > 0 ? [''] : []), ...signLines(picture, colors, width)];
}

/** The lines of one guest behind its letter. */
function guestLines(guest: PictureGuest, columns: number, width: number): string[] {
  const room = width - LETTER_COLUMNS;
  const nameColumns = columnsOf(guest.name);
  const words = joined(guest.briefWords, room - columns - NAME_GAP);
  const indent = ' '.repeat(columns + NAME_GAP);
  if (nameColumns > NAME_COLUMNS)
    return [...wrapAnywhere(guest.name, room), ...words.map(line => indent + line)];
  const head = `${guest.name}${' '.repeat(columns - nameColumns + NAME_GAP)}`;
  return [`${head}${words[0] ?? ''}`, ...words.slice(1).map(line => indent + line)];
}

/** Puts parts on as few lines as hold them; a part that is longer than a line is cut behind commas. */
function joined(parts: readonly string[], room: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + part.length + 3 <= room)
      lines[lines.length - 1] = `${last} · ${part}`;
    else lines.push(...wrapList(part, room));
  }
  return lines;
}

function signLines(picture: MapPicture, colors: Colors, width: number): string[] {
  const parts = [
    ...picture.signs.map(({ use, sign, meaning }) => ({
      text: `${paintMark(sign, { use, guest: null }, colors)} ${meaning}`,
      columns: sign.length + 1 + meaning.length,
    })),
    ...[...picture.notes, ...memoryNote(picture)]
      .flatMap(note => wrapList(note, width - 1))
      .map(note => ({ text: note, columns: note.length })),
  ];
  const lines: string[] = [];
  let used = width;
  for (const { text, columns } of parts) {
    if (used + SIGN_GAP + columns > width) {
      lines.push(` ${text}`);
      used = 1 + columns;
    } else {
      lines[lines.length - 1] = `${lines.at(-1)!}${' '.repeat(SIGN_GAP)}${text}`;
      used += SIGN_GAP + columns;
    }
  }
  return lines;
}

/** What `@2` behind the memory of a guest means. */
function memoryNote({ guests }: MapPicture): string[] {
  const cell = /@(\d+)/.exec(guests.flatMap(({ briefWords }) => briefWords).join(' '))?.[1];
  return cell === undefined ? [] : [`@${cell} memory on cell ${cell}`];
}
