import { CpuSet } from '../../domain/cpu-set.ts';
import type { MapGuest } from './map-model.ts';

/** What tells CPUs of one's own from CPUs that guests float over. */
export interface Ground {
  readonly online: CpuSet;
  /** The operator's shared set; empty when there is none. */
  readonly shared: CpuSet;
}

/**
 * The CPUs that only vCPUs of this guest run on: a set that no more CPUs than vCPUs share is theirs (one CPU a
 * vCPU, or a list that all vCPUs of the guest have), unless it is every online CPU, lies in the shared set, or the
 * guest is known to float.
 */
export function ownCpus(guest: MapGuest, ground: Ground): CpuSet {
  return CpuSet.union(guest.vcpus.filter(mask => isOwn(mask, guest, ground)));
}

/** The masks of the vCPUs that float, one for each of them. */
export function floatingMasks(guest: MapGuest, ground: Ground): readonly CpuSet[] {
  return guest.vcpus.filter(mask => !mask.isEmpty && !isOwn(mask, guest, ground));
}

function isOwn(mask: CpuSet, { vcpus, floats }: MapGuest, { online, shared }: Ground): boolean {
  if (mask.isEmpty || mask.isSubsetOf(shared)) return false;
  if (mask.size === 1) return true;
  return !floats && !mask.equals(online) && mask.size <= vcpus.filter(other => other.equals(mask)).length;
}

/** The CPU of a guest's emulator threads, when they have one that is no vCPU's; else none. */
export function poolCpus(guest: MapGuest): CpuSet {
  const alone = guest.emulator.size === 1 && !guest.vcpus.some(vcpu => vcpu.intersects(guest.emulator));
  return alone ? guest.emulator : CpuSet.EMPTY;
}

/** The CPUs that carry nothing but an iothread of this guest. */
export function iothreadCpus(guest: MapGuest): CpuSet {
  const alone = CpuSet.union(guest.iothreads.filter(({ size }) => size === 1));
  return alone.minus(CpuSet.union(guest.vcpus)).minus(guest.emulator);
}
