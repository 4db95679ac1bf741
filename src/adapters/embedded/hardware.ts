import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { TextTree } from '../../formats/text-tree.ts';

const CPUS = '/sys/devices/system/cpu';
/** The folder of the cells. */
export const NODES = '/sys/devices/system/node';

/** The CPUs that the tree's kernel runs on. */
export function onlineCpus(tree: TextTree): CpuSet {
  return listAt(tree, `${CPUS}/online`) ?? CpuSet.EMPTY;
}

/** How many CPU numbers a mask of this kernel has (nr_cpu_ids): one more than the highest possible CPU. */
export function cpuNumbers(tree: TextTree): number {
  const possible = listAt(tree, `${CPUS}/possible`) ?? listAt(tree, `${CPUS}/present`) ?? onlineCpus(tree);
  return possible.highest + 1;
}

/** How many CPUs libvirt counts: one more than the highest that is present. */
export function presentCpuCount(tree: TextTree): number {
  return (listAt(tree, `${CPUS}/present`) ?? onlineCpus(tree)).highest + 1;
}

/** The numbers of the cells that are online, as a set; cell 0 alone where the kernel shows none. */
export function onlineCells(tree: TextTree): CpuSet {
  const cells = listAt(tree, `${NODES}/online`);
  return cells === null || cells.isEmpty ? CpuSet.of([0]) : cells;
}

/** The online CPUs of a cell; all of them where the kernel shows no cells. */
export function cpusOfCell(tree: TextTree, cell: number): CpuSet {
  const online = onlineCpus(tree);
  return listAt(tree, `${NODES}/node${cell}/cpulist`)?.intersect(online) ?? online;
}

function listAt(tree: TextTree, path: string): CpuSet | null {
  const text = tree.read(path);
  return text === null ? null : parseCpuList(text);
}
