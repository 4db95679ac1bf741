import type { Host } from '../domain/host.ts';
import type { PlacementRequest } from '../domain/placement-request.ts';
import type { RequestError } from '../domain/decision.ts';
import type { GuestSpec } from '../domain/guest-spec.ts';
import { readRequest } from './request/read-request.ts';
import { RunningHost } from './running-host.ts';

/** How many more guests of one shape a node takes. */
export interface Room {
  /** In all, one after the other, as starts would place them. */
  readonly total: number;
  /** On each host cell alone, beside what runs; a guest of several cells fits on none alone. */
  readonly cells: readonly { readonly hostCell: number; readonly guests: number }[];
  /** Whether counting stopped at {@link MOST_GUESTS}. */
  readonly more: boolean;
}

/** As many guests as a node of the largest documents may have claims. */
export const MOST_GUESTS = 4096;

/** The room, or why the request is none; null for a guest that asks for no placement, which always fits. */
export type RoomResult =
  | { readonly ok: true; readonly room: Room | null }
  | { readonly ok: false; readonly error: RequestError };

/**
 * Counts how many more guests like this one fit, by starting them one after the other on a copy of the node: once wherever
 * they go, and once for each host cell alone.
 */
export function roomFor(host: Host, request: PlacementRequest): RoomResult {
  const read = readRequest(request);
  if (!read.ok) return { ok: false, error: read.error };
  const { spec } = read;
  if (!spec.wantsPlacement) return { ok: true, room: null };
  const total = startedGuests(host, spec);
  const cells = [...host.topology.cells]
    .sort((a, b) => a.id - b.id)
    .map(({ id }) => {
      const barred = spec.allowedCells !== null && !spec.allowedCells.includes(id);
      const guests = barred ? 0 : startedGuests(host, { ...spec, allowedCells: [id] });
      return { hostCell: id, guests };
    });
  return { ok: true, room: { total, cells, more: total >= MOST_GUESTS } };
}

function startedGuests(host: Host, spec: GuestSpec): number {
  const running = new RunningHost(host);
  for (let count = 0; count < MOST_GUESTS; count += 1) {
    const vm = freeName(running, count);
    const offer = running.offer({ ...spec, vm });
    if (!offer.ok) return count;
    running.put(offer.guest);
  }
  return MOST_GUESTS;
}

/** A name that no guest of the node has. */
function freeName(running: RunningHost, count: number): string {
  let vm = `${count}`;
  while (running.has(vm)) vm = `_${vm}`;
  return vm;
}
