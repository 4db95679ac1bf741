import { emptyLedger } from '../../domain/ledger.ts';
import { hostPolicyOf } from '../../domain/node-policy.ts';
import type { CellMetrics } from '../../domain/node-metrics.ts';
import { parseLedger } from '../../formats/ledger/parse-ledger.ts';
import { readBootId } from '../../formats/proc/process-id.ts';
import { loadPolicy } from '../load-policy.ts';
import { nodeFacts } from '../metrics/node-facts.ts';
import { readHost } from '../read-host.ts';
import type { DriverAnswer, DriverCall } from './driver-call.ts';

/**
 * What OpenNebula's scheduler can know of a host, as its probes print it: lines `NAME=NUMBER`. Only looks: no lock is taken,
 * and a damaged ledger is left where it is, for the next start to tell of.
 */
export async function hostFacts(call: DriverCall): Promise<DriverAnswer> {
  const { node, domains, folders } = call;
  const { policy } = await loadPolicy(node, folders);
  const text = node.files.read(`${folders.state}/ledger.json`);
  const ledger = (text === null ? null : parseLedger(text)) ?? emptyLedger(readBootId(node.files));
  const host = await readHost({ node, domains, policy: hostPolicyOf(policy), ledger });
  const lines = factLines(nodeFacts(host).cells).map(([name, value]) => `PINFOLD_${name}=${value}\n`);
  return { code: 0, stdout: lines.join(''), stderr: '' };
}

/** Sums over the host, and the best of one cell, since a guest of one cell needs all it asks for on one. */
function factLines(cells: readonly CellMetrics[]): readonly (readonly [string, number])[] {
  const sum = (valueOf: (cell: CellMetrics) => number) =>
    cells.reduce((total, cell) => total + valueOf(cell), 0);
  const most = (valueOf: (cell: CellMetrics) => number) => Math.max(0, ...cells.map(valueOf));
  const sizes = [...new Set(cells.flatMap(({ pages }) => pages.slice(1).map(({ sizeKiB }) => sizeKiB)))];
  const pagesOf = (sizeKiB: number) => (cell: CellMetrics) =>
    cell.pages.find(pool => pool.sizeKiB === sizeKiB)?.available ?? 0;
  return [
    ['CELLS', cells.length],
    ['FREE_DEDICATED', sum(cell => cell.freeDedicatedCpus)],
    ['LARGEST_CELL', most(cell => cell.freeDedicatedCpus)],
    ['LARGEST_HOLE', most(cell => cell.holeCpus)],
    ['FREE_SHARED', sum(cell => Math.max(0, cell.sharedSlots - cell.sharedVcpus))],
    ['LARGEST_CELL_MB', most(cell => cell.freeMiB)],
    ...sizes
      .sort((a, b) => a - b)
      .flatMap(size => [
        [`FREE_PAGES_${size}`, sum(pagesOf(size))] as const,
        [`LARGEST_CELL_PAGES_${size}`, most(pagesOf(size))] as const,
      ]),
  ];
}
