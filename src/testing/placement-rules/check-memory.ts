import type { Cell } from '../../domain/host-topology.ts';
import { must, sum, type Facts } from './placement-facts.ts';

/** Pages from the pool they are counted against, or base pages; the RAM ratio for shared and mixed guests. */
export function checkMemory(facts: Facts): void {
  const { placement, spec, host, cellById } = facts;
  const overhead = host.policy.overhead_mb_per_guest ?? 0;
  placement.cells.forEach((placed, index) => {
    const cell = cellById.get(placed.hostCell)!;
    const held = host.claims.flatMap(other => other.cells).filter(other => other.hostCell === cell.id);
    const extra = index === 0 ? overhead : 0;
    const claimedMiB = sum(held.map(other => other.memoryMiB));
    if (spec.cpuPolicy !== 'dedicated' && cell.memoryMiB !== null)
      must(
        facts,
        claimedMiB + placed.memoryMiB + extra <= cell.memoryMiB * (host.policy.ram_allocation_ratio ?? 1),
        `Cell ${cell.id} exceeds its RAM ratio.`,
      );
    pageSizeAsAsked(facts, placed.pageSizeKiB, cell);
    if (placed.pageSizeKiB !== null)
      must(
        facts,
        (placed.memoryMiB * 1024) % placed.pageSizeKiB === 0,
        `The memory is no multiple of ${placed.pageSizeKiB} KiB.`,
      );
    if (cell.pages.length === 0) {
      const pinned = spec.cpuPolicy === 'dedicated' || spec.cpuPolicy === 'mixed';
      must(
        facts,
        placed.memoryMiB + extra + (pinned ? claimedMiB : 0) <= (cell.memoryMiB ?? Infinity),
        `Cell ${cell.id} lacks memory.`,
      );
      return;
    }
    const base = Math.min(...cell.pages.map(pool => pool.sizeKiB));
    const size = placed.pageSizeKiB ?? base;
    must(
      facts,
      placed.pageSizeKiB === null || (placed.memoryMiB * 1024) % size === 0,
      `The memory is no multiple of ${size} KiB.`,
    );
    poolHolds(facts, {
      cell,
      size,
      neededKiB: (placed.memoryMiB + (size === base ? extra : 0)) * 1024,
      asked: placed.pageSizeKiB !== null,
    });
    if (size !== base && extra > 0)
      poolHolds(facts, { cell, size: base, neededKiB: extra * 1024, asked: false });
  });
}

function pageSizeAsAsked(facts: Facts, size: number | null, cell: Cell): void {
  const wish = facts.spec.pageSize;
  const sizes = cell.pages.map(pool => pool.sizeKiB);
  const base = Math.min(...sizes);
  if (wish === null) must(facts, size === null, 'A page size that nobody asked for.');
  else if (sizes.length > 0) {
    must(facts, size !== null && sizes.includes(size), 'A page size that the cell does not have.');
    if (typeof wish === 'number') must(facts, size === wish, 'Another page size than asked.');
    if (wish === 'small') must(facts, size === base, 'Not the small page size.');
    if (wish === 'large') must(facts, size !== base, 'Not a large page size.');
  }
}

function poolHolds(
  facts: Facts,
  ask: { readonly cell: Cell; readonly size: number; readonly neededKiB: number; readonly asked: boolean },
): void {
  const { cell, size, asked } = ask;
  const { host, spec } = facts;
  const pool = cell.pages.find(candidate => candidate.sizeKiB === size);
  if (pool === undefined) return;
  const base = Math.min(...cell.pages.map(candidate => candidate.sizeKiB));
  const rules = (host.policy.reserved_huge_pages ?? []).map(rule =>
    rule.split(',').map(part => Number(part.split(':')[1])),
  );
  const kept =
    pool.reserved +
    sum(rules.filter(([node, kib]) => node === cell.id && kib === size).map(rule => rule[2] ?? 0));
  const claimed = sum(
    host.claims
      .flatMap(held => held.cells)
      .filter(held => held.hostCell === cell.id && (held.pageSizeKiB ?? base) === size)
      .map(held => held.pages),
  );
  const overcommits = !asked && spec.cpuPolicy !== 'dedicated' && spec.cpuPolicy !== 'mixed';
  const has = overcommits ? pool.total - kept : Math.min(pool.free ?? Infinity, pool.total - kept - claimed);
  must(
    facts,
    Math.ceil(ask.neededKiB / size) <= Math.max(0, has),
    `Cell ${cell.id} lacks pages of ${size} KiB.`,
  );
}
