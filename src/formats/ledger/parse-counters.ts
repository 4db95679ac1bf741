import type { DecisionCounters } from '../../domain/ledger.ts';

/** Reasons that are kept apart: far more than there are codes of refusals and request errors. */
export const MOST_REASONS = 256;

/** Counters as the ledger has them, or null when they are missing or damaged. */
export function parseCounters(value: unknown): DecisionCounters | null {
  if (!isRecord(value) || !isCount(value['seconds'])) return null;
  const { starts, refusals } = value;
  if (!isRecord(starts) || !['placed', 'floated', 'refused'].every(key => isCount(starts[key]))) return null;
  if (!isRecord(refusals)) return null;
  const reasons = Object.entries(refusals);
  const sound = reasons.every(([code, count]) => /^[a-z][a-z0-9-]{0,79}$/.test(code) && isCount(count));
  return sound && reasons.length <= MOST_REASONS ? (value as unknown as DecisionCounters) : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
