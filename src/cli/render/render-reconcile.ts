import { counted } from '../../domain/counted.ts';
import type { Reconciliation } from '../../domain/drift.ts';

/** What reconcile says: a sentence for each drift, then how many are mended. Nothing when there is nothing to say. */
export function renderReconcile({ drift, dryRun }: Reconciliation): string {
  if (drift.length === 0) return dryRun ? 'Everything is where it was decided.\n' : '';
  const mended = drift.filter(({ repair }) => repair === (dryRun ? 'planned' : 'done')).length;
  const sum = dryRun
    ? `${counted(drift.length, 'difference')} found; "pinfold reconcile" would mend ${mended}.`
    : `${counted(drift.length, 'difference')} found, ${mended} mended.`;
  return [...drift.map(({ sentence }) => sentence), sum, ''].join('\n');
}
