import { CpuSet } from '../../domain/cpu-set.ts';
import { parseCpuList } from '../../domain/cpu-list.ts';
import type { HostModel } from '../../engine/host-model.ts';
import type { PlacedGuest } from './find-threads.ts';
import type { Finding } from './finding.ts';
import { coreFault, specOfEntry } from './guest-cores.ts';
import type { Observed } from './observed.ts';
import { offlineCpus } from './observe-drift.ts';

/**
 * A guest whose cores are not what it asked for, although each of its threads is where it was decided:
 *
 * 1. One of whole cores that came while a sibling of its CPUs was offline, which is back and not its own.
 * 2. One of siblings that lost a CPU when no other core had room for its vCPUs together.
 *
 * While a CPU of its own is offline, that is told alone.
 */
export function findCores(
  { guest, entry }: PlacedGuest,
  model: HostModel,
  seen: Observed,
): readonly Finding[] {
  const spec = specOfEntry(entry);
  const pinned = CpuSet.union(Object.values(entry.placement.pins).map(parseCpuList));
  if (spec === null || !pinned.isSubsetOf(model.policy.online)) return [];
  const fault = coreFault(entry, spec, model);
  if (fault === null) return [];
  const { vm } = guest;
  const drift: Finding['drift'] =
    fault.kind === 'unclaimed'
      ? {
          code: 'exclusivity-lost',
          cause: 'cpu-back-online',
          vm,
          subject: 'siblings',
          wanted: fault.missing.toString(),
          actual: `${vm} wants whole cores and does not hold CPU ${fault.missing.toString()} beside its own`,
        }
      : {
          code: 'vcpu-astray',
          cause: offlineCpus(seen).isEmpty ? 'unknown' : 'cpu-offline',
          vm,
          subject: `vCPU ${fault.vcpus.toString()}`,
          wanted: 'siblings of one core',
          actual: [...fault.vcpus].map(vcpu => entry.placement.pins[vcpu]).join(','),
        };
  return [{ drift, guest, entry, remedy: { kind: 'decide-cores' } }];
}
