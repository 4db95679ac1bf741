import type { Decision } from './decision.ts';
import type { Constraint } from './refusal-codes.ts';

/** Why a guest goes where it goes and not elsewhere: the decision, and every pair of guest cell and host cell beside it. */
export interface Explanation {
  readonly kind: 'pinfold/explanation';
  readonly version: 1;
  readonly vm: string;
  readonly decision: Decision;
  /** By guest cell, then by host cell. Empty where the decision needed no look at cells. */
  readonly pairs: readonly ExplainedPair[];
}

/** One guest cell on one host cell. */
export type ExplainedPair = {
  readonly guestCell: number;
  readonly hostCell: number;
} & (
  | {
      /** `chosen`: it lies there. `possible`: it would fit there, but the choice is better. */
      readonly state: 'chosen' | 'possible';
      readonly score: PairScore;
    }
  | {
      readonly state: 'impossible';
      readonly constraint: Constraint;
      readonly needed: number;
      readonly available: number;
      /** The constraint as the rest of a sentence that starts with the guest cell. */
      readonly words: string;
    }
);

/** What a pair costs, in the order in which the parts are compared; less is better in each but `guests`. */
export interface PairScore {
  /** Mean distance to the host cells of the other guest cells chosen; 0 for a guest of one cell. */
  readonly distance: number;
  /** 1 where a new emulator pool CPU would be opened. */
  readonly newPoolCpu: number;
  /** Permille of CPUs or memory in use afterwards, the larger of the two; 0 under pack, which does not look at it. */
  readonly load: number;
  /** Last-level cache domains that the vCPUs span. */
  readonly cacheDomains: number;
  /** Permille of memory in use afterwards, in whole percents; 0 under pack. */
  readonly memory: number;
  /** Guests that run there already, 31 at most: more are better, because one leaves sooner; 0 under pack. */
  readonly guests: number;
  /** Whole cores that are broken. */
  readonly brokenCores: number;
  /** Free dedicated CPUs that are left; 0 under spread, which does not look at them. */
  readonly cpusLeft: number;
}
