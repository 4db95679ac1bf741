import { cgroupFile } from '../../formats/cgroup/cgroup-file.ts';
import { isWithin } from '../../formats/cgroup/cgroup-file.ts';
import { groupsIn } from '../../formats/cgroup/read-cpuset.ts';
import { knowsExclusive, notePartition, putFile } from './cgroup-tree.ts';
import { effectiveCpus } from './cgroups.ts';
import { groupOfTask, threadsOf } from './processes.ts';
import type { TreeFiles } from './tree-files.ts';

const FILES = ['cpuset.cpus', 'cpuset.mems'];
const EXCLUSIVE_FILES = ['cpuset.cpus.exclusive', 'cpuset.cpus.exclusive.effective'];

/** The files that a group has while the cpuset controller is enabled for it; those that are there stay. */
export function addCpusetFiles(files: TreeFiles, group: string): void {
  const names = [...FILES, ...(knowsExclusive(files) ? EXCLUSIVE_FILES : [])];
  for (const file of names)
    if (files.read(cgroupFile(group, file)) === null) putFile(files, { group, file }, '');
  if (files.read(cgroupFile(group, 'cpuset.cpus.partition')) !== null) return;
  putFile(files, { group, file: 'cpuset.cpus.partition' }, 'member');
  putFile(files, { group, file: 'cpuset.cpus.effective' }, effectiveCpus(files, group).toString());
}

/** Without the controller a group has none of them, and its partition is gone without a word (recorded, systemd 257). */
export function dropCpusetFiles(files: TreeFiles, group: string): void {
  for (const inner of [group, ...groupsIn(files, group)]) {
    notePartition(files, inner, false);
    for (const file of [...FILES, ...EXCLUSIVE_FILES, 'cpuset.cpus.partition', 'cpuset.cpus.effective'])
      files.remove(cgroupFile(inner, file));
  }
}

/** Tasks in a group, with `deep` also those in the groups below it. */
export function tasksWithin(files: TreeFiles, group: string, deep = true): number[] {
  return files
    .list('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name =>
      threadsOf(files, Number(name)).filter(tid => {
        const theirs = groupOfTask(files, Number(name), tid);
        return deep ? isWithin(theirs, group) : theirs === group;
      }),
    );
}
