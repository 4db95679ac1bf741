import type { CpuLists } from './read-cpus.ts';
import { listText } from './sysfs-text.ts';

/**
 * Divides the online CPUs into the groups that the kernel names (cores, packages, cache domains), reading one
 * file a group.
 *
 * 1. CPUs in ascending order; those of a group already found are passed over.
 * 2. `groupOf` reads the group of the next CPU. A group that does not name this CPU is no answer.
 * 3. The online CPUs of the group that are in none yet become a group, so groups never overlap.
 *
 * A CPU without an answer is in no group unless a later CPU's group names it.
 */
export function readGroups(
  { online, described }: CpuLists,
  groupOf: (cpu: number) => Iterable<number> | null,
): readonly CpuGroup[] {
  const groups: CpuGroup[] = [];
  const open = new Uint8Array(online.highest + 1);
  for (const cpu of online) open[cpu] = 1;
  for (const cpu of online.intersect(described)) {
    if (open[cpu] === 0) continue;
    const members: number[] = [];
    let namesItself = false;
    for (const member of groupOf(cpu) ?? []) {
      namesItself ||= member === cpu;
      if (open[member] === 1) members.push(member);
    }
    if (!namesItself) continue;
    for (const member of members) open[member] = 0;
    groups.push([...new Set(members)].sort((a, b) => a - b));
  }
  return groups;
}

/** CPUs that belong together, ascending, at least one. */
export type CpuGroup = readonly number[];

/** The groups by their lowest CPU, written as lists. */
export function listsInOrder(groups: readonly CpuGroup[]): string[] {
  return [...groups].sort((a, b) => a[0]! - b[0]!).map(listText);
}
