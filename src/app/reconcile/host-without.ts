import type { Host } from '../../domain/host.ts';
import type { Cell } from '../../domain/host-topology.ts';
import type { SeenGuest } from './observed.ts';

/**
 * The host as it would be if a guest that runs there did not: without its claim, and with the pages that its memory lies on free,
 * which it keeps where it is placed onto the cell that it is on. Pages of a pool count where the cell has one pool alone, because the
 * size of those is not told.
 */
export function hostWithout({ vm, memory }: SeenGuest, host: Host): Host {
  const cells = host.topology.cells.map((cell): Cell => {
    const own = (isHuge: boolean) =>
      memory.reduce((sum, { cell: id, huge, mib }) => sum + (id === cell.id && huge === isHuge ? mib : 0), 0);
    const [base, ...larger] = [...cell.pages].sort((a, b) => a.sizeKiB - b.sizeKiB);
    const pools = larger.filter(({ total }) => total > 0);
    const pages = cell.pages.map(pool => {
      const { free, sizeKiB, total } = pool;
      if (free === null || free === undefined) return pool;
      const isOnly = pools.length === 1 && pools[0] === pool;
      const mib = pool === base ? own(false) : isOnly ? own(true) : 0;
      return { ...pool, free: Math.min(total, free + Math.floor((mib * 1024) / sizeKiB)) };
    });
    return { ...cell, pages };
  });
  return {
    ...host,
    topology: { ...host.topology, cells },
    claims: host.claims.filter(claim => claim.vm !== vm),
  };
}
