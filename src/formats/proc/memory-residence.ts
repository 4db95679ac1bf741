import { parseCpuList } from '../../domain/cpu-list.ts';
import type { CpuSet } from '../../domain/cpu-set.ts';

/** Memory of one process that lies on one cell, summed over all areas of the same kind and binding. */
export interface MemoryOnCell {
  readonly cell: number;
  readonly mib: number;
  /** Pages of a pool (hugetlbfs): nothing but guest memory lies in those. */
  readonly huge: boolean;
  /** The cells that the area is bound to (policy `bind`); null = not bound, so the process's cpuset alone decides. */
  readonly bound: CpuSet | null;
}

/** KiB of a page where the kernel does not say: x86-64's. */
const BASE_PAGE_KIB = 4;

/**
 * Where the memory of a process lies that can be guest memory, from its `/proc/PID/numa_maps` (proc(5)): areas of page
 * pools, of anonymous memory and of shared memory files (memfd, /dev/shm, /dev/zero). Programs, libraries, heap and stack
 * are left out: they lie where whoever used them first ran. Sorted by cell; lines that say nothing are skipped.
 */
export function readResidence(numaMaps: string): MemoryOnCell[] {
  const sums = new Map<string, { cell: number; mib: number; huge: boolean; bound: CpuSet | null }>();
  for (const line of numaMaps.split('\n')) {
    const area = /^[0-9a-f]+ (\S+)/.exec(line);
    if (area === null || !canBeGuestMemory(line)) continue;
    const huge = / huge(?: |$)/.test(line);
    const bound = boundCells(area[1]!);
    const sizeKiB = Number(/ kernelpagesize_kB=(\d+)/.exec(line)?.[1] ?? BASE_PAGE_KIB);
    for (const [, cell, pages] of line.matchAll(/ N(\d+)=(\d+)/g)) {
      const key = `${cell!}/${huge}/${bound?.toString() ?? ''}`;
      const sum = sums.get(key) ?? { cell: Number(cell), mib: 0, huge, bound };
      sum.mib += (Number(pages) * sizeKiB) / 1024;
      sums.set(key, sum);
    }
  }
  return [...sums.values()].sort((a, b) => a.cell - b.cell);
}

function canBeGuestMemory(line: string): boolean {
  const file = / file=(\S*)/.exec(line)?.[1];
  if (file !== undefined)
    return / huge(?: |$)/.test(line) || /^(\/memfd:|\/dev\/shm\/|\/dev\/zero|\/dev\/hugepages)/.test(file);
  return !/ (heap|stack)(?: |$)/.test(line);
}

/** `bind:0-1` or `bind=static:0`; every other policy binds nothing. */
function boundCells(policy: string): CpuSet | null {
  const cells = /^bind(?:=[a-z|]+)?:([\d,-]+)$/.exec(policy)?.[1];
  if (cells === undefined) return null;
  try {
    return parseCpuList(cells);
  } catch {
    return null;
  }
}
