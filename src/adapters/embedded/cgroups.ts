import { parseCpuList } from '../../domain/cpu-list.ts';
import type { CpuSet } from '../../domain/cpu-set.ts';
import { heldCpus, partitions, withheldCpus } from './cgroup-tree.ts';
import { cpuNumbers, onlineCpus } from './hardware.ts';
import { KernelError } from './kernel-error.ts';
import type { TreeFiles } from './tree-files.ts';

/** Where cgroup v2 is mounted. */
export const CGROUPS = '/sys/fs/cgroup';

/** Cpuset of one cgroup, of threads as libvirt makes them. */
export interface CpusetGroup {
  /** Path below {@link CGROUPS}, with a leading slash. */
  readonly group: string;
  /** null = not limited here. */
  readonly cpus: CpuSet | null;
  readonly cells: CpuSet | null;
  readonly threads: readonly number[];
}

/**
 * The CPUs that threads of a cgroup may use, as cgroup v2 has it: what is asked for, cut by what the parent may
 * use; where nothing is left of it (its CPUs are offline), all that the parent may use. Recorded on kernel 6.1:
 * a pinned CPU that goes offline gives the vCPU its parent's CPUs until it is back. On kernel 6.12: a partition has what
 * it holds, and nobody outside has any of that.
 */
export function effectiveCpus(files: TreeFiles, group: string): CpuSet {
  if (group === '' || group === '/') return onlineCpus(files).minus(withheldCpus(files));
  if (partitions(files).includes(group)) return heldCpus(files, group).intersect(onlineCpus(files));
  const parent = effectiveCpus(files, group.slice(0, group.lastIndexOf('/')));
  const asked = files.read(`${CGROUPS}${group}/cpuset.cpus`);
  const own = asked === null ? parent : parseCpuList(asked).intersect(parent);
  return own.isEmpty ? parent : own;
}

/**
 * Refuses a CPU list that the kernel's parser refuses: one with a number that no CPU of this kernel can have.
 * Recorded on cgroup v1 and v2: `Numerical result out of range`.
 */
export function checkCpuNumbers(files: TreeFiles, cpus: CpuSet): void {
  if (cpus.highest >= cpuNumbers(files)) throw new KernelError('ERANGE');
}

/** Writes a cgroup's files; its CPUs are to be checked before. */
export function writeGroup(files: TreeFiles, { group, cpus, cells, threads }: CpusetGroup): void {
  const folder = `${CGROUPS}${group}`;
  const put = (name: string, text: string) => {
    files.write({ path: `${folder}/${name}`, text: `${text}\n` });
  };
  put('cpuset.cpus', cpus?.toString() ?? '');
  put('cpuset.cpus.effective', effectiveCpus(files, group).toString());
  put('cpuset.mems', cells?.toString() ?? '');
  if (threads.length > 0) put('cgroup.threads', threads.join('\n'));
}
