import type { TextTree } from '../../formats/text-tree.ts';
import { NODES } from './hardware.ts';
import type { TreeFiles } from './tree-files.ts';

/** Pages of one size on one cell. */
export interface PageUse {
  readonly cell: number;
  readonly sizeKib: number;
  readonly pages: number;
}

/** KiB of a base page: 4 on x86-64 and on Debian's arm64 kernel. */
export const BASE_PAGE_KIB = 4;
/** KiB of a huge page where the tree does not say: the default of x86-64. */
const HUGE_PAGE_KIB = 2048;

/** KiB of the pages that a guest gets which asks for huge pages without a size. */
export function defaultHugePageKib(tree: TextTree): number {
  const found = /^Hugepagesize:\s*(\d+) kB/m.exec(tree.read('/proc/meminfo') ?? '')?.[1];
  return found === undefined ? HUGE_PAGE_KIB : Number(found);
}

/**
 * How many pages of a size can be had on a cell; null when it has no pool of that size. Of base pages the free ones, page cache and
 * reclaimable slab. Recorded on kernel 6.12: 200 MiB moved to a cell with 88 MiB free and 200 MiB of page cache all went.
 */
export function freePages(tree: TextTree, cell: number, sizeKib: number): number | null {
  if (sizeKib === BASE_PAGE_KIB) {
    const text = tree.read(`${NODES}/node${cell}/meminfo`) ?? '';
    if (kibIn(text, 'MemFree') === null) return null;
    const kib = ['MemFree', ...RECLAIMABLE.map(([part]) => part)].map(name => kibIn(text, name) ?? 0);
    return Math.floor(kib.reduce((sum, part) => sum + part, 0) / BASE_PAGE_KIB);
  }
  const text = tree.read(poolPath(cell, sizeKib));
  return text === null ? null : Number(text);
}

/** Takes pages off the pools (`sign` 1) or gives them back (-1). */
export function movePages(files: TreeFiles, uses: readonly PageUse[], sign: 1 | -1): void {
  for (const { cell, sizeKib, pages } of uses) {
    const free = freePages(files, cell, sizeKib);
    if (free === null || pages === 0) continue;
    if (sizeKib === BASE_PAGE_KIB) {
      const path = `${NODES}/node${cell}/meminfo`;
      files.write({ path, text: withoutMemory(files.read(path) ?? '', sign * pages * BASE_PAGE_KIB) });
    } else {
      files.write({ path: poolPath(cell, sizeKib), text: `${free - sign * pages}\n` });
    }
  }
}

/** A cell's meminfo with so many KiB less: of free memory first, then of what the kernel can reclaim. Below 0: more of it free. */
function withoutMemory(meminfo: string, kib: number): string {
  let text = meminfo;
  let missing = kib;
  for (const names of [['MemFree'], ...RECLAIMABLE]) {
    const part = Math.min(missing, kibIn(text, names[0]) ?? 0);
    if (part === 0) continue;
    for (const name of names) text = withKib(text, name, (kibIn(text, name) ?? 0) - part);
    missing -= part;
  }
  return text;
}

/** What can be reclaimed, and the sum that each part belongs to. */
const RECLAIMABLE = [
  ['Inactive(file)', 'Inactive'],
  ['Active(file)', 'Active'],
  ['SReclaimable', 'Slab'],
] as const;

function lineOf(name: string): RegExp {
  return new RegExp(`^(Node \\d+ ${name.replace(/[()]/g, '\\$&')}:\\s*)(\\d+) kB`, 'm');
}

function kibIn(meminfo: string, name: string): number | null {
  const kib = lineOf(name).exec(meminfo)?.[2];
  return kib === undefined ? null : Number(kib);
}

function withKib(meminfo: string, name: string, kib: number): string {
  return meminfo.replace(lineOf(name), `$1${kib} kB`);
}

/** Makes huge pages of the cell's free memory, all of them in use, or of pages in use memory again (`pages` below 0). */
export function growPool(files: TreeFiles, { cell, sizeKib, pages }: PageUse): void {
  if (pages === 0) return;
  const path = `${NODES}/node${cell}/hugepages/hugepages-${sizeKib}kB/nr_hugepages`;
  files.write({ path, text: `${Number(files.read(path) ?? 0) + pages}\n` });
  movePages(files, [{ cell, sizeKib: BASE_PAGE_KIB, pages: (pages * sizeKib) / BASE_PAGE_KIB }], 1);
}

/**
 * Takes `pages` of a size from these cells in their order, seen what `taken` holds already. Answers what it could
 * get, which may be less.
 */
export function gatherPages(
  tree: TextTree,
  wish: { readonly cells: readonly number[]; readonly sizeKib: number; readonly pages: number },
  taken: readonly PageUse[],
): PageUse[] {
  const uses: PageUse[] = [];
  let missing = wish.pages;
  for (const cell of wish.cells) {
    const before = taken
      .filter(use => use.cell === cell && use.sizeKib === wish.sizeKib)
      .reduce((sum, use) => sum + use.pages, 0);
    const pages = Math.min(missing, Math.max(0, (freePages(tree, cell, wish.sizeKib) ?? 0) - before));
    if (pages > 0) uses.push({ cell, sizeKib: wish.sizeKib, pages });
    missing -= pages;
  }
  return uses;
}

/** Where the memory of a process lies, from its numa_maps. */
export function pagesIn(numaMaps: string): PageUse[] {
  return numaMaps.split('\n').flatMap(line => {
    const sizeKib = Number(/ kernelpagesize_kB=(\d+)/.exec(line)?.[1] ?? BASE_PAGE_KIB);
    return [...line.matchAll(/ N(\d+)=(\d+)/g)].map(([, cell, pages]) => ({
      cell: Number(cell),
      sizeKib,
      pages: Number(pages),
    }));
  });
}

function poolPath(cell: number, sizeKib: number): string {
  return `${NODES}/node${cell}/hugepages/hugepages-${sizeKib}kB/free_hugepages`;
}
