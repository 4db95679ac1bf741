import type { GuestSpec } from '../../domain/guest-spec.ts';
import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { Placement } from '../../domain/decision.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import { claimOf } from '../../engine/claim-of.ts';
import type { HostModel } from '../../engine/host-model.ts';
import { ownThreads } from '../../engine/rebalance/own-threads.ts';
import { readRequest } from '../../engine/request/read-request.ts';
import { heldCpus } from './wanted-placement.ts';

/** A guest whose placement is known. */
export type PlacedEntry = LedgerEntry & { readonly placement: Placement };

/** What the cores of a guest lack of what its options ask for. */
export type CoreFault =
  /** Siblings of its CPUs that a guest of whole cores does not hold. */
  | { readonly kind: 'unclaimed'; readonly missing: CpuSet }
  /** vCPUs that should share a core with another vCPU of the guest, and do not. */
  | { readonly kind: 'apart'; readonly vcpus: CpuSet };

/**
 * What the guest of an entry asked for; null where nobody noted it, it is not valid any more, or vCPUs were plugged in since:
 * the guest could then not be decided anew as a whole.
 */
export function specOfEntry({ vm, request, placement }: PlacedEntry): GuestSpec | null {
  if (request === undefined) return null;
  const read = readRequest({ ...request, vm });
  if (!read.ok || read.spec.vcpus !== Object.keys(placement.pins).length) return null;
  return read.spec;
}

/** Whether the options say more of the guest's CPUs than that each dedicated vCPU has one, siblings kept idle aside. */
export function choosesCores(
  { threadPolicy, cache, cpuKind, topology }: GuestSpec,
  told: Placement,
): boolean {
  if (threadPolicy === 'require' || threadPolicy === 'separate' || threadPolicy === 'avoid') return true;
  return cache === 'require' || cpuKind !== 'any' || isTied(topology, told);
}

/**
 * What is not as the guest's options ask for, on the cores that are online; null when all is.
 *
 * 1. Under thread policy isolate, the guest holds every sibling of its own CPUs.
 * 2. Under require, at most one vCPU of a guest cell has no sibling of its guest.
 * 3. vCPUs that the guest is told to be siblings are siblings, unless it named their number itself.
 */
export function coreFault(entry: PlacedEntry, spec: GuestSpec, model: HostModel): CoreFault | null {
  const { placement } = entry;
  if (spec.threadPolicy === 'isolate') {
    const whole = claimOf(model, { placement, spec, source: 'observed' });
    const missing = heldCpus({ ...entry, claim: whole }).minus(heldCpus(entry));
    return missing.isEmpty ? null : { kind: 'unclaimed', missing };
  }
  const core = new Map<number, number>();
  for (const { role, index, cpu } of ownThreads({ spec, placement, claim: entry.claim }))
    if (role === 'vcpu') core.set(index, model.coreOf[cpu] ?? -1);
  const lone = spec.threadPolicy === 'require' ? loneVcpus(placement, core) : [];
  const threads = isTied(spec.topology, placement) ? placement.topology.threads : 1;
  const torn = [...core.keys()].filter(vcpu => core.get(vcpu) !== core.get(vcpu - (vcpu % threads)));
  const vcpus = CpuSet.of([...lone, ...torn]);
  return vcpus.isEmpty ? null : { kind: 'apart', vcpus };
}

/** Whether the guest was told siblings of our choice. */
function isTied({ preferred }: GuestSpec['topology'], { topology }: Placement): boolean {
  return preferred.threads === null && topology.threads > 1;
}

/** By guest cell those that have a core without another vCPU, where they are more than one. */
function loneVcpus(placement: Placement, core: ReadonlyMap<number, number>): readonly number[] {
  return placement.cells.flatMap(cell => {
    const vcpus = [...parseCpuList(cell.vcpus)].filter(vcpu => core.has(vcpu));
    const lone = vcpus.filter(
      vcpu => !vcpus.some(other => other !== vcpu && core.get(other) === core.get(vcpu)),
    );
    return lone.length > 1 ? lone : [];
  });
}
