import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { Claim } from '../../domain/claim.ts';
import type { Placement } from '../../domain/decision.ts';
import { DEFAULT_NODE_POLICY, type Exclusivity, type NodePolicy } from '../../domain/node-policy.ts';
import type { ScopeSettings } from '../../formats/systemd/scope-drop-in.ts';

/**
 * What a placement asks of the guest's scope:
 *
 * 1. Where its CPUs are to be nobody else's and a partition may follow, systemd is told to keep its hands off the scope's
 *    cpusets; its own CPUs stay open, because they are what the vCPUs would fall back to.
 * 2. Where fences are to do it, the scope is held to the guest's CPUs.
 * 3. Its memory comes from the decided cells alone.
 */
export function scopeSettings(placement: Placement, claim: Claim, policy: NodePolicy): ScopeSettings {
  const mode: Exclusivity = policy.exclusivity ?? DEFAULT_NODE_POLICY.exclusivity;
  const owns = ownsCpus(claim);
  return {
    delegate: owns && (mode === 'auto' || mode === 'partition'),
    allowedCpus: owns && mode === 'fence' ? allCpus(placement).toString() : null,
    allowedCells: placement.memoryMode === 'none' || placement.nodeset === '' ? null : placement.nodeset,
  };
}

/** Whether the guest makes any CPU unusable for others. */
export function ownsCpus(claim: Claim): boolean {
  return claim.cells.some(({ pcpus }) => pcpus !== '');
}

/** Every CPU that any thread of the guest is to run on. */
export function allCpus(placement: Placement): CpuSet {
  const lists = [
    ...Object.values(placement.pins),
    ...Object.values(placement.iothreads),
    placement.emulator.cpus,
  ];
  return CpuSet.union(lists.map(parseCpuList));
}
