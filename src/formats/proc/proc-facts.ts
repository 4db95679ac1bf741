import { parseCpuList } from '../../domain/cpu-list.ts';
import type { CpuSet } from '../../domain/cpu-set.ts';
import type { TextTree } from '../text-tree.ts';

/** Things of a host that undo placement by themselves. */
export interface Fighters {
  /** The kernel moves pages to where they are used (`kernel.numa_balancing`). */
  readonly numaBalancing: boolean;
  /** Kernel samepage merging runs and may merge pages of different cells. */
  readonly ksmAcrossCells: boolean;
  /** Running programs that pin or move other programs, by name. */
  readonly tools: readonly string[];
}

/** By their `comm`, 15 characters: programs whose work is to place other programs. */
const PINNING_TOOLS = ['numad', 'tuned', 'ananicy', 'ananicy-cpp', 'irqbalance', 'proxmox-cpu-aff', 'vdsmd'];

/** Reads what fights on this node. Sources: sysctl/kernel.rst, mm/ksm.rst of the kernel's documentation. */
export function readFighters(tree: TextTree): Fighters {
  const number = (path: string) => Number((tree.read(path) ?? '').trim() || '0');
  const merges = (tree.read('/sys/kernel/mm/ksm/merge_across_nodes') ?? '1').trim() !== '0';
  const names = tree
    .list('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(pid => (tree.read(`/proc/${pid}/comm`) ?? '').trim());
  return {
    numaBalancing: number('/proc/sys/kernel/numa_balancing') !== 0,
    ksmAcrossCells: number('/sys/kernel/mm/ksm/run') === 1 && merges,
    tools: PINNING_TOOLS.filter(tool => names.includes(tool)),
  };
}

/** Cells that a process may take memory from (`Mems_allowed_list`); null when it is gone. */
export function readAllowedCells(tree: TextTree, pid: number): CpuSet | null {
  const cells = /^Mems_allowed_list:[ \t]*([\d,-]+)/m.exec(tree.read(`/proc/${pid}/status`) ?? '')?.[1];
  try {
    return cells === undefined ? null : parseCpuList(cells);
  } catch {
    return null;
  }
}

/** When a task began, in clock ticks after boot (field 22 of proc(5)'s stat); null when it is gone. */
export function readStartTicks(tree: TextTree, folder: string): number | null {
  const stat = tree.read(`${folder}/stat`);
  const field = stat
    ?.slice(stat.lastIndexOf(')') + 1)
    .trim()
    .split(/\s+/)[19];
  return field !== undefined && /^\d+$/.test(field) ? Number(field) : null;
}
