import { looseBoolean, shown } from './option-values.ts';
import { RequestFault } from './request-fault.ts';
import type { RequestOptions } from './request-options.ts';

/** Whether the guest's memory is locked: both sources must agree, and locking needs a page size in one of them. */
export function lockedMemory({ extra, image, notes }: RequestOptions): boolean {
  const operator = extra['hw:locked_memory'];
  const tenant = image['hw_locked_memory'];
  if (operator === undefined && tenant === undefined) return false;
  const byOperator = operator === undefined ? undefined : looseBoolean('hw:locked_memory', operator, notes);
  const byTenant = tenant === undefined ? undefined : looseBoolean('hw_locked_memory', tenant, notes);
  if (byOperator !== undefined && byTenant !== undefined && byOperator !== byTenant)
    throw new RequestFault(
      'locked-memory-conflict',
      'hw_locked_memory',
      `${shown('hw_locked_memory', tenant!)} contradicts ${shown('hw:locked_memory', operator!)}: remove the image property or choose another profile.`,
    );
  const locked = byOperator ?? byTenant ?? false;
  const option = operator === undefined ? 'hw_locked_memory' : 'hw:locked_memory';
  if (locked && (extra['hw:mem_page_size'] ?? '') === '' && (image['hw_mem_page_size'] ?? '') === '')
    throw new RequestFault(
      'locked-memory-needs-page-size',
      option,
      `${option} needs a page size, so that the memory is counted against a page pool: set hw:mem_page_size (small, large, any or a size) beside it.`,
    );
  return locked;
}
