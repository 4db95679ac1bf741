import { AppError, EXIT } from '../../domain/app-error.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { TextTree } from '../text-tree.ts';
import { countOf, cpuListOf, numbersOf } from './sysfs-text.ts';

/** Where the kernel describes CPUs. */
export const CPU_FOLDER = '/sys/devices/system/cpu';

/** Which CPUs there are. */
export interface CpuLists {
  readonly present: CpuSet;
  /** Never empty. */
  readonly online: CpuSet;
  /** null when the kernel does not say. */
  readonly isolated: CpuSet | null;
  /** CPUs that have a folder, so that more can be read of them. */
  readonly described: CpuSet;
}

/**
 * Reads the CPU lists. Kernels before 2.6.26 have none: then every CPU with a folder is present, and online unless
 * its own `online` file says 0. Throws an AppError when no CPU is online as far as the tree tells.
 */
export function readCpus(tree: TextTree, hostName: string): CpuLists {
  const described = numbersOf(tree.list(CPU_FOLDER), 'cpu');
  const listed = cpuListOf(tree.read(`${CPU_FOLDER}/online`));
  const online = listed === null || listed.isEmpty ? switchedOn(tree, described) : listed;
  if (online.isEmpty) {
    throw new AppError(
      'topology-unreadable',
      EXIT.unreachable,
      `Nothing tells which CPUs ${hostName} has: ${CPU_FOLDER} holds neither a list of online CPUs nor a folder of any CPU; check that /sys is mounted there, or the directory given with --root.`,
    );
  }
  return {
    present: (cpuListOf(tree.read(`${CPU_FOLDER}/present`)) ?? described).union(online),
    online,
    isolated: cpuListOf(tree.read(`${CPU_FOLDER}/isolated`)),
    described,
  };
}

function switchedOn(tree: TextTree, described: CpuSet): CpuSet {
  const cpus = described.toArray();
  return CpuSet.of(cpus.filter(cpu => countOf(tree.read(`${CPU_FOLDER}/cpu${cpu}/online`)) !== 0));
}
