import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { parseCpuSpec } from '../../domain/cpu-spec.ts';
import type { MapGuest, MapModel } from './map-model.ts';

/** What one CPU is used for. */
export type CpuMark =
  | { readonly use: 'vcpu' | 'kept-empty'; readonly guest: string }
  | { readonly use: 'pool' | 'shared' | 'host' | 'offline' | 'free' | 'contended' };

/**
 * What each present CPU is used for, by CPU, in this order of precedence:
 * 1. offline;
 * 2. contended: vCPUs of two guests are pinned to it, which Pinfold never does;
 * 3. a vCPU of one guest is pinned to it alone;
 * 4. pool: some guest's emulator threads run on it alone;
 * 5. kept empty for a guest;
 * 6. shared: in the operator's shared set, or in both uses when there is none and guests float there;
 * 7. host: in none of the operator's sets;
 * 8. free.
 */
export function cpuMarks(model: MapModel): ReadonlyMap<number, CpuMark> {
  const { present, online } = model.topology.cpus;
  const sets = policySets(model);
  const pinned = pinnedGuests(model.guests);
  const pool = CpuSet.union(model.guests.map(poolCpus));
  const running = parseCpuList(online);
  const markOf = (cpu: number): CpuMark => {
    const owners = pinned.get(cpu) ?? [];
    const keeper = model.keptEmpty.get(cpu);
    if (!running.has(cpu)) return { use: 'offline' };
    if (owners.length > 1) return { use: 'contended' };
    if (owners.length === 1) return { use: 'vcpu', guest: owners[0]! };
    if (pool.has(cpu)) return { use: 'pool' };
    if (keeper !== undefined) return { use: 'kept-empty', guest: keeper };
    if (sets.shared.has(cpu)) return { use: 'shared' };
    return { use: sets.any.has(cpu) ? 'free' : 'host' };
  };
  return new Map([...parseCpuList(present)].map(cpu => [cpu, markOf(cpu)]));
}

/** The CPU of a guest's emulator threads, when they have one that is no vCPU's; else none. */
export function poolCpus(guest: MapGuest): CpuSet {
  const alone = guest.emulator.size === 1 && !guest.vcpus.some(vcpu => vcpu.intersects(guest.emulator));
  return alone ? guest.emulator : CpuSet.EMPTY;
}

/** The vCPUs of a guest that have a CPU of their own. */
export function pinnedCpus(guest: MapGuest): CpuSet {
  return CpuSet.union(guest.vcpus.filter(vcpu => vcpu.size === 1));
}

function pinnedGuests(guests: readonly MapGuest[]): Map<number, string[]> {
  const owners = new Map<number, string[]>();
  for (const guest of guests) {
    for (const cpu of pinnedCpus(guest)) owners.set(cpu, [...(owners.get(cpu) ?? []), guest.name]);
  }
  return owners;
}

/** Without any set all online CPUs serve both uses; `vcpu_pin_set` names CPUs that do. */
function policySets({ policy, topology }: MapModel): { readonly shared: CpuSet; readonly any: CpuSet } {
  const [dedicated, shared, both, emulator] = [
    policy.cpu_dedicated_set,
    policy.cpu_shared_set,
    policy.vcpu_pin_set,
    policy.emulator_pin_set,
  ].map(text => parseCpuSpec(text ?? ''));
  const named = CpuSet.union([dedicated!, shared!, both!]);
  const any = named.isEmpty ? parseCpuList(topology.cpus.online) : named;
  return { shared: shared!, any: any.union(emulator!) };
}
