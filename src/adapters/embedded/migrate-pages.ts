import type { CpuSet } from '../../domain/cpu-set.ts';
import { BASE_PAGE_KIB, freePages, growPool, movePages } from './page-pools.ts';
import type { TreeFiles } from './tree-files.ts';

/** A count of pages on one cell, in a line of numa_maps. */
const ON_CELL = / N(\d+)=(\d+)/g;

/** Pages of one size that go from one cell to another. */
interface Crossing {
  readonly sizeKib: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Moves a process's pages on the cells `from` to the first cells of `to` that can take them, as the kernel does; answers whether all
 * could go. Recorded on kernel 6.12, where 40 huge pages went to a cell with 8 free, and 100 to one with 4 and no memory:
 *
 * 1. Free pages of the target's pool are taken, and as many become free on the source.
 * 2. Huge pages beyond those are made of the target's free memory: its pool grows by them and the source's shrinks, for good.
 * 3. What finds neither stays where it is.
 *
 * The areas keep their policy.
 */
export function migratePages(
  files: TreeFiles,
  path: string,
  wish: { readonly from: CpuSet; readonly to: readonly number[] },
): boolean {
  let isComplete = true;
  const lines = (files.read(path) ?? '').split('\n').map(line => {
    const sizeKib = Number(/ kernelpagesize_kB=(\d+)/.exec(line)?.[1] ?? BASE_PAGE_KIB);
    const pages = new Map<number, number>();
    const put = (cell: number, count: number) => pages.set(cell, (pages.get(cell) ?? 0) + count);
    for (const [, cell, count] of line.matchAll(ON_CELL)) {
      const from = Number(cell);
      let rest = Number(count);
      for (const to of wish.from.has(from) ? wish.to : []) {
        const gone = to === from ? 0 : cross(files, { sizeKib, from, to }, rest);
        if (gone > 0) put(to, gone);
        rest -= gone;
      }
      if (rest > 0) put(from, rest);
      if (rest > 0 && wish.from.has(from) && !wish.to.includes(from)) isComplete = false;
    }
    const places = [...pages].sort(([a], [b]) => a - b).map(([cell, count]) => ` N${cell}=${count}`);
    return line.replace(ON_CELL, '').replace(/( kernelpagesize_kB=.*)?$/, `${places.join('')}$1`);
  });
  files.write({ path, text: lines.join('\n') });
  return isComplete;
}

/** Lets at most `pages` go over, and answers how many went. */
function cross(files: TreeFiles, { sizeKib, from, to }: Crossing, pages: number): number {
  const free = freePages(files, to, sizeKib);
  if (free === null) return 0;
  const pooled = Math.min(pages, Math.max(0, free));
  movePages(files, [{ cell: from, sizeKib, pages: pooled }], -1);
  movePages(files, [{ cell: to, sizeKib, pages: pooled }], 1);
  if (sizeKib === BASE_PAGE_KIB) return pooled;
  const each = sizeKib / BASE_PAGE_KIB;
  const room = Math.floor(Math.max(0, freePages(files, to, BASE_PAGE_KIB) ?? 0) / each);
  const made = Math.min(pages - pooled, room);
  growPool(files, { cell: to, sizeKib, pages: made });
  growPool(files, { cell: from, sizeKib, pages: -made });
  return pooled + made;
}
