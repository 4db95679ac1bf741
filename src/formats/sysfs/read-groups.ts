import { CpuSet } from '../../domain/cpu-set.ts';
import type { CpuLists } from './read-cpus.ts';

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
  groupOf: (cpu: number) => CpuSet | null,
): readonly CpuSet[] {
  const groups: CpuSet[] = [];
  const grouped = new Uint8Array(online.highest + 1);
  for (const cpu of online.intersect(described)) {
    if (grouped[cpu] === 1) continue;
    const named = groupOf(cpu);
    if (named?.has(cpu) !== true) continue;
    const members = [...named].filter(member => online.has(member) && grouped[member] === 0);
    for (const member of members) grouped[member] = 1;
    groups.push(CpuSet.of(members));
  }
  return groups;
}
