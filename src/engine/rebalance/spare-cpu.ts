import type { HostModel } from '../host-model.ts';
import type { Step } from './step.ts';

/**
 * A CPU on which a thread of the guest may wait for a moment: dedicated, claimed by nobody, the lowest on the cells that the
 * guest goes to; null when there is none. The model is the host with the guest at the step's beginning.
 */
export function spareCpu(model: HostModel, { to }: Step): number | null {
  for (const { hostCell } of to.placement.cells) {
    const cores = model.cells.find(cell => cell.id === hostCell)?.cores;
    if (cores === undefined) continue;
    for (let core = 0; core < cores.count; core += 1)
      if (cores.free[core]! > 0) return cores.threads[cores.start[core]!]!;
  }
  return null;
}
