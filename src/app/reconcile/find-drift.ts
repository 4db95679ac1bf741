import { buildHostModel } from '../../engine/host-model.ts';
import { findCores } from './find-cores.ts';
import { findForeign } from './find-foreign.ts';
import { findMemory } from './find-memory.ts';
import { findStale } from './find-stale.ts';
import { findThreads } from './find-threads.ts';
import { findUnplaced } from './find-unplaced.ts';
import type { Finding } from './finding.ts';
import type { Observed } from './observed.ts';
import { wantedPlacement } from './wanted-placement.ts';

/**
 * Everything on a node that is not as it was decided, with its cause and what would mend it. Judged from one observation
 * alone. Guests that are being started, or moved by somebody who is alive, are left out: they are not where they will be.
 *
 * Order: the ledger's garbage, then guest by guest (threads, then memory), then cores that guests lack, then guests that wait
 * for a placement, then guests of others.
 */
export function findDrift(seen: Observed): readonly Finding[] {
  const model = buildHostModel(seen.host);
  const placed = seen.entries.flatMap(entry => {
    const guest = seen.guests.find(({ process }) => process === entry.process);
    const { placement } = entry;
    if (guest === undefined || placement === null || entry.step !== undefined) return [];
    return [
      { guest, entry: { ...entry, placement }, wanted: wantedPlacement({ ...entry, placement }, model) },
    ];
  });
  return [
    ...findStale(seen),
    ...placed.flatMap(one => [...findThreads(one, seen), ...findMemory(one, seen)]),
    ...placed.flatMap(one => findCores(one, model, seen)),
    ...findUnplaced(seen),
    ...findForeign(seen),
  ];
}
