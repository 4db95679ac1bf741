import { CpuSyntaxError, parseCpuList } from '../../domain/cpu-list.ts';
import type { CpuSet } from '../../domain/cpu-set.ts';
import { cgroupFile } from '../../formats/cgroup/cgroup-file.ts';
import { groupsIn, readCpus } from '../../formats/cgroup/read-cpuset.ts';
import type { NodePort } from '../ports.ts';

/** A thread that somebody pinned to fewer CPUs than its group has. */
export interface PinnedThread {
  readonly pid: number;
  readonly tid: number;
  readonly cpus: CpuSet;
}

/** The pinned threads in a group and below it; empty where the group's CPUs are not known. */
export function pinsWithin(node: NodePort, group: string): PinnedThread[] {
  const allowed = readCpus(node.files, group, 'cpuset.cpus.effective');
  return allowed === null ? [] : pinsNarrowerThan(node, group, allowed);
}

function pinsNarrowerThan(node: NodePort, group: string, allowed: CpuSet): PinnedThread[] {
  const pids = (node.files.read(cgroupFile(group, 'cgroup.procs')) ?? '').split('\n').filter(Boolean);
  const here = pids.map(Number).flatMap(pid =>
    node.files
      .list(`/proc/${pid}/task`)
      .map(Number)
      .flatMap(tid => {
        const cpus = maskOf(node, pid, tid);
        return cpus === null || cpus.equals(allowed) ? [] : [{ pid, tid, cpus }];
      }),
  );
  return [...here, ...groupsIn(node.files, group).flatMap(inner => pinsNarrowerThan(node, inner, allowed))];
}

/**
 * Pins threads again that lost their mask when their group's CPUs were written, as every thread does before Linux 6.2,
 * each to what the group still allows of it. Whether the kernel forgot is seen on the threads; one that keeps masks has
 * nothing done to it. A thread that cannot be pinned any more (it ended, or nothing is left of its CPUs) is left.
 */
export async function restorePins(
  node: NodePort,
  group: string,
  pins: readonly PinnedThread[],
): Promise<void> {
  const allowed = readCpus(node.files, group, 'cpuset.cpus.effective');
  if (allowed === null) return;
  for (const { pid, tid, cpus } of pins) {
    const wanted = cpus.intersect(allowed);
    const now = maskOf(node, pid, tid);
    if (now === null || wanted.isEmpty || now.equals(wanted)) continue;
    await node.run(['taskset', '-pc', wanted.toString(), `${tid}`], { timeoutMs: 10_000 });
  }
}

function maskOf(node: NodePort, pid: number, tid: number): CpuSet | null {
  const status = node.files.read(`/proc/${pid}/task/${tid}/status`) ?? '';
  const list = /^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1];
  if (list === undefined) return null;
  try {
    return parseCpuList(list);
  } catch (error) {
    if (error instanceof CpuSyntaxError) return null;
    throw error;
  }
}
