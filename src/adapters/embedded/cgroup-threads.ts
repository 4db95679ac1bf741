import { parentGroup } from '../../formats/cgroup/cgroup-file.ts';
import { placeTask } from './cgroup-effects.ts';
import { fileOf, listTask } from './cgroup-tree.ts';
import { effectiveCpus } from './cgroups.ts';
import { KernelError } from './kernel-error.ts';
import { groupOfTask, processOf } from './processes.ts';
import type { TreeFiles } from './tree-files.ts';

/**
 * Moves one thread to a group of the same threaded tree (cgroup-v2.rst, Threads: anywhere else is EOPNOTSUPP). A thread
 * keeps its own mask as far as the new group allows it.
 */
export function moveThread(files: TreeFiles, group: string, tid: number): void {
  const pid = Number.isInteger(tid) && tid > 0 ? processOf(files, tid) : null;
  if (pid === null) throw new KernelError('ESRCH');
  const from = groupOfTask(files, pid, tid);
  if (threadedRoot(files, from) !== threadedRoot(files, group)) throw new KernelError('EOPNOTSUPP');
  const before = effectiveCpus(files, from);
  listTask(files, { group: from, file: 'cgroup.threads' }, { task: tid, there: false });
  listTask(files, { group, file: 'cgroup.threads' }, { task: tid, there: true });
  files.write({ path: `/proc/${pid}/task/${tid}/cgroup`, text: `0::${group}\n` });
  if (tid === pid) files.write({ path: `/proc/${pid}/cgroup`, text: `0::${group}\n` });
  placeTask(files, { pid, tid }, { allowed: effectiveCpus(files, group), before });
}

function threadedRoot(files: TreeFiles, group: string): string {
  return fileOf(files, group, 'cgroup.type') === 'threaded' ? threadedRoot(files, parentGroup(group)) : group;
}
