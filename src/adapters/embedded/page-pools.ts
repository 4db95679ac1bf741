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

/** How many pages of a size a cell has free; null when it has no pool of that size. */
export function freePages(tree: TextTree, cell: number, sizeKib: number): number | null {
  if (sizeKib === BASE_PAGE_KIB) {
    const free = MEM_FREE.exec(tree.read(`${NODES}/node${cell}/meminfo`) ?? '')?.[2];
    return free === undefined ? null : Math.floor(Number(free) / BASE_PAGE_KIB);
  }
  const text = tree.read(poolPath(cell, sizeKib));
  return text === null ? null : Number(text);
}

/** Takes pages off the pools (`sign` 1) or gives them back (-1). */
export function movePages(files: TreeFiles, uses: readonly PageUse[], sign: 1 | -1): void {
  for (const { cell, sizeKib, pages } of uses) {
    const free = freePages(files, cell, sizeKib);
    if (free === null || pages === 0) continue;
    const left = free - sign * pages;
    if (sizeKib === BASE_PAGE_KIB) {
      const path = `${NODES}/node${cell}/meminfo`;
      const text = files.read(path) ?? '';
      files.write({ path, text: text.replace(MEM_FREE, `$1${left * BASE_PAGE_KIB} kB`) });
    } else {
      files.write({ path: poolPath(cell, sizeKib), text: `${left}\n` });
    }
  }
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

const MEM_FREE = /^(Node \d+ MemFree:\s*)(\d+) kB/m;

function poolPath(cell: number, sizeKib: number): string {
  return `${NODES}/node${cell}/hugepages/hugepages-${sizeKib}kB/free_hugepages`;
}
