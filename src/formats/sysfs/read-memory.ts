import type { PagePool } from '../../domain/host-topology.ts';
import type { TextTree } from '../text-tree.ts';
import { countOf } from './sysfs-text.ts';

/** Longest meminfo that is read; the longest of a kernel is below 4 KiB. */
const LONGEST = 64 * 1024;

/** Memory of one cell, or of a whole node without cells. */
export interface Memory {
  /** Rounded down; null when the kernel does not say. */
  readonly memoryMiB: number | null;
  readonly pages: readonly PagePool[];
}

/**
 * Reads one meminfo file and the `hugepages` folder beside it.
 *
 * * The base pool is the memory that huge pages do not hold. Its `free` is what can be had: MemFree plus page
 *   cache (Active(file), Inactive(file)) and reclaimable slab; what an old kernel does not tell of these counts 0.
 * * `free` of larger pages is free_hugepages less surplus ones, which go back to the kernel.
 * * `reserved` is 0: the kernel counts pages promised to processes (resv_hugepages) for all cells together, and
 *   those of guests are in the guests' claims already.
 * * Without MemTotal nothing is known of the base pool, so no pool is told.
 *
 * `known`: what was read before on the same boot, whose kernel offers the same page sizes; the folder is then not listed.
 */
export function readMemory(
  tree: TextTree,
  { meminfo, hugepages }: { readonly meminfo: string; readonly hugepages: string },
  known: readonly PagePool[] = [],
): Memory {
  const text = tree.read(meminfo);
  const facts = text === null || text.length > LONGEST ? '' : text;
  const totalKiB = kibOf(facts, 'MemTotal');
  if (totalKiB === null) return { memoryMiB: null, pages: [] };
  const huge = readHugePages(tree, hugepages, known);
  const baseKiB = basePageKiB(huge.map(pool => pool.sizeKiB));
  const hugeKiB = huge.reduce((sum, pool) => sum + pool.sizeKiB * pool.total, 0);
  const total = Math.max(0, Math.floor((totalKiB - hugeKiB) / baseKiB));
  return {
    memoryMiB: Math.floor(totalKiB / 1024),
    pages: [{ sizeKiB: baseKiB, total, free: freeBasePages(facts, baseKiB, total), reserved: 0 }, ...huge],
  };
}

/**
 * The base page size, which sysfs does not state: it follows from the huge page sizes that the kernel offers
 * (kernel documentation, arm64 hugetlbpage): 512 MiB pages belong to 64 KiB base pages; 32 MiB pages without
 * 64 KiB ones to 16 KiB; everything else, x86 always, to 4 KiB.
 */
function basePageKiB(hugeSizes: readonly number[]): number {
  if (hugeSizes.includes(524288)) return 64;
  return hugeSizes.includes(32768) && !hugeSizes.includes(64) ? 16 : 4;
}

function freeBasePages(facts: string, baseKiB: number, total: number): number | null {
  const freeKiB = kibOf(facts, 'MemFree');
  if (freeKiB === null) return null;
  const reclaimable = ['Active(file)', 'Inactive(file)', 'SReclaimable'].map(name => kibOf(facts, name) ?? 0);
  const kib = reclaimable.reduce((sum, part) => sum + part, freeKiB);
  return Math.min(total, Math.floor(kib / baseKiB));
}

/** Pools of the folder in ascending order; one whose number of pages cannot be read is left out. */
function readHugePages(tree: TextTree, folder: string, known: readonly PagePool[]): PagePool[] {
  const pools: PagePool[] = [];
  // The first is the base pool.
  const offered = known.slice(1).map(({ sizeKiB }) => `hugepages-${sizeKiB}kB`);
  for (const name of known.length > 0 ? offered : tree.list(folder)) {
    const sizeKiB = Number(/^hugepages-(\d{1,9})kB$/.exec(name)?.[1] ?? 0);
    const total = sizeKiB === 0 ? null : countOf(tree.read(`${folder}/${name}/nr_hugepages`));
    if (total === null) continue;
    pools.push({ sizeKiB, total, free: total === 0 ? 0 : freePages(tree, `${folder}/${name}`), reserved: 0 });
  }
  return pools.sort((a, b) => a.sizeKiB - b.sizeKiB);
}

function freePages(tree: TextTree, pool: string): number | null {
  const free = countOf(tree.read(`${pool}/free_hugepages`));
  const surplus = countOf(tree.read(`${pool}/surplus_hugepages`)) ?? 0;
  return free === null ? null : Math.max(0, free - surplus);
}

/** The number of `Name:  123 kB` in a meminfo, whose lines may begin with `Node 0 `; null when it has none. */
function kibOf(facts: string, name: string): number | null {
  const start = facts.indexOf(`${name}:`);
  const before = start > 0 ? facts.charCodeAt(start - 1) : 10;
  if (start < 0 || (before !== 10 && before !== 32)) return null;
  const line = facts.slice(start + name.length + 1, facts.indexOf('\n', start) >>> 0);
  const digits = /^ *(\d{1,15}) kB/.exec(line)?.[1];
  return digits === undefined ? null : Number(digits);
}
