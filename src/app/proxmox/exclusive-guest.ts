import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import type { ExclusiveGuest } from '../../formats/cgroup/partition-leaf.ts';
import { readQemuThreads } from '../../formats/proc/qemu-threads.ts';
import type { TextTree } from '../../formats/text-tree.ts';
import type { RunningQemu } from './find-qemu.ts';

/** What of a guest's placement is to be nobody else's: the vCPUs with one CPU each that the claim holds, and what it burns. */
export function exclusiveGuest(
  files: TextTree,
  qemu: RunningQemu,
  { vm, claim, placement }: Pick<LedgerEntry, 'vm' | 'claim' | 'placement'>,
): ExclusiveGuest {
  const held = CpuSet.union(claim.cells.map(({ pcpus }) => parseCpuList(pcpus)));
  const vcpus = readQemuThreads(files, qemu.pid).flatMap(({ tid, role, index }) => {
    const cpus = placement?.pins[index ?? -1];
    if (role !== 'vcpu' || index === null || cpus === undefined) return [];
    const set = parseCpuList(cpus);
    return set.size === 1 && set.isSubsetOf(held) ? [{ tid, vcpu: index, cpus }] : [];
  });
  const burnt = CpuSet.union(claim.cells.map(({ burnt: idle }) => parseCpuList(idle ?? '')));
  return { vm, scope: qemu.scope, vcpus, burnt: burnt.toString() };
}
