import type { Constraint } from '../domain/refusal-codes.ts';
import type { CellModel } from './cell-model.ts';
import type { CellNeed, GuestNeed } from './guest-need.ts';
import type { HostModel } from './host-model.ts';

/** What a check found missing; written by the check that fails. */
export interface Missing {
  constraint: Constraint;
  needed: number;
  available: number;
}

/** Index of a page pool that means "the base pool, not asked for". */
const BASE_POOL = -1;
/** The memory does not fit; the reason is in {@link Missing}. */
export const NO_POOL = -2;

/**
 * The page pool of a host cell that a guest cell's memory comes from: its index, {@link BASE_POOL} when no page
 * size is asked for, {@link NO_POOL} when it does not fit.
 *
 * 1. No page size: the base pool only, free pages for a dedicated or mixed guest, all pages for a shared one
 *    (Nova's rule); where no pools are known, the cell's memory.
 * 2. A page size: the biggest of the sizes it stands for that divides the memory and has the pages, or on Proxmox VE can be
 *    given them.
 * 3. Shared and mixed guests are also held to the RAM ratio.
 */
export function choosePool(
  model: HostModel,
  cell: CellModel,
  ask: { readonly guest: GuestNeed; readonly need: CellNeed; readonly missing: Missing },
): number {
  const { guest, need, missing } = ask;
  if (guest.ratios && cell.memoryMiB !== null) {
    const limit = cell.memoryMiB * model.policy.ramRatio;
    const wanted = cell.claimedMiB + need.memoryMiB + need.overheadMiB;
    if (wanted > limit)
      return lack(
        missing,
        'ram-ratio',
        need.memoryMiB + need.overheadMiB,
        Math.max(0, Math.floor(limit - cell.claimedMiB)),
      );
  }
  if (cell.pools.length === 0) return withoutPools(cell, ask);
  if (guest.spec.pageSize === null) return fromBasePool(cell, ask, need.memoryMiB + need.overheadMiB);
  if (need.overheadMiB > 0 && fromBasePool(cell, ask, need.overheadMiB) === NO_POOL) return NO_POOL;
  return fromSizedPool(model, cell, ask);
}

type Ask = Parameters<typeof choosePool>[2];

function withoutPools(cell: CellModel, { guest, need, missing }: Ask): number {
  const { pageSize } = guest.spec;
  const kib = need.memoryMiB * 1024;
  if (typeof pageSize === 'number' && kib % pageSize !== 0)
    return lack(missing, 'page-multiple', kib, Math.floor(kib / pageSize) * pageSize);
  if (cell.memoryMiB === null) return BASE_POOL;
  const available =
    guest.spec.cpuPolicy === 'dedicated' || guest.spec.cpuPolicy === 'mixed'
      ? cell.memoryMiB - cell.claimedMiB
      : cell.memoryMiB;
  const needed = need.memoryMiB + need.overheadMiB;
  return needed > available ? lack(missing, 'memory', needed, Math.max(0, available)) : BASE_POOL;
}

function fromBasePool(cell: CellModel, { guest, missing }: Ask, neededMiB: number): number {
  const pool = cell.pools[0]!;
  const pinned = guest.spec.cpuPolicy === 'dedicated' || guest.spec.cpuPolicy === 'mixed';
  const pages = pinned ? pool.available : pool.total;
  const needed = Math.ceil((neededMiB * 1024) / pool.sizeKiB);
  return needed > pages
    ? lack(missing, 'memory', neededMiB, Math.max(0, Math.floor((pages * pool.sizeKiB) / 1024)))
    : BASE_POOL;
}

function fromSizedPool(model: HostModel, cell: CellModel, { guest, need, missing }: Ask): number {
  const wish = guest.spec.pageSize!;
  const kib = need.memoryMiB * 1024;
  let best = NO_POOL;
  for (let i = cell.pools.length - 1; i >= 0; i -= 1) {
    const pool = cell.pools[i]!;
    if (wish === 'small' ? i !== 0 : wish === 'large' ? i === 0 : wish !== 'any' && pool.sizeKiB !== wish)
      continue;
    if (kib % pool.sizeKiB !== 0) {
      if (best === NO_POOL)
        best = lack(missing, 'page-multiple', kib, Math.floor(kib / pool.sizeKiB) * pool.sizeKiB) - 1;
      continue;
    }
    const overhead = i === 0 ? Math.ceil((need.overheadMiB * 1024) / pool.sizeKiB) : 0;
    const needed = kib / pool.sizeKiB + overhead;
    const spare =
      i === 0 && model.policy.reservedMemoryMiB > 0
        ? Math.floor((model.spareMiB * 1024) / pool.sizeKiB)
        : Infinity;
    const pages = Math.max(0, Math.min(pool.available, spare)) + madeAtStart(model, cell, { guest, pool: i });
    if (needed <= pages) return i;
    best = lack(missing, 'pages', needed, pages) - 1;
  }
  if (best === NO_POOL) lack(missing, 'page-size', 1, 0);
  return NO_POOL;
}

/**
 * Pages that Proxmox VE makes of free memory when the guest starts (qemu-server, `hugepages_allocate`), so that a pool may be
 * empty until then. Of 2 MiB alone: whole GiBs are found only in memory that nothing has broken up, so those must be there.
 */
function madeAtStart(
  model: HostModel,
  cell: CellModel,
  { guest, pool }: { readonly guest: GuestNeed; readonly pool: number },
): number {
  const base = cell.pools[0]!;
  const sizeKiB = cell.pools[pool]!.sizeKiB;
  if (guest.spec.carrier !== 'proxmox' || pool === 0 || sizeKiB !== MADE_PAGE_KIB) return 0;
  const freeMiB = Math.min((base.available * base.sizeKiB) / 1024, Math.max(0, model.spareMiB));
  return Math.floor((freeMiB * 1024) / sizeKiB);
}

const MADE_PAGE_KIB = 2048;

function lack(missing: Missing, constraint: Constraint, needed: number, available: number): number {
  missing.constraint = constraint;
  missing.needed = needed;
  missing.available = available;
  return NO_POOL;
}
