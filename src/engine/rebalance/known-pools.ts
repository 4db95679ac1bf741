import type { Host } from '../../domain/host.ts';
import { parseReservedPages } from '../request/reserved-pages.ts';

/**
 * The same host with pools whose free pages follow from the claims alone: what is gone now and in no claim counts as
 * reserved. As decisions see it now nothing changes, but when a guest leaves in thought, its pages become free.
 */
export function withKnownPools(host: Host): Host {
  const rules = (host.policy.reserved_huge_pages ?? []).flatMap(rule => parseReservedPages(rule) ?? []);
  const cells = host.topology.cells.map(cell => {
    const base = Math.min(...cell.pages.map(({ sizeKiB }) => sizeKiB));
    const held = host.claims.flatMap(claim => claim.cells).filter(({ hostCell }) => hostCell === cell.id);
    const pages = cell.pages.map(({ sizeKiB, total, free, reserved }) => {
      if (free === null || free === undefined) return { sizeKiB, total, reserved };
      let claimed = 0;
      for (const part of held) if ((part.pageSizeKiB ?? base) === sizeKiB) claimed += part.pages;
      let kept = reserved;
      for (const rule of rules) if (rule.node === cell.id && rule.sizeKiB === sizeKiB) kept += rule.count;
      return { sizeKiB, total, reserved: reserved + Math.max(0, total - kept - claimed - free) };
    });
    return { ...cell, pages };
  });
  return { ...host, topology: { ...host.topology, cells } };
}
