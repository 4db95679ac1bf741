import type { Host } from '../../domain/host.ts';
import type { CellMetrics, NodeMetrics } from '../../domain/node-metrics.ts';
import type { CellModel } from '../../engine/cell-model.ts';
import { buildHostModel } from '../../engine/host-model.ts';

/** What a node can give and what is left of it. */
export type NodeFacts = Pick<NodeMetrics, 'cells' | 'poolCpus' | 'poolRatio'>;

/** The facts of a node, its policy already checked; cells in ascending order. */
export function nodeFacts(host: Host): NodeFacts {
  const model = buildHostModel(host);
  return {
    cells: model.cells.map(cell => cellFacts(cell, model.policy.cpuRatio)),
    poolCpus: [...model.usage.poolCpus]
      .map(([cpu, { guests }]) => ({ cpu, guests }))
      .sort((a, b) => a.cpu - b.cpu),
    poolRatio: model.policy.emulatorRatio,
  };
}

function cellFacts(cell: CellModel, cpuRatio: number): CellMetrics {
  let holeCpus = 0;
  for (let core = 0; core < cell.cores.count; core += 1)
    if (cell.cores.whole[core] === 1) holeCpus += cell.cores.free[core]!;
  return {
    hostCell: cell.id,
    dedicatedCpus: cell.dedicatedTotal,
    freeDedicatedCpus: cell.cores.freeTotal,
    holeCpus,
    sharedSlots: Math.floor(cell.floatingSize * cpuRatio),
    sharedVcpus: cell.sharedVcpus,
    memoryMiB: cell.memoryMiB,
    claimedMiB: cell.claimedMiB,
    freeMiB: cell.baseFreeMiB,
    pages: cell.pools.map(({ sizeKiB, total, available }) => ({ sizeKiB, total, available })),
  };
}
