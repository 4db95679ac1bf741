import { createHash } from 'node:crypto';
import type { NodePlan } from '../app/rebalance/plan-node.ts';
import type { Offer } from '../domain/offer.ts';
import type { Change } from '../domain/plan.ts';

/** What somebody says yes to, of a plan for the node of this name. */
export function offerOf({ plan, newcomer, fixed, refusal }: NodePlan, host: string): Offer {
  return {
    kind: 'pinfold/offer',
    version: 1,
    host,
    digest: digestOf(plan.changes),
    newcomer: newcomer && { vm: newcomer.spec.vm, cells: newcomer.placement.nodeset },
    fixed,
    refusal,
    plan,
  };
}

/**
 * Of who is changed in which way, in order. The price is left out: what was seen of memory that went astray varies from look to
 * look while a guest runs.
 */
function digestOf(changes: readonly Change[]): string {
  const what = changes.map(({ vm, change, from, to }) => [vm, change, from, to]);
  return createHash('sha256').update(JSON.stringify(what)).digest('hex');
}
