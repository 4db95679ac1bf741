import { parseCpuList } from '../../domain/cpu-list.ts';
import { onlineCells } from './hardware.ts';
import { migratePages } from './migrate-pages.ts';
import { ProgramError } from './program-error.ts';
import type { TreeFiles } from './tree-files.ts';

/**
 * `migratepages PID FROM TO` of numactl on a tree's process: pages on the cells FROM go to the first cell of TO, whatever
 * policy their area has. Recorded on kernel 6.1 and 6.12: bound, preferred and default areas move alike and keep their
 * policy; a cell that is not there is refused; what the cell has no memory for stays, and that is `Cannot allocate memory`.
 */
export function answerMigratepages(files: TreeFiles, [pid, from, to]: readonly string[]): string {
  if (pid === undefined || from === undefined || to === undefined)
    throw new ProgramError('usage: migratepages pid from-nodes to-nodes');
  const path = `/proc/${pid}/numa_maps`;
  if (files.read(path) === null) throw new ProgramError('migrate_pages: No such process');
  const [source, target] = [cellsOf(from), cellsOf(to)];
  if (!source.union(target).isSubsetOf(onlineCells(files))) throw new ProgramError(`<${to}> is invalid`);
  if (!migratePages(files, path, { from: source, to: [target.first!] }))
    throw new ProgramError('migrate_pages: Cannot allocate memory');
  return '';
}

function cellsOf(text: string) {
  try {
    return parseCpuList(text);
  } catch {
    throw new ProgramError(`<${text}> is invalid`);
  }
}
