import { AppError, EXIT } from '../../domain/app-error.ts';
import type { GuestSpec } from '../../domain/guest-spec.ts';
import type { Ledger } from '../../domain/ledger.ts';
import { liveRules, type UsersLimits } from '../../engine/rebalance/move-rules.ts';
import { planRebalance, type Rebalance } from '../../engine/rebalance/plan-rebalance.ts';
import { refuse } from '../../engine/refuse.ts';
import { carrierLimits } from '../../engine/request/carrier-limits.ts';
import { checkPolicy } from '../../engine/request/check-policy.ts';
import { observeNode } from './observe-node.ts';
import type { RebalanceTools } from './rebalance-tools.ts';
import { runningNode, type FixedGuest } from './running-guests.ts';

/** What may be done, and for whom. */
export interface PlanAsked extends UsersLimits {
  readonly newcomer: GuestSpec | null;
}

/** A plan for a node, made from what runs there. */
export interface NodePlan extends Rebalance {
  readonly fixed: readonly FixedGuest[];
  /** Why a newcomer finds no room; null when it does, or without one. */
  readonly refusal: string | null;
}

/** Plans a rebalance of a node as it is now; changes nothing. Throws an AppError for a guest or a policy that is none. */
export async function planNode(
  tools: Pick<RebalanceTools, 'node' | 'domains' | 'policy' | 'owner'>,
  ledger: Ledger,
  asked: PlanAsked,
): Promise<NodePlan> {
  refuseWhatCannotBeCarried(asked);
  const seen = await observeNode(tools, ledger);
  const fault = checkPolicy(seen.host).find(({ code }) => code !== 'policy-cpus-offline');
  if (fault !== undefined) throw new AppError(fault.code, EXIT.usage, fault.summary);
  const { host, fixed, astrayMiB } = runningNode(tools.node, seen);
  refuseUnknownGuest(asked, { host, fixed });
  const { newcomer } = asked;
  const before = newcomer === null ? null : host.offer(newcomer);
  const reason = before === null || before.ok ? null : refuse(host.model, before.not).summary;
  const rebalance = planRebalance(host, { rules: liveRules(asked), newcomer, astrayMiB });
  return { ...rebalance, fixed, refusal: rebalance.newcomer === null ? reason : null };
}

/** No room helps a guest that its start would refuse wherever it is. */
function refuseWhatCannotBeCarried({ newcomer }: PlanAsked): void {
  const [limit] = newcomer === null ? [] : carrierLimits(newcomer);
  if (limit !== undefined) throw new AppError('carrier-cannot', EXIT.refused, limit.summary);
}

function refuseUnknownGuest(
  { only, newcomer }: PlanAsked,
  known: { readonly host: { has(vm: string): boolean }; readonly fixed: readonly FixedGuest[] },
): void {
  if (only !== undefined) {
    const stays = known.fixed.find(({ vm }) => vm === only);
    if (stays !== undefined)
      throw new AppError('guest-stays', EXIT.usage, `${only} cannot be changed, because ${stays.reason}.`);
    if (!known.host.has(only))
      throw new AppError('guest-unknown', EXIT.usage, `No guest ${only} runs here: name one that does.`);
  }
  if (newcomer !== null && known.host.has(newcomer.vm))
    throw new AppError(
      'already-running',
      EXIT.usage,
      `${newcomer.vm} runs here already, so no room is made for it: give the request another name, or leave --for out.`,
    );
}
