import { parseCpuList } from '../../domain/cpu-list.ts';
import { onlineCells } from './hardware.ts';
import { movePages } from './page-pools.ts';
import { ProgramError } from './program-error.ts';
import type { TreeFiles } from './tree-files.ts';

/** A count of pages on one cell, in a line of numa_maps. */
const ON_CELL = / N(\d+)=(\d+)/g;

/**
 * `migratepages PID FROM TO` of numactl on a tree's process: pages on the cells FROM go to the first cell of TO, whatever
 * policy their area has. Recorded on kernel 6.1 and 6.12: bound, preferred and default areas move alike and keep their
 * policy; a cell that is not there is refused.
 */
export function answerMigratepages(files: TreeFiles, [pid, from, to]: readonly string[]): string {
  if (pid === undefined || from === undefined || to === undefined)
    throw new ProgramError('usage: migratepages pid from-nodes to-nodes');
  const path = `/proc/${pid}/numa_maps`;
  const maps = files.read(path);
  if (maps === null) throw new ProgramError('migrate_pages: No such process');
  const [source, target] = [cellsOf(from), cellsOf(to)];
  if (!source.union(target).isSubsetOf(onlineCells(files))) throw new ProgramError(`<${to}> is invalid`);
  const moved = maps.split('\n').map(line => {
    const sizeKib = Number(/ kernelpagesize_kB=(\d+)/.exec(line)?.[1] ?? 4);
    const pages = new Map<number, number>();
    for (const [, cell, count] of line.matchAll(ON_CELL)) {
      const goes = source.has(Number(cell)) ? target.first! : Number(cell);
      if (goes !== Number(cell)) {
        movePages(files, [{ cell: Number(cell), sizeKib, pages: Number(count) }], -1);
        movePages(files, [{ cell: goes, sizeKib, pages: Number(count) }], 1);
      }
      pages.set(goes, (pages.get(goes) ?? 0) + Number(count));
    }
    const places = [...pages].sort(([a], [b]) => a - b).map(([cell, count]) => ` N${cell}=${count}`);
    return line.replace(ON_CELL, '').replace(/( kernelpagesize_kB=.*)?$/, `${places.join('')}$1`);
  });
  files.write({ path, text: moved.join('\n') });
  return '';
}

function cellsOf(text: string) {
  try {
    return parseCpuList(text);
  } catch {
    throw new ProgramError(`<${text}> is invalid`);
  }
}
