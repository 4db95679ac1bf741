import { AppError, EXIT } from '../../domain/app-error.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import { isAlive, pidOf } from '../../formats/proc/process-id.ts';
import { withEntry } from '../prepare-start.ts';
import { carryClaim } from './carry-claim.ts';
import { changeGuest, memoryAway } from './change-guest.ts';
import { liveOrder } from './live-order.ts';
import { observeNode } from './observe-node.ts';
import type { RebalanceTools } from './rebalance-tools.ts';
import { specOf } from './running-guests.ts';
import { settle, settled } from './take-step.ts';

/** What became of changes that an earlier run left under way. */
export interface Finished {
  readonly done: readonly string[];
  /** Guests that still hold two places, and in one phrase why. */
  readonly left: readonly { readonly vm: string; readonly reason: string }[];
}

/**
 * Finishes the changes of runs that were killed: each such guest is taken to where it was on its way to, from wherever its
 * threads and pages are. Throws an AppError while another run that lives is at work.
 */
export async function finishSteps(tools: RebalanceTools): Promise<Finished> {
  const done: string[] = [];
  const left: { vm: string; reason: string }[] = [];
  for (const entry of await takeOver(tools)) {
    const reason = await finish(tools, entry);
    if (reason === null) done.push(entry.vm);
    else left.push({ vm: entry.vm, reason });
  }
  return { done, left };
}

/** The entries with a change whose maker is gone, made ours. */
async function takeOver(tools: RebalanceTools): Promise<readonly LedgerEntry[]> {
  const read = tools.ledger.read().ledger;
  if (!read.entries.some(({ step }) => step !== undefined)) return [];
  const unlock = await tools.ledger.acquire();
  try {
    let { ledger } = await observeNode(tools, tools.ledger.read().ledger);
    const begun = ledger.entries.filter(({ step }) => step !== undefined);
    const busy = begun.find(
      ({ step }) => step!.owner !== tools.owner && isAlive(tools.node.files, step!.owner),
    );
    if (busy !== undefined)
      throw new AppError(
        'rebalance-busy',
        EXIT.state,
        `${busy.vm} is being changed by process ${pidOf(busy.step!.owner)}: wait until that has ended, then try again.`,
      );
    const ours = begun.map(entry => ({ ...entry, step: { ...entry.step!, owner: tools.owner } }));
    for (const entry of ours) ledger = withEntry(ledger, entry);
    tools.ledger.write(ledger);
    return ours;
  } finally {
    unlock();
  }
}

async function finish(tools: RebalanceTools, entry: LedgerEntry): Promise<string | null> {
  const { to, claim } = entry.step!;
  const spec = entry.request === undefined ? 'what it asked for is not known' : specOf(entry.request);
  if (typeof spec === 'string') return spec;
  const pins = liveOrder(tools.node, { entry, spec, to });
  if (pins === null) return 'its threads wait for each other, and no CPU is free to step aside';
  const movesMemory = memoryAway(tools, entry, to) !== null || spansCells(entry);
  const reason = await changeGuest(tools, { entry, pins, to, claim, movesMemory });
  if (reason !== null) return reason;
  await carryClaim(tools, settled(entry));
  await settle(tools, entry.vm, settled);
  return null;
}

/** Whether the guest was on its way to another cell: its memory may be there already, but is not bound to it for sure. */
function spansCells({ claim, step }: LedgerEntry): boolean {
  const cells = new Set(step!.claim.cells.map(({ hostCell }) => hostCell));
  return step!.to.cells.length === 1 && claim.cells.some(({ hostCell }) => !cells.has(hostCell));
}
