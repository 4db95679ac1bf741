import { parseCpuList } from '../domain/cpu-list.ts';
import type { CpuSet } from '../domain/cpu-set.ts';
import type { Placement } from '../domain/decision.ts';
import { readQemuThreads, type QemuThread } from '../formats/proc/qemu-threads.ts';
import { readThreadCpuset, type ThreadCpuset } from '../formats/proc/thread-cpuset.ts';
import { vcpusGroup } from '../formats/cgroup/partition-leaf.ts';
import type { TextTree } from '../formats/text-tree.ts';

/**
 * Whether a thread is off these CPUs because the partition of its own guest's vCPUs has them all: the kernel gives none of
 * them to the scope around it any more, and refuses them to the thread (EINVAL). Emulator threads that were to share their
 * vCPUs' CPUs run elsewhere then. They cannot go into the partition with them: qmeventd of Proxmox VE knows a VM by the last
 * part of its main thread's cgroup (qmeventd.c, get_vmid_from_pid).
 */
export function isWithheld(
  cpus: CpuSet,
  own: ThreadCpuset | null,
  vcpus: readonly (ThreadCpuset | null)[],
): boolean {
  if (own?.effective == null || own.effective.intersects(cpus)) return false;
  const inside = vcpusGroup(own.group);
  return vcpus.some(
    vcpu => vcpu?.group === inside && vcpu.effective !== null && cpus.isSubsetOf(vcpu.effective),
  );
}

/** The threads of a QEMU that can be where they were decided: those of the emulator that cannot are left out. */
export function placeableThreads(
  tree: TextTree,
  pid: number,
  { emulator }: Placement,
): readonly QemuThread[] {
  const threads = readQemuThreads(tree, pid);
  const cpus = parseCpuList(emulator.cpus);
  const cpusetOf = ({ tid }: QemuThread) => readThreadCpuset(tree, pid, tid);
  const strays = threads.filter(({ role, allowed }) => role === 'emulator' && !allowed.isSubsetOf(cpus));
  if (strays.length === 0) return threads;
  const vcpus = threads.filter(({ role }) => role === 'vcpu').map(cpusetOf);
  const withheld = new Set(strays.filter(thread => isWithheld(cpus, cpusetOf(thread), vcpus)));
  return threads.filter(thread => !withheld.has(thread));
}
