import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { parseCpuSpec } from '../../domain/cpu-spec.ts';
import { type Ground, iothreadCpus, ownCpus, poolCpus } from './guest-cpus.ts';
import type { MapModel } from './map-model.ts';

/** What one CPU is used for; `contended` names all whose vCPUs are there. */
export type CpuMark =
  | { readonly use: 'vcpu' | 'iothread' | 'kept-empty'; readonly guest: string }
  | { readonly use: 'contended'; readonly guests: readonly string[] }
  | { readonly use: 'pool' | 'shared' | 'host' | 'offline' | 'free' };

/** The word of what a CPU is used for. */
export type CpuUse = CpuMark['use'];

/**
 * What each present CPU is used for, by CPU, in this order of precedence:
 * 1. offline;
 * 2. contended: vCPUs of two guests have it for their own, which Pinfold never does;
 * 3. a vCPU of one guest has it for its own;
 * 4. pool: some guest's emulator threads run on it alone, or the operator set it aside for them;
 * 5. an iothread of one guest runs on it alone;
 * 6. kept empty for a guest;
 * 7. shared: in the operator's shared set;
 * 8. host: in none of the operator's sets;
 * 9. free.
 */
export function cpuMarks(model: MapModel): ReadonlyMap<number, CpuMark> {
  const ground = groundOf(model);
  const sets = policySets(model, ground);
  const owners = ownersBy(model, guest => ownCpus(guest, ground));
  const iothreads = ownersBy(model, iothreadCpus);
  const pool = CpuSet.union([...model.guests.map(poolCpus), sets.emulator]);
  const markOf = (cpu: number): CpuMark => {
    const own = owners.get(cpu) ?? [];
    const keeper = model.keptEmpty.get(cpu);
    if (!ground.online.has(cpu)) return { use: 'offline' };
    if (own.length > 1) return { use: 'contended', guests: own };
    if (own.length === 1) return { use: 'vcpu', guest: own[0]! };
    if (pool.has(cpu)) return { use: 'pool' };
    if (iothreads.has(cpu)) return { use: 'iothread', guest: iothreads.get(cpu)![0]! };
    if (keeper !== undefined) return { use: 'kept-empty', guest: keeper };
    if (ground.shared.has(cpu)) return { use: 'shared' };
    return { use: sets.any.has(cpu) ? 'free' : 'host' };
  };
  const present = parseCpuList(model.topology.cpus.present).union(ground.online);
  return new Map([...present].map(cpu => [cpu, markOf(cpu)]));
}

/** The online CPUs and the operator's shared set. */
export function groundOf({ topology, policy }: MapModel): Ground {
  return {
    online: parseCpuList(topology.cpus.online),
    shared: parseCpuSpec(policy.cpu_shared_set ?? ''),
  };
}

function ownersBy(
  { guests }: MapModel,
  cpusOf: (guest: MapModel['guests'][number]) => CpuSet,
): ReadonlyMap<number, readonly string[]> {
  const owners = new Map<number, string[]>();
  for (const guest of guests) {
    for (const cpu of cpusOf(guest)) owners.set(cpu, [...(owners.get(cpu) ?? []), guest.name]);
  }
  return owners;
}

/** Without any set all online CPUs serve both uses; `vcpu_pin_set` names CPUs that do. */
function policySets(
  { policy }: MapModel,
  { online, shared }: Ground,
): { readonly any: CpuSet; readonly emulator: CpuSet } {
  const [dedicated, both, emulator] = [
    policy.cpu_dedicated_set,
    policy.vcpu_pin_set,
    policy.emulator_pin_set,
  ].map(text => parseCpuSpec(text ?? ''));
  const named = CpuSet.union([dedicated!, shared, both!]);
  return { any: named.isEmpty ? online : named, emulator: emulator!.intersect(online) };
}
