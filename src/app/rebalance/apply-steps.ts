import { stepCostMiB, type Step } from '../../engine/rebalance/step.ts';
import type { RebalanceTools } from './rebalance-tools.ts';
import { takeStep } from './take-step.ts';

/** What became of a plan. */
export interface Applied {
  readonly done: number;
  /** The step that failed, in one sentence; null when all were taken. */
  readonly failure: string | null;
  /** MiB moved. */
  readonly movedMiB: number;
}

/** Told before each step. */
export type Progress = (at: { readonly step: number; readonly of: number; readonly vm: string }) => void;

/** Takes the steps of a plan in order until all are taken or one cannot be. */
export async function applySteps(
  tools: RebalanceTools,
  steps: readonly Step[],
  progress: Progress = () => undefined,
): Promise<Applied> {
  let [done, movedMiB] = [0, 0];
  for (const step of steps) {
    const { vm } = step.to.spec;
    progress({ step: done, of: steps.length, vm });
    const end = await takeStep(tools, step);
    if (!end.done) return { done, movedMiB, failure: sentence(vm, end) };
    done += 1;
    movedMiB += stepCostMiB(step);
  }
  return { done, movedMiB, failure: null };
}

function sentence(vm: string, end: { readonly pending: boolean; readonly reason: string }): string {
  const where = end.pending
    ? 'it holds its old and its new place until "pinfold rebalance" is run again'
    : 'it is where it was';
  return `${vm} could not be changed (${end.reason}), and ${where}.`;
}
