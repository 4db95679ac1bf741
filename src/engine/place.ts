import type { GuestSpec } from '../domain/guest-spec.ts';
import { fitCell } from './cell-fit.ts';
import { realtimeStarvesEmulator } from './emulator-cpus.ts';
import { guestNeed, type GuestNeed } from './guest-need.ts';
import type { HostModel } from './host-model.ts';
import { deviceDemands, type DeviceDemand } from './place-devices.ts';
import { joinablePoolCpu, staticEmulatorCpu } from './place-emulator.ts';
import type { Missing } from './place-memory.ts';
import { searchBest, compareFound, type Found } from './search.ts';

/** A guest placed: which host cells, and which of them carries its emulator and iothread CPUs. */
export interface Placed {
  readonly guest: GuestNeed;
  readonly found: Found;
  readonly runnerUp: Found | null;
  /** Guest cell on whose host cell the CPUs of emulator and iothreads are taken; -1 when none are. */
  readonly carrier: number;
}

/** A guest that does not fit: the pairs that were tried. */
export interface NotPlaced {
  readonly guest: GuestNeed;
  readonly demands: readonly DeviceDemand[];
  /** Packed costs by guest cell and host cell; Infinity = does not fit. */
  readonly costs: Float64Array;
  readonly carries: boolean;
}

/** A guest with its place, or what is known of why it has none. */
export type PlaceResult =
  | { readonly ok: true; readonly placed: Placed }
  | { readonly ok: false; readonly not: NotPlaced };

/**
 * Places a guest: fills the table of pair costs and searches the best assignment (`anyWill`: the first that fits).
 *
 * CPUs of emulator and iothreads come from the host cell of guest cell 0; from another one's only when
 * otherwise nothing fits, or when an emulator can join a pool there and would open a new pool CPU on the first.
 */
export function placeCells(model: HostModel, spec: GuestSpec, anyWill = false): PlaceResult {
  const guest = guestNeed(model, spec);
  const demands = spec.devices.length === 0 ? NO_DEMANDS : deviceDemands(spec);
  const rows = guest.cells.length;
  const carries = guest.emulatorCpu || guest.iothreadCpus > 0;
  const costs = pairCosts(model, guest, {
    carrier: false,
    first: 0,
    last: carries && rows === 1 ? -1 : rows - 1,
  });
  const pinFull =
    spec.emulator === 'isolate' && model.emulatorPins.length > 0 && staticEmulatorCpu(model, [0]) < 0;
  const blocked = pinFull || realtimeStarvesEmulator(model, spec) || hostMemoryShort(model, guest);
  if (rows > model.cells.length || blocked) return { ok: false, not: { guest, demands, costs, carries } };
  if (!carries) {
    const result = searchBest({ model, costs, rows, demands, anyWill });
    return result === null
      ? { ok: false, not: { guest, demands, costs, carries } }
      : { ok: true, placed: { guest, found: result.best, runnerUp: result.runnerUp, carrier: -1 } };
  }
  return placeWithCarrier(model, { guest, demands, costs, carries }, anyWill);
}

const NO_DEMANDS: readonly DeviceDemand[] = [];

function placeWithCarrier(model: HostModel, question: NotPlaced, anyWill: boolean): PlaceResult {
  const { guest, demands, costs } = question;
  const rows = guest.cells.length;
  const n = model.cells.length;
  let best: Placed | null = null;
  for (let carrier = 0; carrier < rows; carrier += 1) {
    const table = costs.slice();
    table.set(
      pairCosts(model, guest, { carrier: true, first: carrier, last: carrier }).subarray(
        carrier * n,
        (carrier + 1) * n,
      ),
      carrier * n,
    );
    const result = searchBest({ model, costs: table, rows, demands, anyWill });
    if (result === null) continue;
    if (best === null || compareFound(result.best, best.found) < 0)
      best = { guest, found: result.best, runnerUp: result.runnerUp, carrier };
    if (anyWill || !canJoinBetter(model, best)) break;
  }
  if (best !== null) return { ok: true, placed: best };
  if (rows === 1) costs.set(pairCosts(model, guest, { carrier: true, first: 0, last: 0 }));
  return { ok: false, not: question };
}

/** Whether the emulator opens a new pool CPU although some cell has one that it could join. */
function canJoinBetter(model: HostModel, best: Placed): boolean {
  if (!best.guest.emulatorCpu || model.policy.emulatorRatio <= 1) return false;
  const host = model.cells[best.found.hosts[best.carrier]!]!;
  return (
    joinablePoolCpu(model, host, best.guest) < 0 &&
    model.cells.some(cell => joinablePoolCpu(model, cell, best.guest) >= 0)
  );
}

/** Costs of the rows `first` to `last`; equal guest cells are asked once. */
function pairCosts(
  model: HostModel,
  guest: GuestNeed,
  which: { readonly carrier: boolean; readonly first: number; readonly last: number },
): Float64Array {
  const n = model.cells.length;
  const costs = new Float64Array(guest.cells.length * n);
  const missing: Missing = { constraint: 'memory', needed: 0, available: 0 };
  for (let row = which.first; row <= which.last; row += 1) {
    const only = guest.spec.hostCells?.[row] ?? null;
    const same = guest.sameAs[row]!;
    if (guest.spec.hostCells === undefined && same < row && same >= which.first) {
      costs.copyWithin(row * n, same * n, (same + 1) * n);
      continue;
    }
    const ask = {
      guest,
      need: guest.cells[row]!,
      carrier: which.carrier,
      scratch: model.scratch,
      missing,
      explain: false,
    };
    for (let column = 0; column < n; column += 1) {
      const cell = model.cells[column]!;
      const barred = only !== null && !only.includes(cell.id);
      costs[row * n + column] = barred ? Infinity : fitCell(model, cell, ask);
    }
  }
  return costs;
}

/** Whether base-size memory asked for by name or by default would eat what is reserved for the host. */
export function hostMemoryShort(model: HostModel, guest: GuestNeed): boolean {
  return model.policy.reservedMemoryMiB > 0 && baseMemoryMiB(model, guest) > model.spareMiB;
}

/** MiB that the guest certainly takes from base pages. */
export function baseMemoryMiB(model: HostModel, guest: GuestNeed): number {
  const size = guest.spec.pageSize;
  const base = size === null || size === 'small' || size === model.cells[0]?.pools[0]?.sizeKiB;
  return guest.cells.reduce((sum, cell) => sum + (base ? cell.memoryMiB : 0) + cell.overheadMiB, 0);
}
