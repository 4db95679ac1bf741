import type { Claim } from '../../domain/claim.ts';
import type { Placement } from '../../domain/decision.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import type { PinChange } from '../../engine/rebalance/pin-order.ts';
import { pidOf } from '../../formats/proc/process-id.ts';
import { describeMisplaced, misplacedThreads } from '../misplaced-threads.ts';
import { sentenceOf } from '../sentence-of.ts';
import { placeableThreads } from '../withheld-threads.ts';
import { closeScope, openScope, ownScope } from './own-scope.ts';
import type { RebalanceTools } from './rebalance-tools.ts';
import { residenceOf } from './running-guests.ts';

/** What is to be done to one running guest. */
export interface GuestChange {
  readonly entry: LedgerEntry;
  readonly pins: readonly PinChange[];
  /** Where it then is. */
  readonly to: Placement;
  /** What it then holds. */
  readonly claim: Claim;
  readonly movesMemory: boolean;
}

/**
 * The part of the guest's memory, in percent, that may lie elsewhere after a move: pages that are written to or held by a
 * device in the very moment stay (migrate_pages(2) leaves those that are busy).
 */
const MOST_LEFT_PERCENT = 2;
/** Areas that are no guest memory but look like it (thread stacks, video memory) are smaller than this. */
const SMALL_MIB = 64;

/**
 * Makes the change and looks at the live threads and pages; null, or in one phrase what is not as it must be. A guest whose
 * CPUs are kept from others has them for itself again as soon as its threads stand on them: memory may take minutes.
 */
export async function changeGuest(tools: RebalanceTools, change: GuestChange): Promise<string | null> {
  const { entry, to } = change;
  const said = await changeThreads(tools, change);
  if (said !== null) return said;
  const pid = entry.process === null ? NaN : pidOf(entry.process);
  const [stray] = misplacedThreads(placeableThreads(tools.node.files, pid, to), to);
  if (stray !== undefined) return describeMisplaced(stray);
  if (!change.movesMemory) return null;
  return (await tools.control.moveMemory(entry.vm, to.nodeset)) ?? memoryAway(tools, entry, to);
}

async function changeThreads(
  tools: RebalanceTools,
  { entry, to, claim, pins }: GuestChange,
): Promise<string | null> {
  const goal = { to, claim };
  try {
    const scope = ownScope(tools, entry);
    const refused =
      scope === null || pins.length === 0 ? null : await openScope(tools, scope, { entry, goal });
    if (refused !== null) return refused;
    for (const pin of pins) {
      const said = await pinThread(tools, entry.vm, pin);
      if (said !== null) return said;
    }
    return scope === null ? null : await closeScope(tools, scope, { vm: entry.vm, goal });
  } catch (error) {
    return sentenceOf(error).replace(/\.$/, '');
  }
}

function pinThread(
  { control }: RebalanceTools,
  vm: string,
  { role, index, cpus }: PinChange,
): Promise<string | null> {
  if (role === 'emulator') return control.pinEmulator(vm, cpus);
  return role === 'vcpu' ? control.pinVcpu(vm, index, cpus) : control.pinIothread(vm, index, cpus);
}

/** In one phrase how much of a guest's memory is not on the cells of its placement; null when (nearly) all is. */
export function memoryAway(
  { node }: Pick<RebalanceTools, 'node'>,
  entry: LedgerEntry,
  to: Placement,
): string | null {
  const home = new Set(to.cells.map(cell => cell.hostCell));
  let [all, away] = [0, 0];
  for (const [cell, mib] of residenceOf(node, entry)) {
    all += mib;
    if (!home.has(cell)) away += mib;
  }
  if (away <= Math.max(SMALL_MIB, (all * MOST_LEFT_PERCENT) / 100) && away < all / 2) return null;
  if (away === 0) return null;
  return `${Math.round(away)} of ${Math.round(all)} MiB stayed on other cells than ${to.nodeset}`;
}
