import type { CpuSet } from '../../domain/cpu-set.ts';
import type { Cell, HostTopology } from '../../domain/host-topology.ts';
import type { TextTree } from '../text-tree.ts';
import { readCaches } from './read-caches.ts';
import { readCells, type CellFacts } from './read-cells.ts';
import { readCores } from './read-cores.ts';
import { readCpus } from './read-cpus.ts';
import { readDevices } from './read-devices.ts';
import { listsInOrder, type CpuGroup } from './read-groups.ts';
import { readKinds } from './read-kinds.ts';
import { readPackages } from './read-packages.ts';

/**
 * Reads a node's topology from its `/sys` and `/proc`. What the kernel does not say, or says in a way that cannot
 * be read, is null, empty or left out, never guessed. Throws an AppError only when no CPU is known to be online.
 */
export function readTopology(tree: TextTree, hostName: string): HostTopology {
  const cpus = readCpus(tree, hostName);
  const cores = readCores(tree, cpus);
  const caches = readCaches(tree, cpus);
  const packages = readPackages(tree, cpus);
  const kinds = readKinds(tree, cpus, cores);
  const cells = readCells(tree, cpus.online);
  const homeless = cells.reduce((rest, cell) => rest.minus(cell.cpus), cpus.online);
  return {
    kind: 'pinfold/topology',
    version: 1,
    host: hostName,
    cpus: {
      present: cpus.present.toString(),
      online: cpus.online.toString(),
      isolated: cpus.isolated?.toString() ?? null,
      withoutCell: homeless.toString(),
    },
    ...(kinds === null
      ? {}
      : { kinds: { performance: kinds.performance.toString(), efficiency: kinds.efficiency.toString() } }),
    cells: cells.map(cell => describeCell(cell, { cores, caches, packages })),
    looseCores: listsInOrder(partsIn(cores, homeless)),
    devices: readDevices(tree),
  };
}

function describeCell(cell: CellFacts, groups: NodeGroups): Cell {
  const { id, cpus, memoryMiB, pages, distances } = cell;
  return {
    id,
    package: packageOf(cpus, groups.packages),
    cpus: cpus.toString(),
    memoryMiB,
    pages,
    distances,
    cores: listsInOrder(partsIn(groups.cores, cpus)),
    caches: listsInOrder(groups.caches.filter(domain => domain.some(cpu => cpus.has(cpu)))),
  };
}

/** What divides the CPUs of a node besides its cells. */
interface NodeGroups {
  readonly cores: readonly CpuGroup[];
  readonly caches: readonly CpuGroup[];
  readonly packages: ReadonlyMap<number, number>;
}

/** The part of each group that lies in these CPUs; contradicting tables can put one core in two cells. */
function partsIn(groups: readonly CpuGroup[], cpus: CpuSet): CpuGroup[] {
  if (cpus.isEmpty) return [];
  return groups.map(group => group.filter(cpu => cpus.has(cpu))).filter(part => part.length > 0);
}

/** The package of all these CPUs; null when they have several, or when one's is unknown. */
function packageOf(cpus: CpuSet, packages: ReadonlyMap<number, number>): number | null {
  const numbers = new Set([...cpus].map(cpu => packages.get(cpu) ?? null));
  return numbers.size === 1 ? [...numbers][0]! : null;
}
