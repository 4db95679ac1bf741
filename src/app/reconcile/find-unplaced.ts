import { CpuSet } from '../../domain/cpu-set.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import type { Finding } from './finding.ts';
import type { Observed, SeenGuest } from './observed.ts';

/**
 * Guests that run without the placement that their policy asks for:
 *
 * 1. One that the ledger had placed and that runs again in another process without its pins.
 * 2. One that carries its request but no pins: it came from another host.
 * 3. One that was let start floating, because there was no room.
 *
 * A guest whose start is under way has a lease and is left to that.
 */
export function findUnplaced(seen: Observed): readonly Finding[] {
  const starting = new Set(seen.entries.filter(({ process }) => process === null).map(({ vm }) => vm));
  return seen.guests.flatMap(guest => {
    if (starting.has(guest.vm)) return [];
    const entry = seen.entries.find(({ process }) => process === guest.process) ?? null;
    const isForeign = entry === null || entry.foreign !== null;
    const kept = seen.dropped.find(({ vm, placement }) => vm === guest.vm && placement !== null) ?? null;
    if (isForeign && kept !== null) return [finding('restarted', { guest, entry, kept }, seen)];
    if (isForeign && seen.requests.has(guest.vm))
      return [finding('migrated-in', { guest, entry, kept: null }, seen)];
    if (!isForeign && entry.wished !== undefined)
      return [finding('floated', { guest, entry, kept: null }, seen)];
    return [];
  });
}

function finding(
  cause: 'restarted' | 'migrated-in' | 'floated',
  {
    guest,
    entry,
    kept,
  }: { readonly guest: SeenGuest; readonly entry: LedgerEntry | null; readonly kept: LedgerEntry | null },
  seen: Observed,
): Finding {
  const request = entry?.wished ?? kept?.wished ?? kept?.request ?? seen.requests.get(guest.vm) ?? null;
  return {
    drift: {
      code: 'guest-unplaced',
      cause,
      vm: guest.vm,
      subject: 'all threads',
      wanted: request?.extraSpecs?.['hw:cpu_policy'] ?? 'a placement',
      actual: CpuSet.union(guest.threads.map(({ allowed }) => allowed)).toString(),
    },
    guest,
    entry,
    remedy: { kind: 'place', request, kept },
  };
}
