import type { PageSizeWish } from '../../domain/guest-spec.ts';
import { parseCpuList } from '../../domain/cpu-list.ts';
import type { CellModel } from '../cell-model.ts';
import { guestNeed } from '../guest-need.ts';
import type { HostModel } from '../host-model.ts';
import type { RunningGuest } from '../running-host.ts';
import type { GuestSpec } from '../../domain/guest-spec.ts';

/**
 * What is counted per host cell: dedicated CPUs, shared vCPUs, then MiB of each page size, ascending. Counting is
 * all that the search for moves does; which CPUs and whether they are siblings is decided when a move is tried.
 */
export interface Resources {
  readonly cells: number;
  /** Numbers per cell. */
  readonly width: number;
  /** Page sizes in KiB; the first is the base size. Empty = page pools unknown, memory is one number. */
  readonly pageSizes: readonly number[];
}

const CPUS = 0;
const SHARED = 1;
const MEMORY = 2;

/** One guest cell: what it takes from the host cell that it lies on. */
export interface Part {
  /** By resource. */
  readonly need: readonly number[];
  readonly memoryMiB: number;
}

/** The resources of a host. */
export function resourcesOf(model: HostModel): Resources {
  const sizes = new Set(model.cells.flatMap(cell => cell.pools.map(pool => pool.sizeKiB)));
  const pageSizes = [...sizes].sort((a, b) => a - b);
  return { cells: model.cells.length, width: MEMORY + Math.max(1, pageSizes.length), pageSizes };
}

/** What is free now: `free[cell * width + resource]`, never negative; Infinity where nothing is known or counted. */
export function freeNow(model: HostModel, resources: Resources): Float64Array {
  const free = new Float64Array(resources.cells * resources.width);
  model.cells.forEach((cell, index) => {
    const at = index * resources.width;
    free[at + CPUS] = cell.cores.freeTotal;
    free[at + SHARED] = sharedSlots(model, cell);
    if (cell.pools.length === 0)
      free[at + MEMORY] = cell.memoryMiB === null ? Infinity : Math.max(0, cell.memoryMiB - cell.claimedMiB);
    for (const pool of cell.pools)
      free[at + MEMORY + resources.pageSizes.indexOf(pool.sizeKiB)] = (pool.available * pool.sizeKiB) / 1024;
  });
  return free;
}

/** Shared vCPUs that the cell may still take; not counted where dedicated guests take from the same CPUs. */
function sharedSlots(model: HostModel, cell: CellModel): number {
  if (cell.cpus.intersect(model.policy.shared).intersects(model.policy.dedicated)) return Infinity;
  return Math.max(0, Math.floor(cell.floatingSize * model.policy.cpuRatio) - cell.sharedVcpus);
}

/** What each guest cell of a running guest holds, in the order of its placement. */
export function partsOf(model: HostModel, resources: Resources, guest: RunningGuest): readonly Part[] {
  return guest.placement.cells.map(placed => {
    const held = guest.claim.cells.filter(cell => cell.hostCell === placed.hostCell);
    const need = new Array<number>(resources.width).fill(0);
    for (const cell of held) {
      const cpus = parseCpuList(cell.pcpus).intersect(model.policy.dedicated);
      need[CPUS]! += sharesPoolCpu(model, guest)
        ? cpus.minus(parseCpuList(guest.placement.emulator.cpus)).size
        : cpus.size;
      need[SHARED]! += cell.sharedVcpus;
      const size = cell.pageSizeKiB ?? baseSize(model, placed.hostCell);
      need[MEMORY + Math.max(0, resources.pageSizes.indexOf(size))]! += cell.memoryMiB;
    }
    return { need, memoryMiB: placed.memoryMiB };
  });
}

/** Whether the emulator's CPU stays taken when the guest goes, because others use it too. */
function sharesPoolCpu(model: HostModel, { placement }: RunningGuest): boolean {
  if (placement.emulator.policy !== 'isolate') return false;
  return (model.usage.poolCpus.get(Number(placement.emulator.cpus))?.guests ?? 0) > 1;
}

function baseSize(model: HostModel, cellId: number): number {
  return model.cells.find(cell => cell.id === cellId)?.pools[0]?.sizeKiB ?? 0;
}

/**
 * What each guest cell of a newcomer needs, once for each page size that would do. The CPU of its emulator is
 * counted on the first guest cell.
 */
export function newcomerParts(
  model: HostModel,
  resources: Resources,
  spec: GuestSpec,
): readonly (readonly Part[])[] {
  const guest = guestNeed(model, spec);
  const threads = Math.max(1, ...model.cells.map(cell => Math.max(0, ...cell.cores.usable)));
  const burns = guest.wish.threads === 'isolate' ? threads : 1;
  const joins = guest.emulatorCpu && model.policy.emulatorRatio > 1;
  const overcommits = spec.pageSize === null && spec.cpuPolicy !== 'dedicated' && spec.cpuPolicy !== 'mixed';
  return memorySlots(resources, spec.pageSize).map(slot =>
    guest.cells.map((cell, row) => {
      const need = new Array<number>(resources.width).fill(0);
      const extras = row === 0 ? guest.iothreadCpus + (guest.emulatorCpu && !joins ? 1 : 0) : 0;
      need[CPUS] = (cell.dedicated + extras) * burns;
      need[SHARED] = cell.shared;
      if (!overcommits) need[slot]! += cell.memoryMiB;
      need[MEMORY]! += cell.overheadMiB;
      return { need, memoryMiB: cell.memoryMiB };
    }),
  );
}

/** Resources that the memory may come from, the biggest pages first. */
function memorySlots({ pageSizes }: Resources, wish: PageSizeWish | null): readonly number[] {
  if (wish === null || wish === 'small' || pageSizes.length === 0) return [MEMORY];
  const slots = pageSizes.map((_, index) => MEMORY + index).reverse();
  if (wish === 'any') return slots;
  if (wish === 'large') return slots.slice(0, -1);
  return slots.filter(slot => pageSizes[slot - MEMORY] === wish);
}
