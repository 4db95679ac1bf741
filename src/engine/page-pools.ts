import type { Cell } from '../domain/host-topology.ts';
import type { CellUsage } from './claim-usage.ts';
import type { ReservedPages } from './request/reserved-pages.ts';

/** The pages of one size on one cell, as decisions count them. */
export interface PoolModel {
  readonly sizeKiB: number;
  /** Without what kernel and policy reserve: what a shared guest, which may overcommit, is checked against. */
  readonly total: number;
  /** What a new guest can have now, never below 0: the smaller of free and total − reserved − claimed. */
  readonly available: number;
}

/** The cell's pools, ascending by page size; empty = unknown. `reserved` are the policy's reserved_huge_pages. */
export function pagePools(
  cell: Cell,
  usage: CellUsage | undefined,
  reserved: readonly ReservedPages[],
): readonly PoolModel[] {
  const sorted = [...cell.pages].sort((a, b) => a.sizeKiB - b.sizeKiB);
  const base = sorted[0];
  // Huge pages that are claimed and not made yet (Proxmox VE makes them at the start) will come out of the base pool.
  const promisedKiB = sorted.slice(1).reduce((sum, { sizeKiB, total }) => {
    const claimed = usage?.pages.get(sizeKiB) ?? 0;
    return sum + Math.max(0, claimed - total) * sizeKiB;
  }, 0);
  return sorted.map((pool, index) => {
    const promised = pool === base ? Math.ceil(promisedKiB / pool.sizeKiB) : 0;
    const claimed = (usage?.pages.get(pool.sizeKiB) ?? 0) + (index === 0 ? (usage?.pages.get(0) ?? 0) : 0);
    const kept = pool.reserved + reservedPages(cell.id, pool.sizeKiB, reserved);
    const left = pool.total - kept - claimed;
    const free = pool.free ?? null;
    return {
      sizeKiB: pool.sizeKiB,
      total: pool.total - kept,
      available: Math.max(0, (free === null ? left : Math.min(free, left)) - promised),
    };
  });
}

/** Sum of the policy's rules for this cell and size; rules for other cells and sizes do not count, as in Nova. */
function reservedPages(cellId: number, sizeKiB: number, reserved: readonly ReservedPages[]): number {
  let pages = 0;
  for (const rule of reserved) if (rule.node === cellId && rule.sizeKiB === sizeKiB) pages += rule.count;
  return pages;
}
