import type { Refusal } from '../../domain/decision.ts';
import { wrapText } from './wrap-text.ts';

/** How many columns of constraint names there may be before they are cut. */
const NAME_COLUMNS = 24;
const CELL_COLUMNS = 8;

/**
 * A refusal as text: the sentence, then what each constraint needed and each host cell had, a constraint a row and
 * a cell a column, for each guest cell; then what would make it fit. Of a cell only what it lacks first is known.
 */
export function renderRefusal(refusal: Refusal, width = 80): string[] {
  const guestCells = [...new Set(refusal.cells.map(({ guestCell }) => guestCell))];
  const tables = guestCells.flatMap(guestCell => [
    '',
    ...tablesOf(refusal, { guestCell, title: guestCells.length > 1 ? `guest cell ${guestCell}` : '', width }),
  ]);
  const hint =
    refusal.hint === undefined ? [] : ['', ...wrapText(refusal.hint, width - 2).map(line => `  ${line}`)];
  return [...wrapText(refusal.summary, width - 2).map(line => `  ${line}`), ...tables, ...hint];
}

function tablesOf(
  refusal: Refusal,
  { guestCell, title, width }: { readonly guestCell: number; readonly title: string; readonly width: number },
): string[] {
  const misses = refusal.cells.filter(miss => miss.guestCell === guestCell);
  const cells = [...new Set(misses.map(({ hostCell }) => hostCell))].sort((a, b) => a - b);
  const atOnce = Math.max(1, Math.floor((width - 2 - NAME_COLUMNS) / CELL_COLUMNS) - 1);
  const parts = Array.from({ length: Math.ceil(cells.length / atOnce) }, (_, part) =>
    cells.slice(part * atOnce, (part + 1) * atOnce),
  );
  return parts.flatMap(part => table(misses, part, title));
}

function table(all: Refusal['cells'], cells: readonly number[], title: string): string[] {
  const misses = all.filter(({ hostCell }) => cells.includes(hostCell));
  const column = (text: string | number) => `${text}`.padStart(CELL_COLUMNS);
  const constraints = [...new Set(misses.map(({ constraint }) => constraint))];
  const head = `  ${title.padEnd(NAME_COLUMNS)}${column('needed')}${cells.map(cell => column(`cell ${cell}`)).join('')}`;
  const rows = constraints.map(constraint => {
    const of = misses.filter(miss => miss.constraint === constraint);
    const has = cells.map(cell => of.find(({ hostCell }) => hostCell === cell)?.available ?? '');
    const name = constraintName(constraint).slice(0, NAME_COLUMNS).padEnd(NAME_COLUMNS);
    return `  ${name}${column(of[0]!.needed)}${has.map(column).join('')}`.trimEnd();
  });
  const blanks = constraints.length > 1 ? ['  (of each cell, what it lacks first)'] : [];
  return [head, ...rows, ...blanks];
}

/** `free dedicated CPUs`: the code of a constraint as words. */
function constraintName(constraint: string): string {
  return constraint
    .replaceAll('-', ' ')
    .replace(/\bcpu/g, 'CPU')
    .replace(/\bram\b/, 'RAM');
}
