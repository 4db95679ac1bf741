import { CpuSet } from '../../domain/cpu-set.ts';
import { parseCpuList } from '../../domain/cpu-list.ts';
import type { CpuList } from '../../domain/host-topology.ts';
import type { TextTree } from '../text-tree.ts';
import { exclusiveOf, groupExists, groupsIn } from './read-cpuset.ts';

/** A thread of a guest that has CPUs of its own. */
export interface DedicatedThread {
  readonly tid: number;
  /** Number of the vCPU. */
  readonly vcpu: number;
  readonly cpus: CpuList;
}

/** A guest whose vCPUs are to have their CPUs alone. */
export interface ExclusiveGuest {
  readonly vm: string;
  /** Its cgroup below the mount: `/qemu.slice/100.scope`, `/machine.slice/machine-qemu\x2d1\x2done\x2d5.scope`. */
  readonly scope: string;
  /** The dedicated vCPUs only; floating ones stay outside. */
  readonly vcpus: readonly DedicatedThread[];
  /** CPUs besides those of the vCPUs that nobody may run on, such as the siblings that `isolate` keeps idle. */
  readonly burnt?: CpuList;
}

/** A group that becomes a partition. */
export interface PartitionLeaf {
  readonly group: string;
  readonly cpus: CpuSet;
  /** We make the group and put these threads into it; null: somebody else (libvirt) made it and filled it. */
  readonly threads: readonly number[] | null;
}

/** All CPUs that are to be the guest's alone. */
export function exclusiveCpus(guest: ExclusiveGuest): CpuSet {
  return CpuSet.union([
    ...guest.vcpus.map(({ cpus }) => parseCpuList(cpus)),
    parseCpuList(guest.burnt ?? ''),
  ]);
}

/** Where we put the vCPUs of a guest whose threads lie in the scope itself. */
export function vcpusGroup(scope: string): string {
  return `${scope}/vcpus`;
}

/** Where libvirt puts one vCPU: seen on libvirt 9.0 and 11.3 with cgroup v2 (a threaded group each). */
export function libvirtVcpuGroup(scope: string, vcpu: number): string {
  return `${scope}/libvirt/vcpu${vcpu}`;
}

/**
 * The groups that become partitions of a guest.
 *
 * - A scope with threads of its own (Proxmox VE, `systemd-run`): one threaded child `vcpus`, which we make; emulator
 *   threads stay in the scope and can share CPUs with other guests.
 * - libvirt's scope: it has put each vCPU into a threaded group of its own, and each of them becomes a partition
 *   (seen valid on kernel 6.12 and libvirt 11.3, through daemon-reload and CPUWeight on slice, scope and sibling). The
 *   burnt siblings go with the first vCPU. libvirt goes on writing `cpuset.cpus` there, so that a vCPU cannot be moved
 *   by `virsh vcpupin` (EINVAL) until the partition is given back, and an emulator whose CPUs overlap invalidates it.
 */
export function partitionLeaves(tree: TextTree, guest: ExclusiveGuest): PartitionLeaf[] {
  if (!groupExists(tree, `${guest.scope}/libvirt`))
    return [
      {
        group: vcpusGroup(guest.scope),
        cpus: exclusiveCpus(guest),
        threads: guest.vcpus.map(({ tid }) => tid),
      },
    ];
  return guest.vcpus.map(({ vcpu, cpus }, index) => ({
    group: libvirtVcpuGroup(guest.scope, vcpu),
    cpus: parseCpuList(index === 0 ? [cpus, guest.burnt ?? ''].filter(Boolean).join(',') : cpus),
    threads: null,
  }));
}

/** The groups of a scope that hold CPUs alone or were made for it, whoever they were made for; empty when it is gone. */
export function heldLeaves(tree: TextTree, scope: string): PartitionLeaf[] {
  const ours = vcpusGroup(scope);
  const made = groupExists(tree, ours) ? [{ group: ours, cpus: exclusiveOf(tree, ours), threads: [] }] : [];
  const libvirts = groupsIn(tree, `${scope}/libvirt`)
    .filter(group => /\/vcpu\d+$/.test(group) && !exclusiveOf(tree, group).isEmpty)
    .map(group => ({ group, cpus: exclusiveOf(tree, group), threads: null }));
  return [...made, ...libvirts];
}
