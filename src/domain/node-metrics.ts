import type { Claim } from './claim.ts';
import type { DriftCode } from './drift.ts';

/** What a node can give, what it holds and how it fares, for whoever watches it. */
export interface NodeMetrics {
  readonly kind: 'pinfold/metrics';
  readonly version: 1;
  readonly host: string;
  /** In ascending order. */
  readonly cells: readonly CellMetrics[];
  /** CPUs that carry isolated emulator threads, with the guests on each. */
  readonly poolCpus: readonly { readonly cpu: number; readonly guests: number }[];
  /** How many guests one pool CPU may carry. */
  readonly poolRatio: number;
  /** By name. */
  readonly guests: readonly GuestMetrics[];
  /** What is not as it was decided, counted by code; null where it was not looked for. */
  readonly drift: Readonly<Record<DriftCode, number>> | null;
  /** Since the ledger was begun. */
  readonly decisions: {
    readonly placed: number;
    readonly floated: number;
    readonly refused: number;
    readonly refusals: Readonly<Record<string, number>>;
    /** Of all decisions together. */
    readonly seconds: number;
  };
}

/** One host cell. */
export interface CellMetrics {
  readonly hostCell: number;
  readonly dedicatedCpus: number;
  readonly freeDedicatedCpus: number;
  /** Dedicated CPUs on cores that are free as a whole, as rebalance counts the largest hole. */
  readonly holeCpus: number;
  /** Shared vCPUs at the allocation ratio on the CPUs that nobody holds, and those that are there. */
  readonly sharedSlots: number;
  readonly sharedVcpus: number;
  /** null when the kernel does not say. */
  readonly memoryMiB: number | null;
  readonly claimedMiB: number;
  /** What a new guest can have in pages of the base size. */
  readonly freeMiB: number;
  /** By ascending size, without what kernel and policy reserve; `available`: what a new guest can have. */
  readonly pages: readonly { readonly sizeKiB: number; readonly total: number; readonly available: number }[];
}

/** One guest; CPUs as `pinfold usage` bills them. */
export interface GuestMetrics {
  readonly vm: string;
  readonly source: Claim['source'];
  readonly dedicated: number;
  readonly shared: number;
  readonly emulator: number;
  readonly memoryMiB: number;
  /**
   * The part of its memory that lies on other cells than decided, 0 to 1; null for a guest without a placement, and where
   * the kernel does not show its pages to this user.
   */
  readonly remoteMemory: number | null;
}
