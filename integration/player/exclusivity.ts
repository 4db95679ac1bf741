import { localNode } from '../../src/adapters/local/local-node.ts';
import { fileLock } from '../../src/adapters/ledger/file-lock.ts';
import { checkExclusive, type ExclusivityCheck } from '../../src/app/exclusivity/check-exclusive.ts';
import type { ExclusivityMode, ExclusivityReport } from '../../src/app/exclusivity/exclusivity.ts';
import { giveBackExclusive } from '../../src/app/exclusivity/give-back-exclusive.ts';
import { takeExclusive } from '../../src/app/exclusivity/take-exclusive.ts';
import type { ExclusiveGuest } from '../../src/formats/cgroup/partition-leaf.ts';

/** Where what is in force is remembered while a scenario runs. */
export const STATE_FILE = '/run/pinfold-suite/exclusivity.json';

const place = () => ({
  node: localNode(),
  lock: fileLock('/run/pinfold-suite/exclusivity.lock', 240),
  stateFile: STATE_FILE,
});

/** The product's own code on this host, bundled with the player: what a start of a dedicated guest does. */
export function take(guest: ExclusiveGuest, mode: ExclusivityMode): Promise<ExclusivityReport> {
  return takeExclusive(place(), guest, mode);
}

/** What its stop does. */
export function giveBack(guest: Pick<ExclusiveGuest, 'vm' | 'scope'>): Promise<ExclusivityReport> {
  return giveBackExclusive(place(), guest);
}

/** What `reconcile` does. */
export function check(
  guests: readonly ExclusiveGuest[],
  { mode, repair }: { readonly mode: ExclusivityMode; readonly repair: boolean },
): Promise<ExclusivityCheck> {
  return checkExclusive(
    place(),
    guests.map(guest => ({ guest, mode })),
    repair,
  );
}
