import type { Refusal } from '../../domain/decision.ts';
import { renderRefusal } from './render-refusal.ts';
import { wrapText } from './wrap-text.ts';

const miss = (hostCell: number, constraint: string, available: number, guestCell = 0) => ({
  guestCell,
  hostCell,
  constraint,
  needed: 8,
  available,
});

test('a refusal is a sentence, a table of what each cell misses, and what would fit', () => {
  const refusal: Refusal = {
    code: 'no-cell-fits',
    summary: 'The guest needs 8 dedicated CPUs, and host cell 1 has 5 free.',
    cells: [miss(1, 'free-dedicated-cpus', 5), miss(0, 'free-dedicated-cpus', 2), miss(0, 'memory', 0)],
    hint: 'It fits with 5 vCPUs instead of 8.',
  };
  expect(renderRefusal(refusal)).toEqual([
    '  The guest needs 8 dedicated CPUs, and host cell 1 has 5 free.',
    '',
    '                            needed  cell 0  cell 1',
    '  free dedicated CPUs            8       2       5',
    '  memory                         8       0',
    '  (of each cell, what it lacks first)',
    '',
    '  It fits with 5 vCPUs instead of 8.',
  ]);
});

test('each guest cell has a table of its own', () => {
  const cells = [miss(0, 'memory', 1, 0), miss(0, 'memory', 2, 1)];
  const lines = renderRefusal({ code: 'no-cell-fits', summary: 'No.', cells });
  expect(lines.filter(line => line.includes('guest cell'))).toHaveLength(2);
  expect(lines.at(-1)).toMatch(/memory +8 +2$/);
});

test('many cells are folded into tables that fit the width', () => {
  const cells = Array.from({ length: 16 }, (_, cell) => miss(cell, 'memory', cell));
  const lines = renderRefusal({ code: 'no-cell-fits', summary: 'No.', cells });
  expect(lines.filter(line => line.length > 80)).toEqual([]);
  for (const { hostCell } of cells) expect(lines.join('\n')).toMatch(new RegExp(`cell ${hostCell}\\b`));
});

test('words are wrapped, and a longer one is left whole', () => {
  expect(wrapText('one two three', 8)).toEqual(['one two', 'three']);
  expect(wrapText('abcdefghij k', 4)).toEqual(['abcdefghij', 'k']);
  expect(wrapText('', 8)).toEqual([]);
});
