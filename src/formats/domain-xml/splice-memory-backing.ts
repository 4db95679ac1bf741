import type { PlacedCell } from '../../domain/decision.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { Edit } from '../xml/edits.ts';
import type { Fragment } from '../xml/fragment.ts';
import { spliceElement, type ShapeTask, type SpliceTask } from './splice-task.ts';

/**
 * `<memoryBacking>`: the large pages are exactly the placement's; `<nosharepages>` (realtime) and `<locked>`
 * (realtime, locked memory) are added and never taken away, since their owner may have other reasons.
 */
export function spliceMemoryBacking(task: SpliceTask): Edit[] {
  const { memoryBacking: has } = task.domain;
  const realtime = task.placement.realtime !== null;
  const append: Fragment[] = [];
  if (realtime && !has.nosharepages) append.push({ name: 'nosharepages' });
  if ((realtime || task.options.lockedMemory === true) && !has.locked) append.push({ name: 'locked' });
  const pages = pageFragments(task);
  const put = pages.length === 0 ? [] : [{ name: 'hugepages', children: pages }];
  return spliceElement(task, 'memoryBacking', { own: ['hugepages'], put, append });
}

/** The guest cells on pages above the base size. */
export function largePageCells({ placement, options }: ShapeTask): readonly PlacedCell[] {
  return placement.cells.filter(({ pageSizeKiB }) => (pageSizeKiB ?? 0) > (options.basePageKiB ?? 4));
}

/** One `<page>` per size, ascending. */
function pageFragments(task: SpliceTask): Fragment[] {
  const cellsBySize = new Map<number, number[]>();
  for (const { guestCell, pageSizeKiB } of largePageCells(task))
    cellsBySize.set(pageSizeKiB!, [...(cellsBySize.get(pageSizeKiB!) ?? []), guestCell]);
  return [...cellsBySize]
    .sort(([a], [b]) => a - b)
    .map(([size, cells]) => ({
      name: 'page',
      attributes: { size, unit: 'KiB', nodeset: CpuSet.of(cells).toString() },
    }));
}
