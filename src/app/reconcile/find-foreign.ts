import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { DriftCause, DriftCode } from '../../domain/drift.ts';
import type { Claim } from '../../domain/claim.ts';
import type { Finding, Remedy } from './finding.ts';
import type { Observed, SeenGuest } from './observed.ts';

/**
 * Guests that Pinfold did not place, against the dedicated CPUs of those that it did:
 *
 * 1. One whose every thread may run everywhere was pinned by nobody: it is confined to the CPUs that are nobody's. What was
 *    confined before is confined anew when those change.
 * 2. One with pins keeps them, whatever they are; where they are on somebody's CPU, that is told.
 */
export function findForeign(seen: Observed): readonly Finding[] {
  const online = parseCpuList(seen.host.topology.cpus.online);
  const ours = new Set(seen.entries.filter(({ foreign }) => foreign === null).map(({ vm }) => vm));
  const taken = seen.host.claims
    .filter(({ vm }) => ours.has(vm))
    .map(claim => ({ vm: claim.vm, cpus: cpusOf(claim) }));
  const dedicated = CpuSet.union(taken.map(({ cpus }) => cpus));
  const strangers = seen.guests.filter(({ vm, threads }) => !ours.has(vm) && threads.length > 0);
  return strangers.flatMap(guest => {
    const allowed = CpuSet.union(guest.threads.map(thread => thread.allowed));
    const confined = seen.confined.get(guest.process);
    const rest = online.minus(dedicated);
    const at = { guest, allowed, rest };
    if (isUnpinned(guest, online) && allowed.intersects(dedicated))
      return [finding('foreign-over-dedicated', 'unpinned', at)];
    if (confined !== undefined && isExactly(guest, parseCpuList(confined)) && !allowed.equals(rest))
      return [
        finding(
          allowed.intersects(dedicated) ? 'foreign-over-dedicated' : 'shared-set-stale',
          allowed.intersects(dedicated) ? 'dedicated-came' : 'dedicated-left',
          at,
        ),
      ];
    const robbed = taken.find(({ cpus }) => cpus.intersects(allowed));
    return robbed === undefined || isUnpinned(guest, online) ? [] : [collision(at, robbed)];
  });
}

function isUnpinned({ threads }: SeenGuest, online: CpuSet): boolean {
  return threads.every(({ allowed }) => online.isSubsetOf(allowed));
}

function isExactly({ threads }: SeenGuest, cpus: CpuSet): boolean {
  return threads.every(({ allowed }) => allowed.equals(cpus));
}

function finding(
  code: DriftCode,
  cause: DriftCause,
  { guest, allowed, rest }: { readonly guest: SeenGuest; readonly allowed: CpuSet; readonly rest: CpuSet },
): Finding {
  return {
    drift: {
      code,
      cause,
      vm: guest.vm,
      subject: 'all threads',
      wanted: rest.toString(),
      actual: allowed.toString(),
    },
    guest,
    entry: null,
    remedy: remedyFor(rest),
  };
}

function remedyFor(rest: CpuSet): Remedy {
  if (rest.isEmpty)
    return {
      kind: 'none',
      why: 'every CPU of this host is dedicated: leave some for others in cpu_dedicated_set',
    };
  return { kind: 'confine', cpus: rest.toString() };
}

function collision(
  { guest, allowed }: { readonly guest: SeenGuest; readonly allowed: CpuSet },
  robbed: { readonly vm: string; readonly cpus: CpuSet },
): Finding {
  return {
    drift: {
      code: 'pins-collide',
      cause: 'pinned-by-hand',
      vm: guest.vm,
      subject: 'all threads',
      wanted: '',
      actual: allowed.toString(),
    },
    guest,
    entry: null,
    remedy: {
      kind: 'none',
      why: `its pins are somebody's own and are not touched, but ${robbed.cpus.intersect(allowed).toString()} is dedicated to ${robbed.vm}: take one of the two away from there`,
    },
  };
}

function cpusOf(claim: Claim): CpuSet {
  return CpuSet.union(claim.cells.map(({ pcpus }) => parseCpuList(pcpus)));
}
