import type { Edit } from '../xml/edits.ts';
import type { Fragment } from '../xml/fragment.ts';
import { spliceElement, type SpliceTask } from './splice-task.ts';

/**
 * `<numatune>`. Guest cells are bound one by one only in strict mode: the restrictive mode knows one set for the
 * whole guest, which is what lets its memory be moved while it runs.
 */
export function spliceNumatune(task: SpliceTask): Edit[] {
  const { memoryMode: mode, nodeset, cells } = task.placement;
  const put: Fragment[] = mode === 'none' ? [] : [{ name: 'memory', attributes: { mode, nodeset } }];
  if (mode === 'strict')
    for (const cell of cells)
      put.push({ name: 'memnode', attributes: { cellid: cell.guestCell, mode, nodeset: cell.hostCell } });
  return spliceElement(task, 'numatune', { own: ['memory', 'memnode'], put });
}
