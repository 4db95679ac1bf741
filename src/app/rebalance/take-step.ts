import type { LedgerEntry } from '../../domain/ledger.ts';
import { jointClaim } from '../../engine/rebalance/joint-claim.ts';
import { pinOrder } from '../../engine/rebalance/pin-order.ts';
import { movesMemory } from '../../engine/rebalance/plan-rebalance.ts';
import { spareCpu } from '../../engine/rebalance/spare-cpu.ts';
import type { Step } from '../../engine/rebalance/step.ts';
import { buildHostModel } from '../../engine/host-model.ts';
import { withEntry } from '../prepare-start.ts';
import { carryClaim } from './carry-claim.ts';
import { changeGuest, memoryAway, type GuestChange } from './change-guest.ts';
import { liveOrder } from './live-order.ts';
import { observeNode } from './observe-node.ts';
import type { RebalanceTools } from './rebalance-tools.ts';
import { whyNotNow } from './step-check.ts';

/** What became of one step; `reason` is a phrase. */
export type StepEnd =
  | { readonly done: true }
  /** `pending`: the guest holds both places, and whoever comes next finishes; else it is where it was. */
  | { readonly done: false; readonly pending: boolean; readonly reason: string };

/**
 * Takes one step of a plan on the node:
 *
 * 1. Under the lock: observe anew; a step that the node does not allow any more ends here. Else note where the guest goes
 *    and let its claim cover both places. The lock is given back: memory may take minutes, and starts must not wait for it.
 * 2. Pin thread by thread in an order in which none meets another, then move the memory; look at threads and pages.
 * 3. What the guest carries of its place is put right; then, under the lock, the new place alone is the guest's. Whoever is
 *    killed in between is finished again.
 * 4. What fails in 2 is taken back, the last pin first; where that fails too, the guest keeps both places.
 */
export async function takeStep(tools: RebalanceTools, step: Step): Promise<StepEnd> {
  const begun = await begin(tools, step);
  if (typeof begun === 'string') return { done: false, pending: false, reason: begun };
  const reason = await changeGuest(tools, begun);
  if (reason === null) {
    await carryClaim(tools, settled(begun.entry));
    await settle(tools, begun.entry.vm, settled);
    return { done: true };
  }
  const back = await takeBack(tools, begun, step);
  if (!back) return { done: false, pending: true, reason };
  const restored = (entry: LedgerEntry) => undone(entry, step);
  await carryClaim(tools, restored(begun.entry));
  await settle(tools, begun.entry.vm, restored);
  return { done: false, pending: false, reason };
}

/** The entry as it was before the step. */
function undone(entry: LedgerEntry, { from }: Step): LedgerEntry {
  const { step, ...rest } = entry;
  return step === undefined ? entry : { ...rest, claim: from.claim };
}

async function begin(tools: RebalanceTools, step: Step): Promise<GuestChange | string> {
  const unlock = await tools.ledger.acquire();
  try {
    const { ledger, host } = await observeNode(tools, tools.ledger.read().ledger);
    const entry = ledger.entries.find(({ vm }) => vm === step.to.spec.vm);
    const refused = whyNotNow(host, entry, step);
    if (refused !== null || entry === undefined) return refused ?? 'it does not run any more';
    const model = buildHostModel(host);
    let spare: number | null = null;
    let pins = pinOrder(step, null);
    if (pins === null) {
      spare = spareCpu(model, step);
      pins = pinOrder(step, spare);
    }
    if (pins === null) return 'its threads wait for each other, and no CPU is free to step aside';
    const { claim, placement: to } = step.to;
    const joint = jointClaim(model, { from: entry.claim, to: claim, spare });
    const begun: LedgerEntry = { ...entry, claim: joint, step: { to, claim, owner: tools.owner } };
    tools.ledger.write(withEntry(ledger, begun));
    return { entry: begun, pins, to, claim, movesMemory: movesMemory(step) };
  } finally {
    unlock();
  }
}

/** Whether the guest is where it was again. */
async function takeBack(
  tools: RebalanceTools,
  { entry, movesMemory }: GuestChange,
  step: Step,
): Promise<boolean> {
  const { spec, placement: to, claim } = step.from;
  const pins = liveOrder(tools.node, { entry, spec, to });
  if (pins === null) return false;
  const away = movesMemory && memoryAway(tools, entry, to) !== null;
  return (await changeGuest(tools, { entry, pins, to, claim, movesMemory: away })) === null;
}

/** Writes what became of a guest; one that is gone meanwhile is left alone. */
export async function settle(
  { ledger: store }: Pick<RebalanceTools, 'ledger'>,
  vm: string,
  change: (entry: LedgerEntry) => LedgerEntry,
): Promise<void> {
  const unlock = await store.acquire();
  try {
    const { ledger } = store.read();
    const entry = ledger.entries.find(candidate => candidate.vm === vm);
    if (entry !== undefined) store.write(withEntry(ledger, change(entry)));
  } finally {
    unlock();
  }
}

/** The entry with its change made. */
export function settled(entry: LedgerEntry): LedgerEntry {
  const { step, ...rest } = entry;
  return step === undefined ? entry : { ...rest, placement: step.to, claim: step.claim };
}
