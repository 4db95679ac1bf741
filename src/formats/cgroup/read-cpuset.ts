import { CpuSyntaxError, parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { TextTree } from '../text-tree.ts';
import { CGROUP_ROOT, cgroupFile } from './cgroup-file.ts';

/** Whether a cgroup of this path exists: a folder with the kernel's files. */
export function groupExists(tree: TextTree, group: string): boolean {
  return tree.list(`${CGROUP_ROOT}${group}`).some(isControlFile);
}

/** The groups directly inside a group, by their whole path, sorted; `""` asks for those inside the root. */
export function groupsIn(tree: TextTree, group: string): string[] {
  return tree
    .list(`${CGROUP_ROOT}${group}`)
    .filter(name => !isControlFile(name))
    .map(name => `${group}/${name}`)
    .filter(inner => groupExists(tree, inner));
}

/** The kernel names its files `controller.name`; a group may not be called so (cgroup-v2.rst, Organizing Processes). */
function isControlFile(name: string): boolean {
  return /^(?:cgroup|cpuset|cpu|memory|io|pids|hugetlb|rdma|misc|irq|dmem)\./.test(name);
}

/**
 * A list of CPUs from a file of the cpuset controller; null where the group has no such file, because the controller
 * is not enabled for it or the kernel does not know the file, and where it holds no list.
 */
export function readCpus(tree: TextTree, group: string, file: string): CpuSet | null {
  const text = tree.read(cgroupFile(group, file));
  if (text === null) return null;
  try {
    return parseCpuList(text);
  } catch (error) {
    if (error instanceof CpuSyntaxError) return null;
    throw error;
  }
}

/** `cpuset.cpus.exclusive` of a group; empty where there is none. */
export function exclusiveOf(tree: TextTree, group: string): CpuSet {
  return readCpus(tree, group, 'cpuset.cpus.exclusive') ?? CpuSet.EMPTY;
}

/** The task numbers in `cgroup.threads` of a group. */
export function threadsIn(tree: TextTree, group: string): number[] {
  const text = tree.read(cgroupFile(group, 'cgroup.threads')) ?? '';
  return text.split('\n').filter(Boolean).map(Number);
}
