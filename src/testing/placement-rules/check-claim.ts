import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { must, sum, type Facts } from './placement-facts.ts';

/** The claim holds exactly what the placement takes. */
export function checkClaim(facts: Facts): void {
  const { placement, spec, host, own, single } = facts;
  const held = facts.claim.cells;
  const cpus = CpuSet.union(held.map(cell => parseCpuList(cell.pcpus)));
  must(facts, cpus.equals(own), 'The claim holds other CPUs than the placement takes.');
  const burnt = CpuSet.union(held.map(cell => parseCpuList(cell.burnt ?? '')));
  must(facts, burnt.equals(own.minus(single)), 'The claim burns other CPUs than those that no thread uses.');
  const overhead = host.policy.overhead_mb_per_guest ?? 0;
  must(
    facts,
    sum(held.map(cell => cell.memoryMiB)) === spec.memoryMiB + overhead,
    'The claim holds other memory.',
  );
  must(facts, facts.claim.emulator?.cpus === placement.emulator.cpus, 'The claim has another emulator set.');
  must(
    facts,
    (facts.claim.devices ?? []).join() === placement.devices.join(),
    'The claim has other devices.',
  );
  placement.cells.forEach((placed, index) => {
    const cell = facts.cellById.get(placed.hostCell);
    const mine = held.filter(other => other.hostCell === placed.hostCell);
    const base = Math.min(...(cell?.pages.map(pool => pool.sizeKiB) ?? [4]), Infinity);
    const size = placed.pageSizeKiB;
    const extra = index === 0 && size === null ? overhead : 0;
    const kib = (placed.memoryMiB + extra) * 1024;
    const main = mine.find(
      other => other.pageSizeKiB === size && other.memoryMiB === placed.memoryMiB + extra,
    );
    must(
      facts,
      main?.pages === Math.ceil(kib / (size ?? (base === Infinity ? 4 : base))),
      'The claim has other pages.',
    );
    const floats = [...parseCpuList(placed.vcpus)].filter(vcpu => !facts.pinOf.has(vcpu)).length;
    must(facts, sum(mine.map(other => other.sharedVcpus)) === floats, 'The claim has other shared vCPUs.');
  });
}
