import { CpuSet } from '../domain/cpu-set.ts';
import type { GuestCell, GuestSpec } from '../domain/guest-spec.ts';
import { membersOf } from './bits.ts';

/**
 * The guest as `count` guest cells of consecutive vCPUs, as equal as they can be: the first cells get what does
 * not divide. Memory follows in steps of the page size (2 MiB, or the asked size when it is larger).
 */
export function splitGuest(spec: GuestSpec, count: number): GuestSpec {
  const dedicated = CpuSet.union(spec.cells.map(cell => cell.dedicated));
  const vcpus = membersOf(CpuSet.union(spec.cells.map(cell => cell.vcpus)));
  const stepMiB = typeof spec.pageSize === 'number' ? Math.max(2, Math.ceil(spec.pageSize / 1024)) : 2;
  const even = spec.memoryMiB % count === 0 && (spec.memoryMiB / count) % stepMiB === 0;
  const step = even ? spec.memoryMiB / count : Math.floor(spec.memoryMiB / count / stepMiB) * stepMiB;
  const cells: GuestCell[] = [];
  let next = 0;
  for (let id = 0; id < count; id += 1) {
    const size = Math.floor(vcpus.length / count) + (id < vcpus.length % count ? 1 : 0);
    const own = CpuSet.of(vcpus.slice(next, next + size));
    next += size;
    const memoryMiB = id === 0 ? spec.memoryMiB - step * (count - 1) : step;
    cells.push({ id, vcpus: own, dedicated: own.intersect(dedicated), memoryMiB });
  }
  return { ...spec, cells };
}
