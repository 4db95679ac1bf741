import type { GuestSpec } from '../domain/guest-spec.ts';
import { splitGuest } from './auto-cells.ts';
import type { HostModel } from './host-model.ts';
import { placeCells, type PlaceResult } from './place.ts';

/** Places the guest as it is; with automatic cells, in as few guest cells as fit. */
export function placeSplit(model: HostModel, spec: GuestSpec): PlaceResult {
  const first = placeCells(model, spec);
  if (first.ok || !spec.autoCells) return first;
  const most = Math.min(model.cells.length, spec.vcpus);
  for (let count = 2; count <= most; count += 1) {
    const result = placeCells(model, splitGuest(spec, count));
    if (result.ok) return result;
  }
  return first;
}
