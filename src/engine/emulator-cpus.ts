import { CpuSet } from '../domain/cpu-set.ts';
import type { GuestSpec } from '../domain/guest-spec.ts';
import { cpusOfCells, type HostModel } from './host-model.ts';

/** What the emulator threads' set is made from. */
export interface EmulatorInput {
  readonly spec: GuestSpec;
  readonly hosts: readonly number[];
  /** CPUs that the guest takes for itself. */
  readonly own: CpuSet;
  /** The CPU of `isolate`, -1 otherwise. */
  readonly isolated: number;
  /** CPUs that these vCPUs run on, null = all of them; the empty set when there are no such vCPUs. */
  readonly cpusOf: (vcpus: CpuSet | null) => CpuSet;
}

/**
 * Where the emulator threads run: `isolate` on its CPU; `share` on the node's shared set (the part on the
 * guest's cells, else all of it, never on a dedicated CPU), where there is none over the guest's own CPUs;
 * `mask` on those vCPUs' CPUs; else over the guest's own CPUs, those of realtime vCPUs left out.
 */
export function emulatorCpus(model: HostModel, input: EmulatorInput): CpuSet {
  const { spec, isolated, cpusOf } = input;
  if (isolated >= 0) return CpuSet.of([isolated]);
  if (spec.emulator === 'mask' && spec.emulatorVcpus !== null) return cpusOf(spec.emulatorVcpus);
  if (spec.emulator === 'share') {
    const shared = sharedEmulatorCpus(model, input);
    if (shared !== null) return shared;
  }
  if (spec.realtimeVcpus !== null) {
    const others = cpusOf(CpuSet.range(0, spec.vcpus - 1).minus(spec.realtimeVcpus));
    if (!others.isEmpty) return others;
  }
  return cpusOf(null);
}

/**
 * Whether the emulator threads of a guest whose vCPUs are all realtime would be left with those vCPUs' CPUs, where
 * a spinning realtime thread gives them no time: `share` on a node whose shared set is not there, is held by other
 * guests, or may be taken by the guest itself (the set of `vcpu_pin_set` can hold it).
 */
export function realtimeStarvesEmulator(model: HostModel, spec: GuestSpec): boolean {
  if (spec.emulator !== 'share' || spec.realtimeVcpus?.size !== spec.vcpus) return false;
  const open = model.policy.emulatorShared?.minus(model.usage.cpus) ?? CpuSet.EMPTY;
  return open.minus(model.policy.dedicated).isEmpty && open.size <= spec.vcpus;
}

function sharedEmulatorCpus(model: HostModel, { hosts, own }: EmulatorInput): CpuSet | null {
  if (model.policy.emulatorShared === null) return null;
  const open = model.policy.emulatorShared.minus(model.usage.cpus).minus(own);
  const near = open.intersect(cpusOfCells(model, hosts));
  if (!near.isEmpty) return near;
  return open.isEmpty ? null : open;
}

/**
 * The emulator set for the launch: libvirt binds the threads that allocate a cell's memory to that cell's CPUs
 * within the emulator set, and QEMU dies where there is none ("Setting CPU affinity failed"). So each memory
 * cell without a CPU in the set adds one: the guest's lowest there, else the lowest floating one, else the lowest that no claim
 * holds, else the lowest.
 */
export function startCpus(
  model: HostModel,
  emulator: CpuSet,
  guest: { readonly hosts: readonly number[]; readonly all: CpuSet },
): CpuSet {
  let set = emulator;
  for (const host of guest.hosts) {
    const cell = model.cells[host]!;
    if (cell.cpus.isEmpty || set.intersects(cell.cpus)) continue;
    const cpu =
      guest.all.intersect(cell.cpus).first ??
      cell.floating.first ??
      cell.cpus.minus(model.usage.cpus).first ??
      cell.cpus.first;
    if (cpu !== undefined) set = set.union(CpuSet.of([cpu]));
  }
  return set;
}
