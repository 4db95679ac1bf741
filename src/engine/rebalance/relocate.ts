import type { GuestSpec } from '../../domain/guest-spec.ts';
import { splitGuest } from '../auto-cells.ts';
import type { RunningGuest, RunningHost } from '../running-host.ts';
import { keepInPlace } from './keep-in-place.ts';
import type { MoveRules } from './move-rules.ts';
import { pagesMissing } from './pages-missing.ts';
import { pinOrder } from './pin-order.ts';
import { spareCpu } from './spare-cpu.ts';

/**
 * Where a running guest would go when it may only use these host cells (ids; as many as it has guest cells), its
 * own CPUs and memory counted as free: a place that is valid the moment it leaves the old one. null when there is
 * none that a running guest can take:
 * 1. its page size stays, for QEMU allocated with it;
 * 2. its devices stay, for they are plugged in;
 * 3. the topology that it was told stays true: a guest that knows of siblings keeps whole cores.
 * CPUs are picked as under strategy pack, so that a move mends what is broken; threads that can stay, do.
 */
export function relocate(
  host: RunningHost,
  guest: RunningGuest,
  cells: readonly number[],
): RunningGuest | null {
  const { spec, placement } = guest;
  const told = placement.topology;
  const tied = told.threads > 1 && spec.topology.preferred.threads === null;
  const split = spec.autoCells && placement.cells.length > 1;
  const asked: GuestSpec = {
    ...(split ? splitGuest(spec, placement.cells.length) : spec),
    ...frozen(guest),
    autoCells: false,
    threadPolicy: tied && (spec.threadPolicy ?? 'prefer') === 'prefer' ? 'require' : spec.threadPolicy,
    allowedCells: cells,
  };
  const offer = host.without(guest, () => host.offer(asked, true));
  if (!offer.ok) return null;
  const next = offer.guest;
  if (next.placement.devices.join() !== placement.devices.join()) return null;
  if (tied && next.placement.topology.threads !== told.threads) return null;
  if (placement.cells.some((cell, row) => cell.pageSizeKiB !== next.placement.cells[row]?.pageSizeKiB))
    return null;
  return keepInPlace(guest, {
    spec,
    claim: next.claim,
    placement: { ...next.placement, topology: told },
  });
}

/**
 * {@link relocate}, and with `inOrder` only where the guest's threads can go there one after the other, with `needsPages` only
 * where there are pages for all memory that moves.
 */
export function relocateBy(
  rules: MoveRules,
  host: RunningHost,
  { guest, cells }: { readonly guest: RunningGuest; readonly cells: readonly number[] },
): RunningGuest | null {
  const to = relocate(host, guest, cells);
  if (to === null) return null;
  if (rules.needsPages && pagesMissing(host.model, guest.claim, to.claim) !== null) return null;
  if (!rules.inOrder) return to;
  const step = { from: guest, to };
  return pinOrder(step, null) === null && pinOrder(step, spareCpu(host.model, step)) === null ? null : to;
}

/** Guest cells as they were placed, and the page size in use. */
function frozen({ spec, placement }: RunningGuest): Partial<GuestSpec> {
  const sizes = new Set(placement.cells.map(cell => cell.pageSizeKiB));
  const [size] = sizes;
  return sizes.size === 1 && size !== undefined && size !== null
    ? { pageSize: size }
    : { pageSize: spec.pageSize };
}
