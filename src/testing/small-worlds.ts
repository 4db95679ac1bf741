import fc from 'fast-check';
import { parseCpuList } from '../domain/cpu-list.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import type { GuestSpec } from '../domain/guest-spec.ts';
import type { Host } from '../domain/host.ts';
import { smallGuests } from './small-guests.ts';
import { smallHosts } from './small-hosts.ts';

/** A host small enough to try every placement on it, and a guest that about fits. */
export interface SmallWorld {
  readonly host: Host;
  readonly spec: GuestSpec;
}

/** A guest that wants every free dedicated CPU of as many cells as it has guest cells: hardly any choice is left. */
function tightGuest(host: Host, wish: GuestSpec): GuestSpec {
  const taken = CpuSet.union(host.claims.flatMap(claim => claim.cells.map(cell => parseCpuList(cell.pcpus))));
  const { policy } = host;
  const sets = [policy.cpu_dedicated_set, policy.vcpu_pin_set].filter(
    text => text !== undefined && text !== '',
  );
  const open = sets.length === 0 ? parseCpuList(host.topology.cpus.online) : parseCpuList(sets[0]!);
  const counts = host.topology.cells
    .map(
      cell =>
        parseCpuList(cell.cpus)
          .intersect(open)
          .minus(taken)
          .minus(parseCpuList(policy.emulator_pin_set ?? '')).size,
    )
    .filter(count => count > 0)
    .slice(0, wish.cells.length);
  if (counts.length === 0) return wish;
  let next = 0;
  const cells = counts.map((count, id) => {
    const vcpus = CpuSet.range(next, next + count - 1);
    next += count;
    return { id, vcpus, dedicated: vcpus, memoryMiB: 2 };
  });
  const threadPolicy = wish.threadPolicy === 'require' ? 'require' : null;
  const change = {
    cells,
    threadPolicy,
    vcpus: next,
    memoryMiB: 2 * cells.length,
    devices: [],
    allowedCells: null,
  } as const;
  return { ...wish, ...change, cpuPolicy: 'dedicated', cache: 'prefer', emulator: 'float' };
}

/** A small host with a guest: half of the guests are of any kind, half want all that is left. */
export const smallWorlds: fc.Arbitrary<SmallWorld> = fc
  .record({ host: smallHosts, spec: smallGuests, tight: fc.boolean() })
  .map(({ host, spec, tight }) => ({ host, spec: tight ? tightGuest(host, spec) : spec }));
