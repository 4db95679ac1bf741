import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { CGROUP_ROOT, cgroupFile, parentGroup } from '../../formats/cgroup/cgroup-file.ts';
import { groupExists } from '../../formats/cgroup/read-cpuset.ts';
import { onlineCpus } from './hardware.ts';
import type { TreeFiles } from './tree-files.ts';

/** The kernel's own note of the partitions in force, one group a line; on a real node nobody can see it. */
const PARTITIONS = `${CGROUP_ROOT}/.partitions`;

/** Controllers of a kernel of Debian, in its order. */
const CONTROLLERS = 'cpuset cpu io memory hugetlb pids rdma misc';

/** What systemd enables at boot on Debian 13 before any unit asks for CPUs (recorded: no cpuset). */
const AT_BOOT = 'cpu memory pids';

/** Linux 6.7 brought cpuset.cpus.exclusive, and since 6.11 it may stand alone (recorded on 6.12). */
const EXCLUSIVE_SINCE = [6, 11] as const;
/** Since Linux 6.2 a thread's own mask outlives changes of its cpuset (recorded: 6.1 forgets it, 6.12 keeps it). */
const MASKS_KEPT_SINCE = [6, 2] as const;

/** Makes the root group as the kernel and systemd leave it after boot; a root that is there stays. */
export function ensureRootGroup(files: TreeFiles): void {
  if (groupExists(files, '')) return;
  putFile(files, { group: '', file: 'cgroup.controllers' }, CONTROLLERS);
  putFile(files, { group: '', file: 'cgroup.subtree_control' }, AT_BOOT);
  putFile(files, { group: '', file: 'cgroup.procs' }, '');
  putFile(files, { group: '', file: 'cpuset.cpus.effective' }, onlineCpus(files).toString());
}

/** Writes a file of a group as the kernel shows it: one newline at the end. */
export function putFile(
  files: TreeFiles,
  { group, file }: { readonly group: string; readonly file: string },
  text: string,
): void {
  files.write({ path: cgroupFile(group, file), text: `${text}\n` });
}

/** A file of a group without its last newline, `""` when it is missing. */
export function fileOf(files: TreeFiles, group: string, file: string): string {
  return (files.read(cgroupFile(group, file)) ?? '').replace(/\n$/, '');
}

/** A CPU list of a group; empty when it is missing. */
export function cpusIn(files: TreeFiles, group: string, file: string): CpuSet {
  return parseCpuList(fileOf(files, group, file));
}

/** Whether the cpuset controller is enabled for a group: then it has the files. */
export function hasCpuset(files: TreeFiles, group: string): boolean {
  return group === '' || enabledIn(files, parentGroup(group)).includes('cpuset');
}

/** `cgroup.subtree_control` of a group. */
export function enabledIn(files: TreeFiles, group: string): string[] {
  return fileOf(files, group, 'cgroup.subtree_control').split(' ').filter(Boolean);
}

/** Whether this kernel knows cpuset.cpus.exclusive; a tree that says nothing of its kernel has 6.12. */
export function knowsExclusive(files: TreeFiles): boolean {
  return isSince(files, EXCLUSIVE_SINCE);
}

/** Whether threads get back what they asked for when their cpuset allows it again. */
export function keepsMasks(files: TreeFiles): boolean {
  return isSince(files, MASKS_KEPT_SINCE);
}

function isSince(files: TreeFiles, [major, minor]: readonly [number, number]): boolean {
  const release = /^(\d+)\.(\d+)/.exec(files.read('/proc/sys/kernel/osrelease') ?? '6.12');
  const [has, hasMinor] = [Number(release?.[1]), Number(release?.[2])];
  return has > major || (has === major && hasMinor >= minor);
}

/** Groups that withhold their CPUs from everybody else: an invalid partition may still be among them (recorded). */
export function partitions(files: TreeFiles): string[] {
  return (files.read(PARTITIONS) ?? '')
    .split('\n')
    .filter(group => group !== '' && groupExists(files, group));
}

/** Notes or forgets a partition. */
export function notePartition(files: TreeFiles, group: string, inForce: boolean): void {
  const others = partitions(files).filter(other => other !== group);
  const all = inForce ? [...others, group] : others;
  if (all.length > 0 || files.exists(PARTITIONS))
    files.write({ path: PARTITIONS, text: all.map(line => `${line}\n`).join('') });
}

/** CPUs that partitions hold. */
export function withheldCpus(files: TreeFiles): CpuSet {
  return CpuSet.union(partitions(files).map(group => heldCpus(files, group)));
}

/** CPUs that a partition holds: what it asked for, cut by what its parent had when it asked. */
export function heldCpus(files: TreeFiles, group: string): CpuSet {
  return cpusIn(files, group, 'cpuset.cpus.exclusive.effective');
}

/** Adds a task to a list of a group (`cgroup.procs`, `cgroup.threads`), or takes it off; a group that is not there has none. */
export function listTask(
  files: TreeFiles,
  list: { readonly group: string; readonly file: string },
  { task, there }: { readonly task: number; readonly there: boolean },
): void {
  if (!groupExists(files, list.group)) return;
  const others = fileOf(files, list.group, list.file)
    .split('\n')
    .filter(line => line !== '' && line !== `${task}`);
  const lines = there ? [...others, `${task}`] : others;
  files.write({
    path: cgroupFile(list.group, list.file),
    text: lines.map(line => `${line}\n`).join(''),
  });
}
