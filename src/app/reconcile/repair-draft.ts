import type { Host } from '../../domain/host.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import type { Asked } from '../prepare-start.ts';
import type { Finding } from './finding.ts';
import type { PlacedEntry } from './guest-cores.ts';
import type { Observed } from './observed.ts';
import { isSameThread, pinsOf } from './pins-of.ts';
import type { Act, Repair } from './repair.ts';

/** The plan while it is made. */
export interface Draft {
  readonly seen: Observed;
  repairs: Repair[];
  readonly entries: Map<string, LedgerEntry>;
  readonly asked: Map<string, Asked>;
  readonly confined: Map<string, string>;
  readonly refused: Map<number, string>;
  readonly decided: Map<number, string>;
  /** Guests whose every thread was decided anew. */
  readonly moved: Set<string>;
  /** The finding for which CPUs were claimed last; null: for none. */
  claimedFor: number | null;
}

/** Nothing planned yet. */
export function emptyDraft(seen: Observed): Draft {
  return {
    seen,
    repairs: [],
    entries: new Map(),
    asked: new Map(),
    confined: new Map(seen.confined),
    refused: new Map(),
    decided: new Map(),
    moved: new Set(),
    claimedFor: null,
  };
}

/** One more act, for this finding. */
export function add(
  draft: Draft,
  { drift }: Finding,
  { index, act, costMiB = 0 }: { readonly index: number; readonly act: Act; readonly costMiB?: number },
): void {
  draft.repairs.push({ finding: index, vm: drift.vm, act, from: drift.actual, costMiB });
}

/** The host as the decisions so far leave it. */
export function hostNow({ seen, entries }: Draft): Host {
  const claims = seen.host.claims.map(claim => entries.get(claim.vm)?.claim ?? claim);
  const added = [...entries.values()].filter(({ vm }) => !claims.some(claim => claim.vm === vm));
  return { ...seen.host, claims: [...claims, ...added.map(({ claim }) => claim)] };
}

/** What is decided for the guest of a finding so far. */
export function entryNow({ entries }: Draft, { drift, entry }: Finding): PlacedEntry {
  return (entries.get(drift.vm) ?? entry!) as PlacedEntry;
}

/** Pins for this finding, in the place of those that were planned for the same threads before. */
export function pin(
  draft: Draft,
  finding: Finding,
  { index, acts }: { readonly index: number; readonly acts: readonly Act[] },
): void {
  const { vm } = finding.drift;
  draft.repairs = draft.repairs.filter(
    repair => repair.vm !== vm || !acts.some(act => isSameThread(act, repair.act)),
  );
  for (const act of acts) add(draft, finding, { index, act });
}

/** A running guest goes from one place to another as a whole. */
export function move(
  draft: Draft,
  finding: Finding,
  { index, from, to }: { readonly index: number; readonly from: PlacedEntry; readonly to: PlacedEntry },
): void {
  const { vm } = finding.drift;
  draft.entries.set(vm, to);
  draft.moved.add(vm);
  draft.claimedFor = index;
  pin(draft, finding, { index, acts: pinsOf(to.placement, finding.guest!, from.placement) });
}
