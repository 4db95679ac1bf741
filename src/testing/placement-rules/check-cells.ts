import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { must, type Facts } from './placement-facts.ts';

/** Each guest cell on a host cell of its own, every vCPU in exactly one, vCPUs and memory as asked. */
export function checkCells(facts: Facts): void {
  const { placement, spec, cellById } = facts;
  const hosts = placement.cells.map(cell => cell.hostCell);
  must(facts, new Set(hosts).size === hosts.length, 'Two guest cells share a host cell.');
  must(
    facts,
    hosts.every(id => cellById.has(id)),
    'A host cell does not exist.',
  );
  must(
    facts,
    hosts.every(id => spec.allowedCells?.includes(id) ?? true),
    'A host cell is not allowed.',
  );
  const sets = placement.cells.map(cell => parseCpuList(cell.vcpus));
  const sum = sets.reduce((total, set) => total + set.size, 0);
  must(
    facts,
    sum === spec.vcpus && CpuSet.union(sets).equals(CpuSet.range(0, spec.vcpus - 1)),
    'The vCPUs are not dealt out once each.',
  );
  must(
    facts,
    placement.cells.reduce((total, cell) => total + cell.memoryMiB, 0) === spec.memoryMiB,
    'The memory does not add up.',
  );
  placement.cells.forEach((cell, index) => {
    must(
      facts,
      cell.guestCell === (spec.autoCells ? index : spec.cells[index]?.id),
      'The guest cells are not in order.',
    );
    if (spec.autoCells) return;
    must(
      facts,
      cell.memoryMiB === spec.cells[index]?.memoryMiB,
      `Guest cell ${cell.guestCell} has other memory than asked.`,
    );
    must(
      facts,
      cell.vcpus === spec.cells[index]?.vcpus.toString(),
      `Guest cell ${cell.guestCell} has other vCPUs than asked.`,
    );
  });
}
