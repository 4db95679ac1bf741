import { parseCpuList } from '../domain/cpu-list.ts';
import type { CpuSet } from '../domain/cpu-set.ts';
import { parseCpuSpec } from '../domain/cpu-spec.ts';
import type { Host } from '../domain/host.ts';
import { DEFAULT_POLICY } from '../domain/host-policy.ts';
import { parseReservedPages, type ReservedPages } from './request/reserved-pages.ts';

/** Which online CPUs serve what, and the policy's numbers with their defaults. */
export interface PolicySets {
  readonly online: CpuSet;
  /** For vCPUs that get a CPU of their own. */
  readonly dedicated: CpuSet;
  /** For floating vCPUs, without CPUs isolated from the kernel's scheduler. */
  readonly shared: CpuSet;
  /** For emulator threads under `share`; null = the node has no such set. */
  readonly emulatorShared: CpuSet | null;
  /** CPUs that carry nothing but isolated emulator threads. */
  readonly emulatorPin: CpuSet;
  readonly emulatorRatio: number;
  readonly cpuRatio: number;
  readonly ramRatio: number;
  readonly reservedMemoryMiB: number;
  readonly overheadMiB: number;
  /** `reserved_huge_pages`; what `checkPolicy` would refuse is left out. */
  readonly reservedPages: readonly ReservedPages[];
  readonly pack: boolean;
}

/**
 * Resolves a node's policy as Nova does (`nova-semantics` of hosts): with `cpu_dedicated_set` or
 * `cpu_shared_set` each serves its own use; `vcpu_pin_set` serves both and leaves `cpu_shared_set` to emulator
 * threads; nothing given = every online CPU serves both. `emulator_pin_set` is taken from all of them.
 */
export function policySets(host: Host): PolicySets {
  const policy = { ...DEFAULT_POLICY, ...host.policy };
  const online = parseCpuList(host.topology.cpus.online);
  const read = (text: string) => parseCpuSpec(text).intersect(online);
  const emulatorPin = read(policy.emulator_pin_set);
  const isolated = parseCpuList(host.topology.cpus.isolated ?? '');
  const sharedSet = read(policy.cpu_shared_set);
  const [dedicated, shared] = usesOf(policy, read, online);
  return {
    online,
    dedicated: dedicated.minus(emulatorPin),
    shared: shared.minus(emulatorPin).minus(isolated),
    emulatorShared: policy.cpu_shared_set === '' ? null : sharedSet.minus(emulatorPin).minus(isolated),
    emulatorPin,
    emulatorRatio: policy.emulator_overcommit_ratio,
    cpuRatio: policy.cpu_allocation_ratio,
    ramRatio: policy.ram_allocation_ratio,
    reservedMemoryMiB: policy.reserved_host_memory_mb,
    overheadMiB: policy.overhead_mb_per_guest,
    reservedPages: policy.reserved_huge_pages.flatMap(entry => parseReservedPages(entry) ?? []),
    pack: policy.strategy === 'pack',
  };
}

function usesOf(
  policy: { cpu_dedicated_set: string; cpu_shared_set: string; vcpu_pin_set: string },
  read: (text: string) => CpuSet,
  online: CpuSet,
): readonly [CpuSet, CpuSet] {
  if (policy.vcpu_pin_set !== '') {
    const both = read(policy.vcpu_pin_set);
    return [both, both];
  }
  if (policy.cpu_dedicated_set === '' && policy.cpu_shared_set === '') return [online, online];
  return [read(policy.cpu_dedicated_set), read(policy.cpu_shared_set)];
}
