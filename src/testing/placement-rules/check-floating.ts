import { parseCpuList } from '../../domain/cpu-list.ts';
import type { CpuSet } from '../../domain/cpu-set.ts';
import { must, sum, type Facts } from './placement-facts.ts';

/** Floating vCPUs: exactly the cell's shared CPUs that nobody owns; enough of them for this guest and all others. */
export function checkFloating(facts: Facts): void {
  const { placement, host, own, pinOf } = facts;
  const cpuRatio = host.policy.cpu_allocation_ratio ?? 4;
  for (const cell of host.topology.cells) {
    const before = parseCpuList(cell.cpus).intersect(facts.sharedSet).minus(facts.taken);
    const after = before.minus(own);
    const placed = placement.cells.find(candidate => candidate.hostCell === cell.id);
    const mine = placed === undefined ? [] : [...parseCpuList(placed.vcpus)].filter(vcpu => !pinOf.has(vcpu));
    for (const vcpu of mine)
      must(
        facts,
        facts.running === 'moving'
          ? isPartOf(parseCpuList(placement.pins[vcpu] ?? ''), after)
          : placement.pins[vcpu] === after.toString(),
        `vCPU ${vcpu} does not float over the shared CPUs of its cell.`,
      );
    const others = sum(
      host.claims
        .flatMap(held => held.cells)
        .filter(held => held.hostCell === cell.id)
        .map(held => held.sharedVcpus),
    );
    must(
      facts,
      mine.length === 0 || after.size > 0,
      `Cell ${cell.id} has no shared CPU for the guest cell's shared vCPUs.`,
    );
    if (mine.length > 0 || after.size < before.size)
      must(facts, others + mine.length <= after.size * cpuRatio, `Cell ${cell.id} exceeds its CPU ratio.`);
  }
}

function isPartOf(some: CpuSet, all: CpuSet): boolean {
  return !some.isEmpty && some.isSubsetOf(all);
}
