import type { PictureCell, PictureGauge } from '../../formats/map/map-picture.ts';
import { gib } from '../../formats/map/size-text.ts';
import { bar } from './bars.ts';
import { type CoreBox, coreBoxes } from './core-boxes.ts';
import type { Colors } from './paint.ts';

/** What a cell is drawn with. */
export interface CellInk {
  readonly colors: Colors;
  readonly width: number;
  /** Columns that every box has at least, so that the boxes of all cells align. */
  readonly boxColumns: number;
  /** Whether equal cores and caches are drawn once with their number. */
  readonly fold: boolean;
}

/** Text with the columns that it takes, which colours do not change. */
interface Drawn {
  readonly text: string;
  readonly columns: number;
}

const INDENT = '  ';
/** Columns of `cell 12 ` before the cores. */
const NAME_COLUMNS = 8;
/** Blanks between cores and bars. */
const GAP = 3;
/** Columns of the bars and blanks around a box. */
const BORDERS = 4;

/**
 * The lines of one cell: its cores in cache domains between bars, the numbers of each domain's CPUs below, and at
 * the right, or below where that is too wide, memory and page pools.
 */
export function renderCell(cell: PictureCell, ink: CellInk): string[] {
  const room = ink.width - INDENT.length - NAME_COLUMNS;
  const gauges = cell.gauges.map(gaugeText);
  const gaugeColumns = Math.max(0, ...gauges.map(line => line.length));
  const beside = room - (gaugeColumns === 0 ? 0 : gaugeColumns + GAP);
  const whole = boxesOf(cell, ink, Number.MAX_SAFE_INTEGER);
  const isBeside = Math.max(0, ...whole.map(widthOf(ink))) + BORDERS <= beside;
  const cores = coreLines(cell, ink, isBeside ? beside : room);
  const height = isBeside ? Math.max(cores.length, gauges.length) : cores.length;
  const coreColumns = Math.max(0, ...cores.map(({ columns }) => columns));
  const name = cell.name.padEnd(NAME_COLUMNS);
  const lines = Array.from({ length: height }, (_, row) => {
    const left = cores[row] ?? { text: '', columns: 0 };
    const right = isBeside ? (gauges[row] ?? '') : '';
    const blanks = right === '' ? '' : ' '.repeat(coreColumns - left.columns + GAP);
    return `${INDENT}${row === 0 ? name : ' '.repeat(NAME_COLUMNS)}${left.text}${blanks}${right}`.trimEnd();
  });
  const below = isBeside ? [] : gauges.map(line => `${INDENT}${' '.repeat(NAME_COLUMNS)}${line}`);
  return [...lines, ...below];
}

function boxesOf(cell: PictureCell, { colors, fold }: CellInk, columns: number): CoreBox[] {
  return coreBoxes(cell.domains, { colors, fold, room: columns - BORDERS });
}

function widthOf({ boxColumns }: CellInk) {
  return (box: CoreBox): number => Math.max(box.columns, boxColumns, ...box.numbers.map(line => line.length));
}

/** The cores, and lines of CPU numbers under each line of them. */
function coreLines(cell: PictureCell, ink: CellInk, room: number): Drawn[] {
  const boxes = boxesOf(cell, ink, room);
  if (boxes.length === 0) return [{ text: ink.colors.dim('no CPUs'), columns: 7 }];
  const columns = boxes.map(widthOf(ink));
  return pack(columns, room).flatMap(row => {
    const signs = row.map(index => {
      const box = boxes[index]!;
      const border = box.goesOn ? '┊' : '│';
      return `${border} ${box.text}${' '.repeat(columns[index]! - box.columns)} `;
    });
    const width = row.reduce((sum, index) => sum + columns[index]! + 3, 1);
    const closes = boxes[row.at(-1)! + 1]?.goesOn === true ? '┊' : '│';
    const height = Math.max(...row.map(index => boxes[index]!.numbers.length));
    const numbers = Array.from({ length: height }, (_, line) =>
      numbersLine(
        row.map(index => (boxes[index]!.numbers[line] ?? '').padEnd(columns[index]!)),
        width,
        ink,
      ),
    );
    return [{ text: `${signs.join('')}${closes}`, columns: width }, ...numbers];
  });
}

/** The numbers below the cores; blanks at the end are left out of the colour, so that they can be trimmed. */
function numbersLine(numbers: readonly string[], columns: number, ink: CellInk): Drawn {
  const text = `  ${numbers.join('   ')}`.trimEnd();
  return { text: `${ink.colors.dim(text)}${' '.repeat(columns - text.length)}`, columns };
}

/** Puts the boxes on as few lines as hold them, each on the line of the one before it where it fits. */
function pack(columns: readonly number[], room: number): number[][] {
  const rows: number[][] = [];
  let used = room + 1;
  for (const [index, width] of columns.entries()) {
    if (used + width + 3 > room) {
      rows.push([]);
      used = 1;
    }
    rows.at(-1)!.push(index);
    used += width + 3;
  }
  return rows;
}

/** `memory █████░░░░░ 12.5/64 GiB`: what is used of what there is. */
function gaugeText({ name, usedMiB, totalMiB }: PictureGauge): string {
  if (usedMiB === null) return `${name.padEnd(6)} ${gib(totalMiB)} GiB, free unknown`;
  return `${name.padEnd(6)} ${bar(usedMiB, totalMiB)} ${gib(usedMiB)}/${gib(totalMiB)} GiB`;
}
