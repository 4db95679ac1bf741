import type { Claim } from '../domain/claim.ts';
import type { Host } from '../domain/host.ts';
import { checkPlacement } from './check-placement.ts';
import type { CheckInput } from './placement-rules/placement-facts.ts';

/** What somebody holds, and since when he holds it on these cells: a later time is a larger number. */
export interface Held {
  readonly claim: Claim;
  readonly since: number;
}

/** A guest that runs. */
export type HeldGuest = Held & Pick<CheckInput, 'spec' | 'placement'>;

/** A guest that runs, among others. */
export interface RunningCheck {
  /** Without claims. */
  readonly host: Host;
  readonly guest: HeldGuest;
  /** Everybody who holds something; the guest itself may be among them. */
  readonly others: Iterable<Held>;
  /** As in {@link CheckInput}; absent = it was decided just now. */
  readonly running?: 'settled' | 'moving';
}

/**
 * Every rule that a guest breaks among all that run with it, one sentence each; empty = none. Its CPUs are held against
 * everybody's. Its memory is held against what was there when the guest took its cells: who came later answered for himself, and
 * shared guests may overcommit what dedicated ones hold.
 */
export function checkRunning({ host, guest, others, running }: RunningCheck): readonly string[] {
  const claims = [...others]
    .filter(({ claim }) => claim.vm !== guest.claim.vm)
    .map(({ claim, since }) => (since < guest.since ? claim : withoutMemory(claim)));
  const { spec, placement, claim } = guest;
  return checkPlacement({
    host: { ...host, claims },
    spec,
    placement,
    claim,
    ...(running === undefined ? {} : { running }),
  });
}

function withoutMemory(claim: Claim): Claim {
  return { ...claim, cells: claim.cells.map(cell => ({ ...cell, memoryMiB: 0, pages: 0 })) };
}
