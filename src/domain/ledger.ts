import type { Claim } from './claim.ts';
import type { Placement } from './decision.ts';
import type { PlacementRequest } from './placement-request.ts';

/**
 * All claims of one node that Pinfold made. Truth is what runs; this file only bridges the seconds between
 * decision and launch and remembers what was decided for a guest that runs.
 */
export interface Ledger {
  readonly kind: 'pinfold/ledger';
  readonly version: 1;
  /** The kernel's boot id: entries of another boot are garbage. */
  readonly boot: string;
  readonly entries: readonly LedgerEntry[];
  /** Absent: nothing was counted yet. They begin anew with the file, at a boot at the latest. */
  readonly counters?: DecisionCounters;
}

/** What became of the starts of this node, for whoever watches it; no decision depends on it. */
export interface DecisionCounters {
  /** Starts by what became of them; `floated`: let start without the CPUs that it asked for. */
  readonly starts: { readonly placed: number; readonly floated: number; readonly refused: number };
  /** Starts that did not fit, floated or refused, by the code of the reason. */
  readonly refusals: Readonly<Record<string, number>>;
  /** Seconds that all these decisions took together, each from the node's observation to the lease. */
  readonly seconds: number;
}

/** What the ledger knows of one VM. */
export interface LedgerEntry {
  /** The domain's name, unique on a node. */
  readonly vm: string;
  readonly claim: Claim;
  /** The QEMU process that holds the claim; null while it is a lease. */
  readonly process: ProcessId | null;
  /**
   * Of a lease: a word that stands in the command line of every program that takes part in the launch (the
   * deployment file). A program that outlives the hook keeps the lease alive by it.
   */
  readonly marker: string | null;
  /** What was decided; repairs go back to it. null: decided by somebody else, or before this ledger was begun. */
  readonly placement: Placement | null;
  /**
   * Of a guest that Pinfold did not place: what its XML said, so that libvirt is asked once. Its claim is read
   * from its threads each time. null: Pinfold's own guest.
   */
  readonly foreign: ForeignFacts | null;
  /** What the guest asked for: whoever moves it decides again by it. Absent: nobody noted it. */
  readonly request?: PlacementRequest;
  /** What it asked for when there was no room, of a guest that was let start floating: it still wants that. */
  readonly wished?: PlacementRequest;
  /** A change of the running guest that has begun; `claim` then covers the place before and the one after. */
  readonly step?: PendingStep;
}

/** Where a running guest is being taken. */
export interface PendingStep {
  readonly to: Placement;
  /** What it holds when the change is done. */
  readonly claim: Claim;
  /** The process that makes the change; when it is gone, whoever comes next finishes it. */
  readonly owner: ProcessId;
}

/** What cannot be seen on the threads of a QEMU. */
export interface ForeignFacts {
  /** null when libvirt does not know the guest. */
  readonly memoryMiB: number | null;
  /** From the command line; which threads they are is seen only where QEMU names its threads. */
  readonly vcpus: number;
}

/** A process that no later one can be mistaken for: `pid:starttime`, start time in clock ticks after boot. */
export type ProcessId = string;

/** A ledger without entries. */
export function emptyLedger(boot: string): Ledger {
  return { kind: 'pinfold/ledger', version: 1, boot, entries: [] };
}
