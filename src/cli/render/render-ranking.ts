import { counted } from '../../domain/counted.ts';
import type { RankedNode, Ranking } from '../../domain/ranking.ts';
import { visibleLines } from '../output.ts';
import { wrapText } from './wrap-text.ts';

/** A ranking as lines: the nodes where the guest fits, best first, then each other node with its reason. */
export function renderRanking({ vm, fits, refused, unreachable }: Ranking, width = 80): string[] {
  const asked = fits.length + refused.length;
  const head = `${vm} fits on ${fits.length} of ${counted(asked, 'node')}${
    unreachable.length === 0 ? '' : `; ${counted(unreachable.length, 'node')} could not be asked`
  }.`;
  const reasons = [
    ...refused.map(({ node, summary }) => ({ node, text: summary })),
    ...unreachable.map(({ node, reason }) => ({ node, text: visibleLines(reason) })),
  ];
  return [
    ...wrapText(head, width),
    ...(fits.length === 0 ? [] : ['', ...table(fits)]),
    ...(reasons.length === 0 ? [] : ['']),
    ...reasons.flatMap(({ node, text }) => {
      const [first = '', ...rest] = wrapText(`${node}: ${text}`, width - 2);
      return [first, ...rest.map(line => `  ${line}`)];
    }),
  ];
}

const COLUMNS: readonly (readonly [title: string, value: (node: RankedNode) => string])[] = [
  ['node', ({ node }) => node],
  ['cells', ({ hostCells }) => (hostCells.length === 0 ? 'any' : hostCells.join(','))],
  ['distance', ({ cellDistance }) => `${cellDistance}`],
  ['to devices', ({ deviceDistance }) => `${deviceDistance}`],
  ['cores broken', ({ brokenCores }) => `${brokenCores}`],
  ['CPUs free', ({ freeCpus }) => `${freeCpus}`],
  ['load', ({ load }) => `${Math.round(load / 10)} %`],
];

/** Columns two blanks apart; a column in which every node has the same 0 is left out. */
function table(nodes: readonly RankedNode[]): string[] {
  const columns = COLUMNS.map(([title, value]) => [title, ...nodes.map(value)]).filter(
    ([, ...values]) => !values.every(value => value === '0'),
  );
  const widths = columns.map(column => Math.max(...column.map(text => text.length)));
  return Array.from({ length: nodes.length + 1 }, (_, row) =>
    columns
      .map((column, i) => (i === 0 ? column[row]!.padEnd(widths[i]!) : column[row]!.padStart(widths[i]!)))
      .join('  '),
  );
}
