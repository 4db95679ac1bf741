import { parseCpuList } from '../domain/cpu-list.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import type { Claim } from '../domain/claim.ts';
import type { Host } from '../domain/host.ts';
import { buildHostModel } from './host-model.ts';
import { policySets } from './policy-sets.ts';

/** What a node can give and what its guests hold of it. */
export interface Usage {
  readonly capacity: {
    /** CPUs for dedicated use. */
    readonly dedicatedCpus: number;
    /** Shared vCPUs at the allocation ratio, on the CPUs that nobody holds. */
    readonly sharedVcpus: number;
    readonly memoryMiB: number;
  };
  readonly used: {
    /** CPUs of claims that are for dedicated use, pool CPUs once. */
    readonly dedicatedCpus: number;
    readonly sharedVcpus: number;
    readonly memoryMiB: number;
    readonly poolCpus: string;
  };
  readonly cells: readonly CellUsageReport[];
  readonly guests: readonly GuestUsage[];
  /** Sum of the guests' costs. */
  readonly cost: number;
}

/** One host cell. */
export interface CellUsageReport {
  readonly hostCell: number;
  readonly dedicatedCpus: number;
  readonly freeDedicatedCpus: number;
  readonly sharedVcpus: number;
  readonly memoryMiB: number | null;
  readonly claimedMiB: number;
}

/** One guest: CPUs held and the cost in CPUs. */
export interface GuestUsage {
  readonly vm: string;
  readonly source: Claim['source'];
  readonly cpus: string;
  readonly memoryMiB: number;
  readonly cost: {
    readonly dedicated: number;
    readonly shared: number;
    readonly emulator: number;
    readonly total: number;
  };
}

/**
 * Capacity and cost of a node. A guest is billed what its placement cost: 1 for each CPU that a vCPU or iothread of
 * it has alone (siblings that it burns are not billed, but count as used), 1/`cpu_allocation_ratio` for each shared
 * vCPU, and the share of its emulator CPU that was decided (1/R) when it is isolated. Guests in ascending order of their names.
 */
export function usageOf(host: Host): Usage {
  const model = buildHostModel(host);
  const policy = policySets(host);
  const guests = host.claims
    .map(claim => guestUsage(claim, policy.cpuRatio))
    .sort((a, b) => (a.vm < b.vm ? -1 : a.vm > b.vm ? 1 : 0));
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const cells = model.cells.map(cell => ({
    hostCell: cell.id,
    dedicatedCpus: cell.dedicatedTotal,
    freeDedicatedCpus: cell.cores.freeTotal,
    sharedVcpus: cell.sharedVcpus,
    memoryMiB: cell.memoryMiB,
    claimedMiB: cell.claimedMiB,
  }));
  return {
    capacity: {
      dedicatedCpus: sum(cells.map(cell => cell.dedicatedCpus)),
      sharedVcpus: sum(model.cells.map(cell => Math.floor(cell.floatingSize * policy.cpuRatio))),
      memoryMiB: sum(cells.map(cell => cell.memoryMiB ?? 0)),
    },
    used: {
      dedicatedCpus: sum(cells.map(cell => cell.dedicatedCpus - cell.freeDedicatedCpus)),
      sharedVcpus: sum(cells.map(cell => cell.sharedVcpus)),
      memoryMiB: sum(cells.map(cell => cell.claimedMiB)),
      poolCpus: CpuSet.of(
        [...model.usage.poolCpus].filter(([, load]) => !load.exclusive).map(([cpu]) => cpu),
      ).toString(),
    },
    cells,
    guests,
    cost: sum(guests.map(guest => guest.cost.total)),
  };
}

function guestUsage(claim: Claim, cpuRatio: number): GuestUsage {
  const cpus = CpuSet.union(claim.cells.map(cell => parseCpuList(cell.pcpus)));
  const isolated = claim.emulator?.policy === 'isolate' ? claim.emulator : null;
  const burnt = CpuSet.union(claim.cells.map(cell => parseCpuList(cell.burnt ?? '')));
  const emulatorCpus = isolated === null ? CpuSet.EMPTY : parseCpuList(isolated.cpus);
  const dedicated = cpus.minus(burnt).minus(emulatorCpus).size;
  const shared = claim.cells.reduce((sum, cell) => sum + cell.sharedVcpus, 0) / cpuRatio;
  const emulator = isolated?.share ?? 0;
  return {
    vm: claim.vm,
    source: claim.source,
    cpus: cpus.toString(),
    memoryMiB: claim.cells.reduce((sum, cell) => sum + cell.memoryMiB, 0),
    cost: { dedicated, shared, emulator, total: dedicated + shared + emulator },
  };
}
