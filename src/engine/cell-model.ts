import type { CpuSet } from '../domain/cpu-set.ts';
import { parseCpuList } from '../domain/cpu-list.ts';
import type { Host } from '../domain/host.ts';
import type { Cell } from '../domain/host-topology.ts';
import type { ClaimUsage } from './claim-usage.ts';
import { buildCoreTable, type CoreTable } from './core-table.ts';
import { pagePools, type PoolModel } from './page-pools.ts';
import type { PolicySets } from './policy-sets.ts';

/** One host cell prepared for decisions. */
export interface CellModel {
  readonly index: number;
  readonly id: number;
  readonly package: number | null;
  readonly cpus: CpuSet;
  readonly cores: CoreTable;
  /** CPUs that shared vCPUs float over now: allowed, and in no claim. */
  readonly floating: CpuSet;
  readonly floatingSize: number;
  readonly floatingText: string;
  /** Guests that have a part here. */
  readonly guests: number;
  readonly sharedVcpus: number;
  /** CPUs for dedicated use, taken or not. */
  readonly dedicatedTotal: number;
  readonly pools: readonly PoolModel[];
  readonly memoryMiB: number | null;
  readonly claimedMiB: number;
  /** What can be had in base pages, in MiB; 0 where nothing is known. */
  readonly baseFreeMiB: number;
  /** Free devices near this cell. */
  readonly nearDevices: number;
}

/** Prepares one cell. */
export function buildCellModel(input: {
  readonly cell: Cell;
  readonly index: number;
  readonly host: Host;
  readonly policy: PolicySets;
  readonly usage: ClaimUsage;
}): CellModel {
  const { cell, index, host, policy, usage } = input;
  const cpus = parseCpuList(cell.cpus);
  const used = usage.cells.get(cell.id);
  const floating = cpus.intersect(policy.shared).minus(usage.cpus);
  const pools = pagePools(cell, used, policy.reservedPages);
  const claimedMiB = used?.memoryMiB ?? 0;
  const base = pools[0];
  return {
    index,
    id: cell.id,
    package: cell.package,
    cpus,
    cores: buildCoreTable({ cell, cpus, host, policy, usage, floating }),
    floating,
    floatingSize: floating.size,
    floatingText: floating.toString(),
    guests: used?.guests ?? 0,
    sharedVcpus: used?.sharedVcpus ?? 0,
    dedicatedTotal: cpus.intersect(policy.dedicated).size,
    pools,
    memoryMiB: cell.memoryMiB,
    claimedMiB,
    baseFreeMiB:
      base === undefined
        ? Math.max(0, (cell.memoryMiB ?? 0) - claimedMiB)
        : Math.floor((base.available * base.sizeKiB) / 1024),
    nearDevices: host.topology.devices.filter(d => d.cell === cell.id && !usage.devices.has(d.address))
      .length,
  };
}
