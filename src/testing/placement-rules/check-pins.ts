import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { must, type Facts } from './placement-facts.ts';

/** A dedicated vCPU on exactly one free dedicated CPU of its cell, none used twice, of the kind and cache asked. */
export function checkPins(facts: Facts): void {
  const { placement, spec, pinOf, cellById } = facts;
  const kind = facts.host.topology.kinds;
  must(facts, Object.keys(placement.pins).length === spec.vcpus, 'Not every vCPU has a pin.');
  must(facts, new Set(pinOf.values()).size === pinOf.size, 'A CPU carries two vCPUs.');
  for (const placed of placement.cells) {
    const cell = cellById.get(placed.hostCell)!;
    const home = parseCpuList(cell.cpus);
    const dedicated = [...parseCpuList(placed.vcpus)].filter(vcpu => pinOf.has(vcpu));
    for (const vcpu of dedicated) {
      const set = parseCpuList(placement.pins[vcpu] ?? '');
      must(facts, set.size === 1, `vCPU ${vcpu} is not on one CPU.`);
      must(facts, set.isSubsetOf(home), `vCPU ${vcpu} is outside of its cell.`);
      must(
        facts,
        set.isSubsetOf(facts.dedicatedSet),
        `vCPU ${vcpu} is on a CPU that is not for dedicated use.`,
      );
      must(facts, !set.intersects(facts.taken), `vCPU ${vcpu} is on a CPU that a claim holds.`);
      if (kind !== undefined && spec.cpuKind !== 'any')
        must(
          facts,
          set.isSubsetOf(parseCpuList(kind[spec.cpuKind])),
          `vCPU ${vcpu} is on the wrong kind of CPU.`,
        );
    }
    const used = CpuSet.of(dedicated.map(vcpu => pinOf.get(vcpu) ?? -1).filter(cpu => cpu >= 0));
    const listed = cell.caches.map(parseCpuList);
    const domains = [...listed, home.minus(CpuSet.union(listed))];
    if (spec.cache === 'require')
      must(
        facts,
        domains.some(domain => used.isSubsetOf(domain)),
        'The vCPUs span cache domains.',
      );
  }
}
