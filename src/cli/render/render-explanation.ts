import { counted } from '../../domain/counted.ts';
import type { Placement } from '../../domain/decision.ts';
import type { ExplainedPair, Explanation, PairScore } from '../../domain/explanation.ts';
import { renderRefusal } from './render-refusal.ts';
import { wrapText } from './wrap-text.ts';

const NAME_COLUMNS = 26;
const CELL_COLUMNS = 10;
/** How many guest cells are shown one by one; the others look alike. */
const GUEST_CELLS = 8;

type Possible = Extract<ExplainedPair, { readonly score: PairScore }>;

interface Row {
  readonly part: keyof PairScore;
  readonly title: string;
  readonly unit?: '%';
  readonly more?: 'is better';
}

/** Each part of a score as a row, in the order in which they are compared. */
const ROWS: readonly Row[] = [
  { part: 'distance', title: 'distance to other cells' },
  { part: 'newPoolCpu', title: 'new emulator pool CPU' },
  { part: 'load', title: 'CPU or memory load', unit: '%' },
  { part: 'cacheDomains', title: 'cache domains spanned' },
  { part: 'memory', title: 'memory in use', unit: '%' },
  { part: 'guests', title: 'guests there already', more: 'is better' },
  { part: 'brokenCores', title: 'whole cores broken' },
  { part: 'cpusLeft', title: 'dedicated CPUs left' },
];

/**
 * An explanation as lines: what was decided and why; for each guest cell the host cells that could take it, with the parts of
 * their scores side by side and the deciding one marked; then a sentence for each host cell that cannot.
 */
export function renderExplanation({ vm, decision, pairs }: Explanation, width = 80): string[] {
  if (!decision.fits && 'error' in decision) return wrapText(decision.error.summary, width);
  const head = decision.fits
    ? [...placed(vm, decision.placement, width), ...decision.why.flatMap(reason => wrapText(reason, width))]
    : [`${vm} does not fit.`, ...renderRefusal(decision.refusal, width)];
  const guestCells = [...new Set(pairs.map(({ guestCell }) => guestCell))];
  const shown = guestCells.slice(0, GUEST_CELLS).flatMap(guestCell => {
    const own = pairs.filter(pair => pair.guestCell === guestCell);
    return guestCellLines(own, { many: guestCells.length > 1, fits: decision.fits, width });
  });
  const more = guestCells.length - GUEST_CELLS;
  return [
    ...head,
    ...shown,
    ...(more > 0 ? ['', `(and ${counted(more, 'guest cell')} more: see --json)`] : []),
  ];
}

function placed(vm: string, placement: Placement | null, width: number): string[] {
  if (placement === null) return [`${vm} floats over the node as its orchestrator starts it.`];
  const cells = placement.cells.map(({ guestCell, hostCell, memoryMiB }) =>
    placement.cells.length === 1
      ? `host cell ${hostCell} with ${memoryMiB} MiB`
      : `guest cell ${guestCell} on host cell ${hostCell} with ${memoryMiB} MiB`,
  );
  const pins = Object.entries(placement.pins).map(([vcpu, cpus]) => `${vcpu}:${cpus}`);
  return [
    ...wrapText(
      `${vm}: ${cells.join(', ')}; vCPUs on CPUs ${pins.join(' ')}; emulator threads on ${placement.emulator.cpus}.`,
      width,
    ),
    '',
  ];
}

function guestCellLines(
  pairs: readonly ExplainedPair[],
  about: { readonly many: boolean; readonly fits: boolean; readonly width: number },
): string[] {
  const possible = pairs.filter((pair): pair is Possible => pair.state !== 'impossible');
  const subject = about.many ? `Guest cell ${pairs[0]!.guestCell}` : 'The guest';
  // A refusal has shown its constraints already.
  const sentences = about.fits
    ? pairs.flatMap(pair =>
        pair.state === 'impossible' ? wrapText(`${subject} ${pair.words}.`, about.width) : [],
      )
    : [];
  const table = possible.length === 0 || !about.fits ? [] : scoreTable(possible, about);
  if (table.length + sentences.length === 0) return [];
  return ['', ...table, ...(table.length > 0 && sentences.length > 0 ? [''] : []), ...sentences];
}

function scoreTable(
  possible: readonly Possible[],
  { many, width }: { readonly many: boolean; readonly width: number },
): string[] {
  const atOnce = Math.max(2, Math.floor((width - NAME_COLUMNS - ' <- decided'.length) / CELL_COLUMNS));
  const chosen = possible.filter(({ state }) => state === 'chosen');
  const others = possible.filter(({ state }) => state !== 'chosen').sort(byScore);
  const deciding =
    others[0] === undefined || chosen[0] === undefined ? null : decidingPart(chosen[0], others[0]);
  const columns = [...chosen, ...others.slice(0, atOnce - chosen.length)].sort(
    (a, b) => a.hostCell - b.hostCell,
  );
  const rows = ROWS.filter(({ part }) => possible.some(({ score }) => score[part] !== 0)).map(row => {
    const values = columns.map(({ score }) =>
      row.unit === '%' ? `${score[row.part] / 10} %` : `${score[row.part]}`,
    );
    return `${line(row.title, values)}${row === deciding ? ' <- decided' : ''}`;
  });
  const left = others.length - (columns.length - chosen.length);
  return [
    line(
      many ? `guest cell ${possible[0]!.guestCell}` : '',
      columns.map(({ hostCell, state }) => `${state === 'chosen' ? '* ' : ''}cell ${hostCell}`),
    ),
    ...rows,
    ...(left > 0 ? [`(and ${counted(left, 'host cell')} that would cost more)`] : []),
  ];
}

function line(title: string, values: readonly string[]): string {
  return `${title.padEnd(NAME_COLUMNS)}${values.map(value => value.padStart(CELL_COLUMNS)).join('')}`;
}

function byScore(left: Possible, right: Possible): number {
  for (const row of ROWS) {
    const difference = compareBy(row, left, right);
    if (difference !== 0) return difference;
  }
  return left.hostCell - right.hostCell;
}

/** Negative when the left is the better one. */
function compareBy({ part, more }: Row, left: Possible, right: Possible): number {
  const difference = left.score[part] - right.score[part];
  return more === undefined ? difference : -difference;
}

/** The first part in which the two differ; null when they are equal and the lower number won. */
function decidingPart(chosen: Possible, other: Possible): Row | null {
  const row = ROWS.find(({ part }) => chosen.score[part] !== other.score[part]);
  return row === undefined || compareBy(row, chosen, other) > 0 ? null : row;
}
