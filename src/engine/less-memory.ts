import type { GuestSpec } from '../domain/guest-spec.ts';
import type { HostModel } from './host-model.ts';
import { largest } from './largest.ts';
import { placeCells } from './place.ts';

/**
 * The guest with the most memory below what it asks for that fits, its cells in their proportion; null when not
 * even one step fits.
 *
 * 1. For each page size that its wish stands for, halve over multiples of that size: among them less memory never
 *    fits worse, because every multiple may use this size.
 * 2. The most memory of these answers. Memory that only a larger page divides is found at the larger size.
 */
export function withMostMemory(model: HostModel, spec: GuestSpec): GuestSpec | null {
  let best: GuestSpec | null = null;
  for (const stepMiB of memorySteps(model, spec)) {
    const at = (steps: number) => withLargestCell(spec, steps * stepMiB, stepMiB);
    const fits = (steps: number) => {
      const changed = at(steps);
      return changed !== null && placeCells(model, changed, true).ok;
    };
    const steps = largest(Math.floor(largestCell(spec) / stepMiB), fits);
    const found = steps === 0 ? null : at(steps);
    if (found !== null && found.memoryMiB > (best?.memoryMiB ?? 0)) best = found;
  }
  return best;
}

/** The whole MiB that memory may be a multiple of, one for each page size of the wish: 1 without a wish. */
function memorySteps({ cells }: HostModel, { pageSize }: GuestSpec): ReadonlySet<number> {
  if (pageSize === null) return new Set([1]);
  if (typeof pageSize === 'number') return new Set([wholeMiB(pageSize)]);
  const [from, to] = pageSize === 'small' ? [0, 1] : [pageSize === 'large' ? 1 : 0, undefined];
  const pools = cells.flatMap(cell => cell.pools.slice(from, to));
  return new Set(pools.length === 0 ? [1] : pools.map(pool => wholeMiB(pool.sizeKiB)));
}

/** The least whole number of MiB that pages of this size fill. */
function wholeMiB(pageKiB: number): number {
  let divisor = pageKiB;
  for (let rest = 1024; rest > 0; ) [divisor, rest] = [rest, divisor % rest];
  return pageKiB / divisor;
}

function largestCell(spec: GuestSpec): number {
  return Math.max(...spec.cells.map(cell => cell.memoryMiB));
}

/**
 * The guest with this much memory in its largest cell, the others cut in proportion to whole steps, one at least;
 * null when that is no less than it has.
 */
function withLargestCell(spec: GuestSpec, memoryMiB: number, stepMiB: number): GuestSpec | null {
  const most = largestCell(spec);
  const part = (whole: number) =>
    whole === 0 ? 0 : Math.max(1, Math.floor((whole * memoryMiB) / most / stepMiB)) * stepMiB;
  const cells = spec.cells.map(cell => ({ ...cell, memoryMiB: part(cell.memoryMiB) }));
  const total = cells.reduce((sum, cell) => sum + cell.memoryMiB, 0);
  return total < spec.memoryMiB ? { ...spec, cells, memoryMiB: total } : null;
}
