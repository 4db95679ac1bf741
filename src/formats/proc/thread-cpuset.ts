import { parseCpuList } from '../../domain/cpu-list.ts';
import type { CpuSet } from '../../domain/cpu-set.ts';
import type { TextTree } from '../text-tree.ts';

/** The cpuset that one thread lies in. */
export interface ThreadCpuset {
  /** Below the mount, e.g. `/machine.slice/…/libvirt/vcpu0`. */
  readonly group: string;
  /** What somebody asked for in this group; null where nobody did, so that its parent's holds. */
  readonly asked: CpuSet | null;
  /** What the group may really use; null where the kernel does not say. */
  readonly effective: CpuSet | null;
}

const MOUNT = '/sys/fs/cgroup';

/**
 * The cpuset of a thread by its `cgroup` file (cgroups(7)): cgroup v2's `0::/path`, else v1's line of the cpuset
 * controller. null when the thread is gone or no such file is there.
 */
export function readThreadCpuset(tree: TextTree, pid: number, tid: number): ThreadCpuset | null {
  const text = tree.read(`/proc/${pid}/task/${tid}/cgroup`) ?? '';
  const first = /^\d+:(?:[a-z_,=]*,)?cpuset(?:,[a-z_,=]*)?:(.*)$/m.exec(text)?.[1];
  const group = first ?? /^0::(.*)$/m.exec(text)?.[1];
  if (group === undefined) return null;
  const folder = `${MOUNT}${first === undefined ? '' : '/cpuset'}${group === '/' ? '' : group}`;
  return {
    group,
    asked: listAt(tree, `${folder}/cpuset.cpus`),
    effective:
      listAt(tree, `${folder}/cpuset.cpus.effective`) ?? listAt(tree, `${folder}/cpuset.effective_cpus`),
  };
}

function listAt(tree: TextTree, path: string): CpuSet | null {
  const text = tree.read(path);
  if (text === null) return null;
  try {
    const set = parseCpuList(text);
    return set.isEmpty ? null : set;
  } catch {
    return null;
  }
}
