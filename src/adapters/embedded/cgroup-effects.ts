import { groupsIn } from '../../formats/cgroup/read-cpuset.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { parseCpuList } from '../../domain/cpu-list.ts';
import { fileOf, hasCpuset, keepsMasks, putFile } from './cgroup-tree.ts';
import { effectiveCpus } from './cgroups.ts';
import { cpuNumbers } from './hardware.ts';
import { askedCpus, cpusOfTask, groupOfTask, showCpus, threadsOf } from './processes.ts';
import type { TreeFiles } from './tree-files.ts';

const EFFECTIVE = 'cpuset.cpus.effective';

/** All groups with the CPUs that their tasks may use. */
export function effectiveByGroup(files: TreeFiles): Map<string, CpuSet> {
  return new Map(allGroups(files).map(group => [group, effectiveCpus(files, group)]));
}

/** The root and every group below it, parents first. */
export function allGroups(files: TreeFiles, from = ''): string[] {
  return [from, ...groupsIn(files, from).flatMap(group => allGroups(files, group))];
}

/**
 * Brings `cpuset.cpus.effective` and the masks of all tasks up to date after something was written. On kernel 6.12 a
 * task runs where it asked to, as far as its group allows, and everywhere in it when nothing of that is left (recorded:
 * pins come back when a cpuset grows again). On 6.1 every task of a group that changed gets all of it.
 */
export function spreadEffects(files: TreeFiles, before: ReadonlyMap<string, CpuSet>): void {
  const after = effectiveByGroup(files);
  const changed = new Set<string>();
  for (const [group, cpus] of after) {
    if (hasCpuset(files, group) && fileOf(files, group, EFFECTIVE) !== cpus.toString())
      putFile(files, { group, file: EFFECTIVE }, cpus.toString());
    if (before.get(group)?.equals(cpus) !== true) changed.add(group);
  }
  if (changed.size === 0) return;
  for (const name of files.list('/proc').filter(entry => /^\d+$/.test(entry)))
    for (const tid of threadsOf(files, Number(name))) {
      const group = groupOfTask(files, Number(name), tid);
      if (changed.has(group))
        placeTask(
          files,
          { pid: Number(name), tid },
          { allowed: after.get(group)!, before: before.get(group) },
        );
    }
}

/** The mask of one task after what its group allows has changed. */
export function placeTask(
  files: TreeFiles,
  task: { readonly pid: number; readonly tid: number },
  group: { readonly allowed: CpuSet; readonly before: CpuSet | undefined },
): void {
  const now = parseCpuList(cpusOfTask(files, task.pid, task.tid));
  const own = askedCpus(files, task) ?? (group.before?.equals(now) === true ? null : now);
  const kept = keepsMasks(files) && own !== null ? own.intersect(group.allowed) : CpuSet.EMPTY;
  showCpus(files, task, { cpus: kept.isEmpty ? group.allowed : kept, numbers: cpuNumbers(files) });
}
