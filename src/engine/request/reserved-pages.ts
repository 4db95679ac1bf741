import { wholeNumber } from './option-values.ts';
import { parsePageSizeKiB } from './page-size.ts';

/** Pages of one size on one cell that are kept for the host. */
export interface ReservedPages {
  readonly node: number;
  readonly sizeKiB: number;
  readonly count: number;
}

/**
 * Reads one entry of `reserved_huge_pages`: `node:0,size:2048,count:64`, each part once, in any order; the size
 * in KiB or with a unit (`2MB`). Returns undefined for anything else.
 */
export function parseReservedPages(entry: string): ReservedPages | undefined {
  const parts = new Map<string, string>();
  for (const part of entry.split(',')) {
    const colon = part.indexOf(':');
    const name = part.slice(0, Math.max(colon, 0)).trim();
    if (parts.has(name)) return undefined;
    parts.set(name, part.slice(colon + 1));
  }
  const node = natural(parts.get('node'));
  const count = natural(parts.get('count'));
  const sizeKiB = parsePageSizeKiB(parts.get('size') ?? '') ?? 0;
  if (parts.size !== 3 || node === undefined || count === undefined || sizeKiB === 0) return undefined;
  return { node, sizeKiB, count };
}

function natural(text: string | undefined): number | undefined {
  const value = text === undefined ? undefined : wholeNumber(text);
  return value === undefined || value < 0 ? undefined : value;
}
