import { guestClass } from './map-colors.ts';
import type { MapPicture, PictureGuest, PictureSign } from './map-picture.ts';
import { LONG_MEANINGS } from './map-words.ts';
import { flow, placed, stack, type SvgPart, svgText } from './svg-parts.ts';
import { columnsOf } from './visible-name.ts';
import { wrapAnywhere, wrapList } from './wrap-columns.ts';

/** Side of a swatch, and what stands behind it. */
const SIDE = 18;
const TEXT_X = SIDE + 10;
const LINE = 19;
/** Average width of a character of the legend's text, on the safe side. */
const CHARACTER = 7.4;
/** A name up to this many columns stands before what its guest holds, a longer one above it. */
const NAME_COLUMNS = 22;
const WORDS_X = TEXT_X + NAME_COLUMNS * CHARACTER + 8;

/** The guests one below the other, then the signs in rows, then the remarks. */
export function svgLegend({ guests, signs, notes }: MapPicture, width: number): SvgPart {
  const lines = notes.flatMap(note => wrapList(note, Math.floor(width / CHARACTER)));
  const remarks = lines.map(line => ({ markup: svgText(0, 13, line, 'soft'), width, height: LINE }));
  return stack(
    [
      ...guests.map((guest, index) => svgGuest(guest, index, width)),
      { markup: '', width: 0, height: 4 },
      flow(signs.map(svgSign), width, 8),
      ...remarks,
    ],
    4,
  );
}

function svgGuest({ name, letter, words }: PictureGuest, index: number, width: number): SvgPart {
  const room = (x: number) => Math.floor((width - x) / CHARACTER);
  const names = columnsOf(name) > NAME_COLUMNS ? wrapAnywhere(name, room(TEXT_X)) : [name];
  const said = wrapList(words.join(' · '), room(WORDS_X));
  const first = columnsOf(name) > NAME_COLUMNS ? names.length : 0;
  const text = [
    ...names.map((line, row) => svgText(TEXT_X, 13 + row * LINE, line, 'text')),
    ...said.map((line, row) => svgText(WORDS_X, 13 + (first + row) * LINE, line, 'soft')),
  ];
  const height = Math.max(names.length, first + said.length) * LINE;
  return { markup: `${swatch(`vcpu ${guestClass(index)}`, letter)}${text.join('')}`, width, height };
}

function svgSign({ use, sign, meaning }: PictureSign): SvgPart {
  const words = LONG_MEANINGS[use] ?? meaning;
  return {
    markup: swatch(use, sign) + svgText(TEXT_X, 13, words, 'text'),
    width: TEXT_X + words.length * CHARACTER,
    height: SIDE,
  };
}

function swatch(classes: string, sign: string): string {
  const square = {
    markup: `<rect width="${SIDE}" height="${SIDE}"/>${svgText(SIDE / 2, 13, sign, 'sign')}`,
    width: SIDE,
    height: SIDE,
  };
  return `<g class="cpu ${classes}">${placed(square, 0, 0)}</g>`;
}
