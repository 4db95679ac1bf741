import type { Refusal } from '../../domain/decision.ts';
import { wrapText } from './wrap-text.ts';

/** How many columns of constraint names there may be before they are cut. */
const NAME_COLUMNS = 24;

/**
 * A refusal as text: the sentence, then what each constraint needed and each host cell had, a constraint a row and
 * a cell a column, for each guest cell; then what would make it fit. Of a cell only what it misses is told.
 */
export function renderRefusal(refusal: Refusal, width = 80): string[] {
  const guestCells = [...new Set(refusal.cells.map(({ guestCell }) => guestCell))];
  const tables = guestCells.flatMap(guestCell => [
    '',
    ...table(refusal, guestCell, guestCells.length > 1 ? `guest cell ${guestCell}` : ''),
  ]);
  const hint =
    refusal.hint === undefined ? [] : ['', ...wrapText(refusal.hint, width - 2).map(line => `  ${line}`)];
  return [...wrapText(refusal.summary, width - 2).map(line => `  ${line}`), ...tables, ...hint];
}

function table(refusal: Refusal, guestCell: number, title: string): string[] {
  const misses = refusal.cells.filter(miss => miss.guestCell === guestCell);
  const cells = [...new Set(misses.map(({ hostCell }) => hostCell))].sort((a, b) => a - b);
  const constraints = [...new Set(misses.map(({ constraint }) => constraint))];
  const head = `  ${title.padEnd(NAME_COLUMNS)}${'needed'.padStart(8)}${cells.map(cell => `cell ${cell}`.padStart(8)).join('')}`;
  const rows = constraints.map(constraint => {
    const of = misses.filter(miss => miss.constraint === constraint);
    const has = cells.map(cell => of.find(({ hostCell }) => hostCell === cell)?.available ?? '');
    const name = constraint.replaceAll('-', ' ').slice(0, NAME_COLUMNS).padEnd(NAME_COLUMNS);
    return `  ${name}${`${of[0]!.needed}`.padStart(8)}${has.map(value => `${value}`.padStart(8)).join('')}`.trimEnd();
  });
  return [head, ...rows];
}
