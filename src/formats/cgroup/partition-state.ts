import type { CpuSet } from '../../domain/cpu-set.ts';
import type { TextTree } from '../text-tree.ts';
import { cgroupFile } from './cgroup-file.ts';
import { readCpus } from './read-cpuset.ts';

/**
 * What `cpuset.cpus.partition` says. A write to that file never fails, so that only reading it back tells what came of
 * it: `root`, `isolated`, `member`, or the first two followed by ` invalid` and mostly by a reason in parentheses.
 */
export type PartitionState =
  | { readonly kind: 'member' | 'root' | 'isolated' }
  | {
      readonly kind: 'invalid';
      /** The kernel's words, `""` when it gives none (a sibling's CPUs came to overlap later). */
      readonly reason: string;
    }
  /** No such file: the controller is not enabled for the group, or the kernel has no partitions. */
  | { readonly kind: 'absent' };

/** Reads the text of `cpuset.cpus.partition`; null = there is no such file. */
export function parsePartitionState(text: string | null): PartitionState {
  if (text === null) return { kind: 'absent' };
  const words = text.trim();
  if (words === 'root' || words === 'isolated' || words === 'member') return { kind: words };
  const invalid = /^(?:root|isolated) invalid(?: \((.*)\))?$/s.exec(words);
  return { kind: 'invalid', reason: invalid === null ? words.slice(0, 200) : (invalid[1] ?? '') };
}

/** The state of a group's partition. */
export function partitionStateOf(tree: TextTree, group: string): PartitionState {
  return parsePartitionState(tree.read(cgroupFile(group, 'cpuset.cpus.partition')));
}

/** Whether a group is a partition in force that holds exactly these CPUs. */
export function isPartitionOf(tree: TextTree, group: string, cpus: CpuSet): boolean {
  const { kind } = partitionStateOf(tree, group);
  const effective = readCpus(tree, group, 'cpuset.cpus.effective');
  return (kind === 'root' || kind === 'isolated') && effective !== null && effective.equals(cpus);
}
