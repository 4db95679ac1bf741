import type { Claim } from '../../domain/claim.ts';
import type { HostModel } from '../host-model.ts';

/** Pages of one size that a guest needs on a cell, and those that can be had there. */
export interface PagesMissing {
  readonly cell: number;
  readonly sizeKiB: number;
  readonly needed: number;
  readonly available: number;
}

/**
 * Pages that are missing for a running guest where its memory would be copied to; null when there are enough. A start of a shared
 * guest may overcommit what the cell has; a copy needs every page. The model is the host with the guest at its old place.
 */
export function pagesMissing(model: HostModel, from: Claim, to: Claim): PagesMissing | null {
  const home = new Set(from.cells.map(({ hostCell }) => hostCell));
  for (const need of to.cells) {
    if (home.has(need.hostCell)) continue;
    const pools = model.cells.find(({ id }) => id === need.hostCell)?.pools ?? [];
    const pool =
      need.pageSizeKiB === null ? pools[0] : pools.find(({ sizeKiB }) => sizeKiB === need.pageSizeKiB);
    if (pool === undefined || pool.available >= need.pages) continue;
    const { sizeKiB, available } = pool;
    return { cell: need.hostCell, sizeKiB, needed: need.pages, available };
  }
  return null;
}
