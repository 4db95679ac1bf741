import type { DecisionCounters, Ledger } from '../domain/ledger.ts';
import { MOST_REASONS } from '../formats/ledger/parse-counters.ts';

/** What became of one decision. */
export interface Decided {
  readonly outcome: keyof DecisionCounters['starts'];
  /** The code of the reason why it did not fit; null when it did. */
  readonly reason: string | null;
  /** From the node's observation to the decision. */
  readonly seconds: number;
}

/** The ledger with one more decision counted. */
export function countDecision(ledger: Ledger, { outcome, reason, seconds }: Decided): Ledger {
  const before = ledger.counters;
  const starts = { placed: 0, floated: 0, refused: 0, ...before?.starts };
  const refusals = { ...before?.refusals };
  if (reason !== null && (refusals[reason] !== undefined || Object.keys(refusals).length < MOST_REASONS))
    refusals[reason] = (refusals[reason] ?? 0) + 1;
  return {
    ...ledger,
    counters: {
      starts: { ...starts, [outcome]: starts[outcome] + 1 },
      refusals,
      // Whole microseconds, so that the sum stays a short number.
      seconds: Math.round(((before?.seconds ?? 0) + seconds) * 1e6) / 1e6,
    },
  };
}
