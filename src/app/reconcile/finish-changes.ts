import { AppError } from '../../domain/app-error.ts';
import type { ReconcileTools } from './reconcile.ts';

/**
 * Finishes the changes of rebalances that were killed, so that no guest's old CPUs are free while its threads still stand on
 * them. One that lives goes on alone. Answers what has to be told, in sentences.
 */
export async function finishChanges(tools: ReconcileTools): Promise<readonly string[]> {
  const { ledger, warning } = tools.ledger.read();
  const told = warning === null ? [] : [warning];
  if (ledger.entries.every(({ step }) => step === undefined)) return told;
  const { finishSteps } = await import('../rebalance/finish-steps.ts');
  const warn = (sentence: string): void => {
    told.push(sentence);
  };
  try {
    const { done, left } = await finishSteps({ ...tools, warn });
    if (done.length > 0)
      warn(`A rebalance had been interrupted; its change of ${done.join(', ')} is finished now.`);
    for (const { vm, reason } of left)
      warn(
        `A rebalance had been interrupted, and its change of ${vm} could not be finished (${reason}): call "pinfold rebalance" when that is mended.`,
      );
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'rebalance-busy') throw error;
  }
  return told;
}
