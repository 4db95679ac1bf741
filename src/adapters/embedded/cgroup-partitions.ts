import type { CpuSet } from '../../domain/cpu-set.ts';
import { parentGroup } from '../../formats/cgroup/cgroup-file.ts';
import { groupsIn } from '../../formats/cgroup/read-cpuset.ts';
import { cpusIn, fileOf, heldCpus, notePartition, partitions, putFile } from './cgroup-tree.ts';
import { KernelError } from './kernel-error.ts';
import type { TreeFiles } from './tree-files.ts';

const EXCLUSIVE = 'cpuset.cpus.exclusive';
const EFFECTIVE = 'cpuset.cpus.exclusive.effective';
const PARTITION = 'cpuset.cpus.partition';

/**
 * `cpuset.cpus.exclusive`, as recorded on kernel 6.12: EINVAL when it overlaps what a sibling holds exclusively, or
 * covers all of a sibling's `cpuset.cpus`; what the parent does not hold is clipped in silence, and a later write to the
 * parent does not refresh it; without any, a partition in force ends.
 */
export function writeExclusive(files: TreeFiles, group: string, cpus: CpuSet): void {
  for (const sibling of siblingsOf(files, group)) {
    const theirs = cpusIn(files, sibling, 'cpuset.cpus');
    if (cpus.intersects(cpusIn(files, sibling, EXCLUSIVE))) throw new KernelError('EINVAL');
    if (!theirs.isEmpty && theirs.isSubsetOf(cpus)) throw new KernelError('EINVAL');
  }
  const parent = parentGroup(group);
  const granted = parent === '' ? cpus : cpus.intersect(cpusIn(files, parent, EFFECTIVE));
  putFile(files, { group, file: EXCLUSIVE }, cpus.toString());
  putFile(files, { group, file: EFFECTIVE }, granted.toString());
  if (granted.isEmpty && partitions(files).includes(group))
    invalidate(files, group, 'Parent is not a partition root');
}

/**
 * `cpuset.cpus.partition`: the write never fails; what came of it is read back. The reasons are those recorded on kernel
 * 6.12 for a remote partition (its parent is a member).
 */
export function writePartition(files: TreeFiles, group: string, text: string): void {
  if (!['member', 'root', 'isolated'].includes(text)) throw new KernelError('EINVAL');
  const reason = text === 'member' ? null : refusal(files, group);
  notePartition(files, group, text !== 'member' && reason === null);
  putFile(files, { group, file: PARTITION }, reason === null ? text : `${text} invalid (${reason})`);
}

/**
 * Recorded: a group whose `cpuset.cpus` comes to overlap a sibling's partition makes that one `root invalid`, without a
 * reason, and its CPUs stay withheld until somebody writes `member`.
 */
export function breakSiblings(files: TreeFiles, group: string, cpus: CpuSet): void {
  for (const sibling of siblingsOf(files, group)) {
    const partial = cpus.intersects(heldCpus(files, sibling)) && !cpus.isSubsetOf(heldCpus(files, sibling));
    if (partitions(files).includes(sibling) && partial)
      putFile(files, { group: sibling, file: PARTITION }, `${wordOf(files, sibling)} invalid`);
  }
}

function refusal(files: TreeFiles, group: string): string | null {
  const wanted = cpusIn(files, group, EXCLUSIVE);
  if (wanted.isEmpty && cpusIn(files, group, 'cpuset.cpus').isEmpty)
    return 'cpuset.cpus and cpuset.cpus.exclusive are empty';
  if (heldCpus(files, group).isEmpty) return 'Invalid cpu list in cpuset.cpus.exclusive';
  const overlaps = siblingsOf(files, group).some(sibling =>
    cpusIn(files, sibling, 'cpuset.cpus').intersects(wanted),
  );
  return overlaps ? 'Cpu list in cpuset.cpus not exclusive' : null;
}

function invalidate(files: TreeFiles, group: string, reason: string): void {
  notePartition(files, group, false);
  putFile(files, { group, file: PARTITION }, `${wordOf(files, group)} invalid (${reason})`);
}

function wordOf(files: TreeFiles, group: string): string {
  return fileOf(files, group, PARTITION).split(' ')[0]!;
}

function siblingsOf(files: TreeFiles, group: string): string[] {
  return groupsIn(files, parentGroup(group)).filter(other => other !== group);
}
